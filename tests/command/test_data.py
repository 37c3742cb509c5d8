"""Digests of declared data: content counts, and what is not there is an error before anything runs."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedwise.basics import file_digests
from seedwise.basics.errors import UserError
from seedwise.trainers.command.data import data_digests
from tests.command.projects import put


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "project"
    put(folder, "train.py")
    put(folder, "data/corpus.txt", "abc")
    put(folder, "data/shards/0/a.bin", "0")
    put(folder, "data/shards/1/a.bin", "1")
    put(tmp_path, "shared/valid.txt", "xyz")
    return folder


@pytest.mark.parametrize(
    ("entry", "file"),
    [
        ("data/corpus.txt", "data/corpus.txt"),
        ("data", "data/corpus.txt"),
        ("data/", "data/shards/0/a.bin"),
        ("data/*.txt", "data/corpus.txt"),
        ("data/**/*.bin", "data/shards/1/a.bin"),
        ("data/shards/*", "data/shards/1/a.bin"),
        ("../shared", "../shared/valid.txt"),
        ("../*/valid.txt", "../shared/valid.txt"),
        ("{parent}/shared/valid.txt", "../shared/valid.txt"),
        ("{parent}/sha*/*", "../shared/valid.txt"),
    ],
)
def test_a_change_of_content_or_of_names_changes_the_digest(folder, tmp_path, entry, file):
    entry, cache = entry.format(parent=folder.parent), tmp_path / "cache.json"
    before = data_digests(folder, [entry, "train.py"], cache)
    assert before == data_digests(folder, [entry, "train.py"], cache) == data_digests(folder, [entry, "train.py"])
    assert list(before) == [entry, "train.py"]
    put(folder, file, "changed")
    after = data_digests(folder, [entry, "train.py"], cache)
    assert after[entry] != before[entry]
    assert after["train.py"] == before["train.py"]


def test_one_more_file_changes_a_folder_and_a_pattern_but_a_hidden_one_does_not(folder):
    before = data_digests(folder, ["data", "data/*"])
    put(folder, "data/.DS_Store")
    assert data_digests(folder, ["data", "data/*"]) == before
    put(folder, "data/more.txt")
    after = data_digests(folder, ["data", "data/*"])
    assert after["data"] != before["data"]
    assert after["data/*"] != before["data/*"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    put(folder, "data/a[1].txt", "a")
    before = data_digests(folder, ["data/a[1].txt"])
    put(folder, "data/a[1].txt", "b")
    assert data_digests(folder, ["data/a[1].txt"]) != before


def test_large_data_are_not_read_at_every_start(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(file_digests, "_TICK", 0)
    cache = tmp_path / "cache.json"
    before = data_digests(folder, ["data", "data/*"], cache)
    monkeypatch.setattr(file_digests, "sha256", lambda file: pytest.fail(f"read {file}"))
    assert data_digests(folder, ["data", "data/*"], cache) == before


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("data/corpus.tx", 'found "data/corpus.tx", which is not there; did you mean "data/corpus.txt"?'),
        ("corpus.txt", 'found "corpus.txt", which is not there; did you mean "data/corpus.txt"?'),
        ("zzz", 'found "zzz", which is not there (.*/project/zzz)'),
        ("data/*.csv", 'found "data/*.csv", which matches no file'),
        ("empty", 'found "empty", a folder without files; put the data there before the first run'),
        ("broken", 'found "broken", a link to /nowhere, which is not there'),
        (".", 'found ".", which holds the program itself; name the files of the data'),
        ("..", 'found "..", which holds the program itself; name the files of the data'),
    ],
)
def test_data_that_are_not_there_are_an_error(folder, entry, message):
    (folder / "empty").mkdir()
    (folder / "broken").symlink_to("/nowhere")
    pattern = re.escape(f"command.data: {message}").replace(r"\.\*/project", ".*/project")
    with pytest.raises(UserError, match=pattern):
        data_digests(folder, ["train.py", entry])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.dictionaries(st.sampled_from(["a", "b/c", "b/d", "e f"]), st.binary(max_size=4), min_size=1))
def test_equal_data_in_two_places_have_one_digest(tmp_path_factory, contents):
    places = [tmp_path_factory.mktemp("data") for _ in range(2)]
    for place in places:
        for name, content in contents.items():
            put(place, f"data/{name}").write_bytes(content)
    first, second = (data_digests(place, ["data", "data/**"]) for place in places)
    assert first == second
