"""What a report says about its limits: what these runs leave open, and which runs were lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seedwise.basics.words import enumerate_words, quantity
from seedwise.report.rows import Comparison, VariantSummary
from seedwise.report.text import sentences
from seedwise.report.text.details import seeds_needed_cell
from seedwise.report.text.format import markdown_table, number, signed
from seedwise.statistics.verdict import Verdict


def limit_lines(comparisons: Sequence[Comparison], names: Mapping[str, str], described: bool) -> list[str]:
    """Sentences on what these runs leave open; `described` says whether the report tells what was trained."""
    groups = {verdict: [c for c in comparisons if c.verdict == verdict] for verdict in Verdict}
    undecided = groups[Verdict.NOT_SUPPORTED]
    lines = []
    if undecided:
        who = enumerate_words([names[c.variant] for c in undecided])
        baseline = names[undecided[0].baseline]
        equal = "is equal" if len(undecided) == 1 else "are equal"
        lines.append(f"That {who} {equal} to {baseline}. {sentences.not_equality(undecided)}")
    for verdict, missing in ((Verdict.TOO_FEW_SEEDS, "too few seeds"), (Verdict.UNDEFINED, "no usable noise estimate")):
        if groups[verdict]:
            who = enumerate_words([names[c.variant] for c in groups[verdict]])
            lines.append(f"Anything about {who} against the baseline: {missing}.")
    lines.append(
        "Anything about other datasets, other test examples, or other hyperparameters than those "
        f"{'above' if described else 'behind these scores'}: the seeds varied, nothing else did."
    )
    return lines


def limits_table(comparisons: Sequence[Comparison], plain: Mapping[str, str]) -> str:
    """What these seeds can detect beside what was observed, and how many seeds would be enough."""
    rows = [
        [plain[c.variant], signed(c.difference), number(c.detectable_difference), seeds_needed_cell(c)]
        for c in comparisons
    ]
    header = ["Variant", "Observed difference", "Detectable difference (80% of the time)", "Seeds needed per variant"]
    return markdown_table(header, rows, numeric=(1, 2, 3))


def failure_lines(summaries: Sequence[VariantSummary], names: Mapping[str, str]) -> list[str]:
    """One line for all variants that failed equally often."""
    groups: dict[tuple[int, int, int, float | None], list[str]] = {}
    for row in summaries:
        key = (row.n_diverged, row.n_failed, row.n + row.n_diverged, row.diverged_rate_high)
        groups.setdefault(key, []).append(names[row.variant])
    lines = []
    for (diverged, failed, trained, rate_high), variants in groups.items():
        each = " each" if len(variants) > 1 else ""
        line = f"{enumerate_words(variants)}{each}: {sentences.diverged_sentence(diverged, trained, rate_high)}"
        lines.append(line + (f" {quantity(failed, 'run')} failed for another reason." if failed else ""))
    return lines
