"""The direction of a metric, where its name says it."""

from __future__ import annotations

import pytest

from seedwise.runs.direction import higher_is_better

UP = [
    "accuracy",
    "test_acc",
    "acc@1",
    "acc1",
    "F1",
    "f1_macro",
    "val/AUC",
    "val/score",
    "episodic_return",
    "mean reward",
    "score",
]
DOWN = [
    "latency_ms",
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
    "latency",
]
DOWN += ["brier_score", "FPR"]
UNCLEAR = ["width", "value", "metric", "accuracy_loss", "glossary", "accumulated", "x", "1", ""]
UNCLEAR += [
    "neg_log_loss",
    "neg_mean_squared_error",
    "negLoss",
    "loss_improvement",
    "1 - accuracy",
    "-loss",
    "score_std",
    "time_to_accuracy",
    "steps_at_accuracy",
    "cost_per_success",
    "toxicity_score",
    "z-score",
    "attack_success_rate",
    "fpr_at_95_recall",
    "loss_ratio",
    "acc_stderr",
    "accuracy_rank",
    "error_recovery_rate",
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [*((name, True) for name in UP), *((name, False) for name in DOWN), *((name, None) for name in UNCLEAR)],
)
def test_only_words_that_leave_no_doubt_count(name, expected):
    assert higher_is_better(name) is expected
