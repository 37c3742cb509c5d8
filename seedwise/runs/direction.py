"""Which way of a metric is better, as far as its name says."""

from __future__ import annotations

import re

HIGHER = re.compile(
    r"acc|accuracy|auc|auroc|auprc|bleu|chrf|correct|dice|f1|iou|mcc|mrr|ndcg|precision|psnr|recall|returns?|rewards?|rouge"
    r"|score|ssim|success"
)
LOWER = re.compile(
    r"bpb|bpc|cer|err|errors?|fid|latency|latencies|loss|losses|mae|mape|mse|nll|perplexity|ppl|regret|rmse|wer"
)
TURNS = re.compile(
    r"neg|negated|negative|minus|inv|inverse|inverted|gains?|improvements?|reductions?|drops?|decrease|increase|changes?"
    r"|delta|diff|difference|gap|free|std|stdev|var|variance"
)
"""Words after or before which a value may mean the opposite, such as `neg_log_loss` of scikit-learn."""
_WORD = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+(?![a-z])\d*")


def higher_is_better(name: str) -> bool | None:
    """Return whether a higher value is better; None where the name does not say, or says both.

    A name is read word by word, without a number at its end: `val_loss`, `valLoss` and `loss2` are losses;
    `accuracy_loss` is ambiguous, and so are `neg_log_loss` and `1 - accuracy`.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if "-" in name.lstrip("0123456789. ")[:1] or any(TURNS.fullmatch(word) for word in words):
        return None
    words += [word.rstrip("0123456789") for word in words]
    up, down = (any(kind.fullmatch(word) for word in words) for kind in (HIGHER, LOWER))
    return None if up == down else up
