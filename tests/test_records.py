"""Run records: written whole, checked when read, laid out as a tidy table."""

import pandas as pd
import pytest

from seedwise.runs.record import (
    METRICS,
    Provenance,
    RecordError,
    RunRecord,
    Sizes,
    Timing,
    read_record,
    tabulate,
    write_record,
)


def record(variant="baseline", seed=0, status="finished", accuracy=0.9):
    metrics = dict.fromkeys(METRICS, accuracy) if status == "finished" else dict.fromkeys(METRICS)
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


def test_a_record_comes_back_as_it_was_written(tmp_path):
    write_record(tmp_path / "runs/a/seed0/metrics.json", record(accuracy=1 / 3))
    assert read_record(tmp_path / "runs/a/seed0/metrics.json") == record(accuracy=1 / 3)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file"),
        ('{"schema_version": 1, "study"', "not a run record"),
        ('{"schema_version": 1}', r"not a run record \(study: Field required\)"),
        (record().model_dump_json().replace('"finished"', '"great"'), r"not a run record \(status: "),
        (record().model_dump_json().replace('"schema_version":1', '"schema_version":9'), r"\(schema_version: "),
    ],
)
def test_a_bad_record_is_named_with_the_remedy(tmp_path, content, complaint):
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RecordError, match=rf"metrics\.json: .*{complaint}.*; delete .* and run the study again"):
        read_record(path)


def test_the_table_has_a_row_a_run_and_full_precision(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(tabulate([record(accuracy=0.1 + 0.2), record(seed=1, status="diverged")]))
    table = pd.read_csv(path)
    assert table["test_accuracy"][0] == 0.1 + 0.2
    assert pd.isna(table["test_accuracy"][1])
    assert table["status"].tolist() == ["finished", "diverged"]
    assert table["hardware"][0] == "CPU, of a kind"
    assert table.columns[:4].tolist() == ["variant", "seed", "status", "test_accuracy"]
