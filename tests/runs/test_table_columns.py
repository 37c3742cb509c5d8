"""The columns of a table of runs that are metrics."""

from __future__ import annotations

from seedwise.runs.record import run_columns
from seedwise.runs.table import metric_columns
from seedwise.trainers.image_classifier.metrics import METRIC_NAMES
from tests.runs.test_record import record


def test_the_metrics_of_our_own_table_are_what_the_trainer_declares():
    found = metric_columns(run_columns([record()]))
    assert [name for name in found if name != "precision"] == list(METRIC_NAMES)  # which is text, and so is no metric


def test_a_metric_may_have_any_name_and_keeps_its_position():
    columns = ["variant", "seed", "status", "eval/f1", "return", "Epochs to 90%", "seconds", "source_run", "new_digest"]
    assert metric_columns(columns) == ["eval/f1", "return", "Epochs to 90%"]
