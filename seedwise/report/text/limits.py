"""What a report says about its limits: what these runs leave open, and which runs were lost."""

from __future__ import annotations

from collections.abc import Sequence

from seedwise.basics.words import enumerate_words, quantity
from seedwise.report.model import RunRow
from seedwise.report.rows import ComparisonRow, SummaryRow
from seedwise.report.text import sentences
from seedwise.report.text.format import escape
from seedwise.report.wording import Wording
from seedwise.statistics.verdict import Verdict

MOST_LISTED = 10
"""Number of lines that name lost runs, and of seeds in each."""
LONGEST_REASON = 200
"""Characters of a reason; an error message may be much longer."""


def limit_lines(comparisons: Sequence[ComparisonRow], wording: Wording, described: bool) -> list[str]:
    """Sentences on what these runs leave open; `described` says whether the report describes what was run."""
    groups = {verdict: [row for row in comparisons if row.verdict == verdict] for verdict in Verdict}
    undecided = groups[Verdict.NOT_SUPPORTED]
    lines = []
    if undecided:
        who = enumerate_words([wording.names[row.variant] for row in undecided])
        baseline = wording.names[undecided[0].baseline]
        are, either = ("is", "it is") if len(undecided) == 1 else ("are", "they are")
        claim = f"That {who} {are} equal to {baseline}."
        if wording.plan.non_inferiority_margin is not None:
            claim = f"That {who} {are} more than {wording.margin} worse than {baseline}, or that {either} not."
        lines.append(f"{claim} {sentences.not_equality(undecided, wording)}")
    for verdict, missing in sentences.WHY_UNJUDGED.items():
        if groups[verdict]:
            who = enumerate_words([wording.names[row.variant] for row in groups[verdict]])
            lines.append(f"Anything about {who} against the baseline: {missing}.")
    for row in comparisons:
        if row.hangs_on_lost_runs:
            variant, baseline = wording.names[row.variant], wording.names[row.baseline]
            lines.append(
                f"What {variant} is worth against {baseline} if its lost runs count: the verdict hangs on them."
            )
    other = "other datasets, other test examples, or" if wording.test_set else "other data or"
    lines.append(
        f"Anything about {other} other settings than those {'above' if described else 'behind these scores'}: "
        "within a variant, only the seed varied."
    )
    return lines


def failure_lines(summaries: Sequence[SummaryRow], wording: Wording) -> list[str]:
    """One line for all variants that failed equally often."""
    groups: dict[tuple[int, int, int, float | None], list[str]] = {}
    for row in summaries:
        key = (row.n_diverged, row.n_failed, row.n + row.n_diverged, row.diverged_rate_high)
        groups.setdefault(key, []).append(wording.names[row.variant])
    lines = []
    for (diverged, failed, ended, rate_high), variants in groups.items():
        each = " each" if len(variants) > 1 else ""
        if failed and not ended:
            how = f"{'all ' if failed > 1 else ''}{quantity(failed, 'run')} failed, but did not diverge."
        else:
            how = sentences.diverged_sentence(diverged, ended, rate_high)
            how += f" {quantity(failed, 'run')} failed for another reason." if failed else ""
        lines.append(f"{enumerate_words(variants)}{each}: {how}")
    return lines


def lost_run_lines(runs: Sequence[RunRow], wording: Wording) -> list[str]:
    """Which runs were lost and why: one line for all of a variant that have the same reason."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for run in runs:
        if run.lost:
            groups.setdefault((run.variant, run.status, run.reason), []).append(escape(str(run.seed)))
    lines = [
        f"{wording.names[variant]} {_named_seeds(seeds)} {status}: {_reason(reason)}"
        for (variant, status, reason), seeds in list(groups.items())[:MOST_LISTED]
    ]
    if more := sum(len(seeds) for seeds in list(groups.values())[MOST_LISTED:]):
        lines.append(f"And {more} more, {'which is' if more == 1 else 'which are'} in the table of all runs.")
    if any(run.lost and run.value is not None for run in runs):
        lines.append(
            f"The {wording.metric} that a lost run has is in the table of all runs; no mean or interval includes it."
        )
    return lines


def _named_seeds(seeds: Sequence[str]) -> str:
    more = len(seeds) - MOST_LISTED
    named = [*seeds[:MOST_LISTED], f"{more} more"] if more > 0 else seeds
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {enumerate_words(named)}"


def _reason(reason: str) -> str:
    text = " ".join(reason.split())
    if not text:
        return "no reason is recorded."
    return escape(text[:LONGEST_REASON].rstrip(". ")) + ("…" if len(text) > LONGEST_REASON else ".")
