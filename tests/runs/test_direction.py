"""The direction of a metric, where its name says it."""

from __future__ import annotations

import pytest

from seedwise.runs.direction import higher_is_better

UP = ["accuracy", "test_acc", "acc@1", "acc1", "F1", "f1_macro", "val/AUC", "episodic_return", "mean reward", "score"]
DOWN = [
    "latency_ms",
    "latency",
    "test_loss",
    "valLoss",
    "loss2",
    "error_rate",
    "perplexity",
    "eval/ppl",
    "bpb",
    "RMSE",
    "MAE",
    "WER (%)",
]
UNCLEAR = ["width", "value", "metric", "accuracy_loss", "glossary", "accumulated", "x", "1", ""]
UNCLEAR += [
    "neg_log_loss",
    "neg_mean_squared_error",
    "negLoss",
    "loss_improvement",
    "1 - accuracy",
    "-loss",
    "score_std",
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [*((name, True) for name in UP), *((name, False) for name in DOWN), *((name, None) for name in UNCLEAR)],
)
def test_only_words_that_leave_no_doubt_count(name, expected):
    assert higher_is_better(name) is expected
