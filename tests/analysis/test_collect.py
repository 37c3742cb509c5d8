"""Collecting run records: each has to fit, or all that do not are named at once with one remedy."""

import json
import shlex
from dataclasses import replace

import numpy as np
import pytest

from seedwise.analysis.collect import collect_records
from seedwise.basics.errors import UserError
from seedwise.config.study import Study
from seedwise.config.study_file import Expected, StudyFile
from seedwise.runs.data_card import DataCard, write_card
from seedwise.runs.record import write_record
from tests.runs.test_record import record

CODE, DATA, CONTENT = "c" * 12, "e" * 12, "d" * 16


@pytest.fixture
def asked(tmp_path):
    study = Study.model_validate(
        {
            "study": "s",
            "title": "A study",
            "variants": [{"name": "baseline"}, {"name": "dropout", "set": {"model.dropout": 0.2}}],
            "seeds": [0, 1],
            "analysis": {"baseline": "baseline"},
        }
    )
    card = tmp_path / "card.json"
    write_card(card, DataCard(content=CONTENT, made_of=DATA, counts={"test": 4}))
    expected = {
        variant.name: Expected(settings=study.settings(variant.name).digest(), code=CODE, data=DATA)
        for variant in study.variants
    }
    return StudyFile(study=study, config="config.yaml", seeds=study.seeds, expected=expected, card=str(card))


@pytest.fixture
def folder(asked, tmp_path):
    """A finished study: three of four predictions are right in every run."""
    for run in asked.runs():
        made = record(run.variant, run.seed, accuracy=0.75)
        digests = {"settings_digest": asked.expected[run.variant].settings, "code_digest": CODE, "data": DATA}
        origin = replace(made.provenance, **digests, data_digest=CONTENT)
        settings = json.loads(asked.study.settings(run.variant).canonical())
        path = asked.study.record_path(*run, tmp_path)
        path.parent.mkdir(parents=True)
        path.with_name("history.csv").write_text("epoch\n1\n")
        np.savez(path.with_name("predictions.npz"), correct=np.array([True, True, False, True]))
        write_record(path, replace(made, provenance=origin, settings=settings))
    return tmp_path / "s"


def path_of(folder, variant="baseline", seed=0):
    return folder / f"runs/{variant}/seed{seed}/metrics.json"


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def refused(asked, folder):
    with pytest.raises(UserError) as caught:
        collect_records(asked, folder)
    return str(caught.value)


def test_records_that_fit_are_collected_in_the_order_of_the_study(asked, folder):
    found = collect_records(asked, folder)
    assert [(one.variant, one.seed) for one in found] == [
        *(("baseline", 0), ("baseline", 1)),
        *(("dropout", 0), ("dropout", 1)),
    ]


def test_all_that_do_not_fit_are_named_at_once_with_one_remedy(asked, folder):
    change(path_of(folder), study="another")
    path_of(folder, seed=1).write_bytes('{"study"'.encode("utf-16"))
    path_of(folder, "dropout").unlink()
    np.savez(path_of(folder, "dropout", 1).with_name("predictions.npz"), correct=np.array([True, False]))
    said = refused(asked, folder).splitlines()
    assert said[0] == "4 run records of study s cannot be used, so nothing is collected:"
    assert said[1:5] == [
        f"  {path_of(folder)}: its study is another, not s",
        f"  {path_of(folder, seed=1)}: it is not a run record",
        f"  {path_of(folder, 'dropout')}: it is missing",
        f"  {path_of(folder, 'dropout', 1)}: its test_accuracy is 0.75, but the mean of its scores is 0.5",
    ]
    there = [path_of(folder), path_of(folder, seed=1), path_of(folder, "dropout", 1)]
    assert shlex.split(said[-1]) == ["rm", *map(str, there)]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", b"\x00" * 100])
def test_scores_that_cannot_be_read_are_named(asked, folder, damage):
    path_of(folder).with_name("predictions.npz").write_bytes(damage)
    assert f"{path_of(folder)}: predictions.npz: no readable scores (" in refused(asked, folder)


@pytest.mark.parametrize("key", ["epochs", "metrics", "settings", "provenance", "timing", "sizes", "status"])
def test_a_record_without_a_key_is_none(asked, folder, key):
    found = json.loads(path_of(folder).read_text())
    del found[key]
    path_of(folder).write_text(json.dumps(found))
    assert f"{path_of(folder)}: it is not a run record" in refused(asked, folder)


def test_a_finished_run_has_every_metric(asked, folder):
    change(path_of(folder), metrics={"test_accuracy": 0.75})
    assert "it has no test_loss" in refused(asked, folder)


def test_a_metric_that_is_not_defined_is_no_misfit(asked, folder):
    metrics = json.loads(path_of(folder).read_text())["metrics"]
    change(path_of(folder), metrics=metrics | {"test_loss": None}, digest=None)
    assert collect_records(asked, folder)[0].metrics["test_loss"] is None


def test_data_that_were_made_of_something_else_are_no_fit(asked, folder):
    for key, value in (("data", None), ("data", "0" * 12), ("data_digest", "0" * 16)):
        text = path_of(folder).read_text()
        change(path_of(folder), provenance=json.loads(text)["provenance"] | {key: value})
        assert "it was made with different data" in refused(asked, folder)
        path_of(folder).write_text(text)


def test_a_study_file_that_was_edited_or_torn_is_written_again(asked, tmp_path):
    from seedwise.config.study_file import read_study_file, write_study_file

    path = write_study_file(tmp_path, asked)
    whole = path.read_text()
    path.write_text(whole[:100])
    with pytest.raises(UserError, match="not a study file"):
        read_study_file(path)
    assert write_study_file(tmp_path, asked) == path
    assert path.read_text() == whole
