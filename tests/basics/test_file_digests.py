"""Digests of data folders: they depend on names and contents, and unchanged files are not read again."""

import os

import pytest

from seedwise.basics import file_digests
from seedwise.basics.file_digests import folder_digest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data/deep").mkdir(parents=True)
    (tmp_path / "data/a.bin").write_bytes(b"aaaa")
    (tmp_path / "data/deep/b.bin").write_bytes(b"bbbb")
    return tmp_path / "data"


def test_names_and_contents_change_a_digest(folder):
    before = folder_digest(folder)
    os.utime(folder / "a.bin", (0, 0))
    (folder / ".hidden").write_text("x")
    assert folder_digest(folder) == before
    (folder / "a.bin").write_bytes(b"aaab")
    changed = folder_digest(folder)
    (folder / "a.bin").write_bytes(b"aaaa")
    (folder / "a.bin").rename(folder / "c.bin")
    assert len({before, changed, folder_digest(folder)}) == 3


def test_only_changed_files_are_read_again(folder, tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(file_digests, "sha256", lambda file: read.append(file.name) or file.read_text())
    monkeypatch.setattr(file_digests, "_TICK", 0)
    cache = tmp_path / "cache.json"
    first = folder_digest(folder, cache)
    assert sorted(read) == ["a.bin", "b.bin"]
    assert folder_digest(folder, cache) == first
    assert len(read) == 2
    (folder / "a.bin").write_bytes(b"aaab")  # same length
    assert folder_digest(folder, cache) != first
    assert read[2:] == ["a.bin"]


def test_a_missing_file_has_the_digest_of_nothing(folder, tmp_path):
    assert folder_digest(folder / "a.bin") != folder_digest(folder / "deep/b.bin")
    (tmp_path / "empty").mkdir()
    assert folder_digest(tmp_path / "missing") == folder_digest(tmp_path / "empty")


def test_linked_folders_count_and_circles_end(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "c.bin").write_bytes(b"cccc")
    before = folder_digest(folder)
    (folder / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    linked = folder_digest(folder)
    (elsewhere / "c.bin").write_bytes(b"cccd")
    assert len({before, linked, folder_digest(folder)}) == 3


def test_a_file_that_may_still_change_within_its_time_is_read_again(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(file_digests, "_TICK", 10**12)  # the files are younger
    cache = tmp_path / "cache.json"
    before = folder_digest(folder, cache)
    monkeypatch.setattr(file_digests, "sha256", lambda file: "other")
    assert folder_digest(folder, cache) != before
