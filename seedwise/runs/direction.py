"""Which way of a metric is better, as far as its name says."""

from __future__ import annotations

import re

HIGHER = re.compile(
    r"acc|accuracy|auc|auroc|auprc|bleu|chrf|correct|dice|f1|iou|mcc|mrr|ndcg|precision|psnr|recall|returns?|rewards?|rouge"
    r"|ssim|success"
)
LOWER = re.compile(
    r"bpb|bpc|brier|cer|eer|err|errors?|fid|fnr|fpr|latency|latencies|loss|losses|mae|mape|mse|nll|perplexity|ppl|regret"
    r"|rmse|wer"
)
TURNS = re.compile(
    r"neg|negated|negative|minus|inv|inverse|inverted|gains?|improvements?|reductions?|drops?|decrease|increase|changes?"
    r"|delta|diff|difference|gap|free|false|wrong|std|stdev|stderr|sd|se|sem|var|variance|ci|ratio|ranks?|scale|weight|threshold|coef"
    r"|time|times|steps|epochs|iterations|cost|costs|to|until|attack|hacking|drawdown|code|correction|recovery|detection"
)
"""Words beside which a value may mean the opposite or something else, as in `neg_log_loss` or `time_to_accuracy`."""
SCORE = re.compile(r"scores?")
PLAIN = re.compile(
    r"train|training|val|valid|validation|test|eval|evaluation|dev|mean|avg|average|median|final|best|last|max|total"
    r"|overall|game|human|normali[sz]ed|raw|metrics?|summary"
)
"""Words beside which a score is one to raise; a `toxicity_score` is not, and of others nobody knows."""
_WORD = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+(?![a-z])\d*")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: val and acc of `val_acc` and of `valAcc`."""
    return [word.lower() for word in _WORD.findall(name)]


def higher_is_better(name: str) -> bool | None:
    """Return whether a higher value is better; None where the name does not say, or says both.

    A name is read word by word, without a number at its end: `val_loss`, `valLoss` and `loss2` are losses;
    `accuracy_loss` is ambiguous, and so are `neg_log_loss` and `1 - accuracy`.
    """
    words = words_of(name)
    if "-" in name.lstrip("0123456789. ")[:1] or any(TURNS.fullmatch(word) for word in words):
        return None
    if any(SCORE.fullmatch(word) for word in words) and all(
        SCORE.fullmatch(word) or PLAIN.fullmatch(word) for word in words
    ):
        return True
    words += [word.rstrip("0123456789") for word in words]
    up, down = (any(kind.fullmatch(word) for word in words) for kind in (HIGHER, LOWER))
    return None if up == down else up
