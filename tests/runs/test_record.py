"""Run records: written atomically, validated when read, and combined into a tidy table."""

import json
from dataclasses import asdict, replace

import pandas as pd
import pytest

from seedwise.runs.record import (
    Provenance,
    RecordError,
    RunRecord,
    Sizes,
    Timing,
    read_record,
    tabulate,
    write_record,
)
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES


def record(variant="baseline", seed=0, status="finished", accuracy=0.9):
    metrics = dict.fromkeys(METRIC_NAMES, accuracy) if status == "finished" else dict.fromkeys(METRIC_NAMES)
    return RunRecord(
        study="s",
        variant=variant,
        seed=seed,
        status=status,
        metrics=metrics,
        epochs=3,
        settings={"training": {"epochs": 3}},
        sizes=Sizes(train=540, validation=60, test=300, parameters=98442),
        provenance=Provenance(
            commit="abc",
            dirty=False,
            versions={"torch": "2"},
            hardware="CPU, of a kind",
            device="cpu",
            precision="fp32",
            threads=1,
            settings_digest="s" * 12,
            code_digest="c" * 12,
            data_digest="d" * 16,
        ),
        timing=Timing(total=12.345, imports=1, data=1, train=8, evaluate=1, tracking=1),
    )


def as_json(made):
    return json.dumps(asdict(made))


def test_a_record_is_read_as_it_was_written(tmp_path):
    write_record(tmp_path / "runs/a/seed0/metrics.json", record(accuracy=1 / 3))
    assert replace(read_record(tmp_path / "runs/a/seed0/metrics.json"), digest=None) == record(accuracy=1 / 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file"),
        ('{"schema_version": 1, "study"', "not a run record"),
        ('{"schema_version": 1}', r"not a run record \(study: Field required\)"),
        (as_json(record()).replace('"finished"', '"great"'), r"not a run record \(status: "),
        (as_json(record()).replace('"schema_version": 1', '"schema_version": 9'), r"\(schema_version: "),
    ],
)
def test_a_bad_record_is_named_with_the_remedy(tmp_path, content, complaint):
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RecordError, match=rf"metrics\.json: .*{complaint}.*; delete .* and run the study again"):
        read_record(path)


def test_the_table_has_one_row_per_run_and_full_precision(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(tabulate([record(accuracy=0.1 + 0.2), record(seed=1, status="diverged")]))
    table = pd.read_csv(path)
    assert table["test_accuracy"][0] == 0.1 + 0.2
    assert pd.isna(table["test_accuracy"][1])
    assert table["status"].tolist() == ["finished", "diverged"]
    assert table["hardware"][0] == "CPU, of a kind"
    assert table.columns[:5].tolist() == ["variant", "seed", "status", "reason", "test_accuracy"]


def test_the_table_has_the_reason_and_the_numbers_of_a_diverged_run(tmp_path):
    lost = replace(record(), status="diverged", reason='at chance, "0.1"\nor so')
    path = tmp_path / "runs.csv"
    path.write_text(tabulate([lost, record(seed=1)]))
    assert len(path.read_text().splitlines()) == 3
    table = pd.read_csv(path)
    assert table["reason"][0] == 'at chance, "0.1" or so'
    assert pd.isna(table["reason"][1])
    assert table["test_accuracy"].tolist() == [0.9, 0.9]


def test_the_table_has_every_metric_that_any_record_has():
    other = replace(record(seed=1), metrics={"f1": 0.5, "test_loss": 1.5})
    header, first, second = tabulate([record(), other]).splitlines()
    columns = header.split(",")
    assert columns[:10] == ["variant", "seed", "status", "reason", *METRIC_NAMES, "f1"]
    assert dict(zip(columns, first.split(","), strict=False))["f1"] == ""
    assert dict(zip(columns, second.split(","), strict=False))["f1"] == "0.5"
    assert dict(zip(columns, second.split(","), strict=False))["test_accuracy"] == ""


def test_a_record_without_the_digest_of_what_made_its_data_can_be_read(tmp_path):
    old = asdict(record())
    del old["provenance"]["data"], old["reason"]
    (tmp_path / "metrics.json").write_text(json.dumps(old))
    assert read_record(tmp_path / "metrics.json") == record()
