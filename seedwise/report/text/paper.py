"""Tables for papers, as LaTeX (booktabs) and CSV, and the study's outcome in one line for a commit or a chat."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from seedwise.basics.words import capital, enumerate_words, quantity
from seedwise.plan import Plan
from seedwise.report.rows import Comparison, VariantSummary
from seedwise.report.text.format import DECIMALS, MISSING, interval, number, p_cell, p_value, percent, signed
from seedwise.report.text.sentences import TESTS, direction_words, is_claim, metric_words, verdict_word
from seedwise.statistics.verdict import Verdict

LISTED = 3
_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "[": "{[}",  # after a line's end it would begin an option, as an asterisk would
    "*": "{*}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "−": "$-$",
    "×": r"$\times$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "→": r"$\rightarrow$",
}


def tex(text: str) -> str:
    """A name as literal text of LaTeX."""
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))


def results_tex(study: str, summaries: Sequence[VariantSummary], labels: Mapping[str, str], plan: Plan) -> str:
    """The table of means as a LaTeX table environment."""
    confidence = tex(percent(plan.confidence))
    rows = [
        [
            tex(labels[row.variant]),
            _math(number(row.mean)),
            _math(number(row.std)),
            _math(interval(row.t_low, row.t_high)),
            _math(interval(row.ci_low, row.ci_high)),
            str(row.n),
        ]
        for row in summaries
    ]
    caption = (
        f"{tex(capital(metric_words(plan)))} ({direction_words(plan)}) over $n$ seeds. Std: standard deviation between "
        f"seeds. Intervals of the mean: {confidence} Student's t, and {confidence} percentile bootstrap."
    )
    if lost := sum(row.n_diverged for row in summaries):
        caption += f" {quantity(lost, 'run')} diverged and {'is' if lost == 1 else 'are'} not in the means."
    header = ["Variant", "Mean", "Std", "t interval", "Bootstrap", "$n$"]
    return _environment(caption, f"tab:{study}-results", "lrrllr", header, rows)


def comparisons_tex(
    study: str, comparisons: Sequence[Comparison], labels: Mapping[str, str], plan: Plan, exploratory: bool
) -> str:
    """The table of differences from the baseline as a LaTeX table environment."""
    confidence = tex(percent(plan.confidence))
    rows = [
        [
            tex(labels[c.variant]),
            _math(signed(c.difference)),
            _math(interval(c.ci_low, c.ci_high)),
            _math(p_cell(_corrected_p(c))),
            _math(number(c.hedges_g, 2)),
            tex(_words(c.verdict)),
        ]
        for c in comparisons
    ]
    test = TESTS[comparisons[0].test] if comparisons and comparisons[0].test in TESTS else "no test"
    correction = "" if comparisons and comparisons[0].test == "dunnett" else ", $p$ corrected by Holm"
    caption = (
        f"Difference from {tex(labels[plan.baseline])} in {tex(metric_words(plan))} (positive is better) "
        f"with {confidence} confidence interval ({test}{correction}). $g$: Hedges' effect size."
    )
    if exploratory:
        caption += " Exploratory: no verdict confirms anything; the report says why."
    header = ["Variant", r"$\Delta$", f"{confidence} CI", "$p$", "$g$", "Verdict"]
    return _environment(caption, f"tab:{study}-comparisons", "lrlrrl", header, rows)


def paper_csv(summaries: Sequence[VariantSummary], comparisons: Sequence[Comparison], labels: Mapping[str, str]) -> str:
    """One row a variant with rounded numbers; the exact ones are in summary.csv and comparisons.csv."""
    by_variant = {c.variant: c for c in comparisons}
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["variant", "n", "mean", "std", "t_low", "t_high", "difference", "ci_low", "ci_high", "p", "verdict"]
    )
    for row in summaries:
        cells = [labels[row.variant], row.n, *map(_rounded, (row.mean, row.std, row.t_low, row.t_high))]
        if c := by_variant.get(row.variant):
            cells += [*map(_rounded, (c.difference, c.ci_low, c.ci_high)), _rounded(_corrected_p(c), 6), c.verdict]
        else:
            cells += [""] * 4 + ["baseline" if comparisons else ""]
        writer.writerow(cells)
    return stream.getvalue()


def summary_line(
    study: str,
    summaries: Sequence[VariantSummary],
    comparisons: Sequence[Comparison],
    labels: Mapping[str, str],
    plan: Plan,
    exploratory: bool,
) -> str:
    """The outcome in one line; evidence is given where few variants are compared."""
    sizes = sorted({row.n for row in summaries})
    seeds = quantity(sizes[0], "seed") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} seeds"
    if not comparisons:
        outcome = "; ".join(f"{labels[row.variant]} {number(row.mean)} ± {number(row.std)}" for row in summaries)
    elif len(comparisons) <= LISTED:
        outcome = "; ".join(
            f"{labels[c.variant]} {verdict_word(c.verdict, exploratory)}{_evidence(c)}" for c in comparisons
        )
    else:
        outcome = _counted(comparisons, labels)
        outcome = f"EXPLORATORY {outcome}" if exploratory else outcome
    against = f" vs {labels[plan.baseline]}" if comparisons else ""
    line = f"{study}: {outcome}; {metric_words(plan)}{against}, {seeds}"
    return re.sub(r"\s+", " ", line)


def _evidence(c: Comparison) -> str:
    if not is_claim(c):
        return ""
    return f" (Δ = {signed(c.difference)} {interval(c.ci_low, c.ci_high)}, p {p_value(_corrected_p(c))})"


def _counted(comparisons: Sequence[Comparison], labels: Mapping[str, str]) -> str:
    groups = {verdict: [labels[c.variant] for c in comparisons if c.verdict == verdict] for verdict in Verdict}
    named = (Verdict.BETTER, Verdict.WORSE, Verdict.EQUIVALENT)
    return ", ".join(
        f"{len(group)} {verdict}" + (f" ({enumerate_words(group)})" if verdict in named else "")
        for verdict, group in groups.items()
        if group
    )


def _corrected_p(c: Comparison) -> float | None:
    return c.p_value if c.test == "dunnett" else c.p_holm


def _words(verdict: str) -> str:
    return verdict.replace("_", " ").lower()


def _rounded(value: float | None, decimals: int = DECIMALS) -> str:
    return "" if value is None else f"{round(value, decimals) + 0.0:.{decimals}f}"


def _math(cell: str) -> str:
    return "---" if cell == MISSING else f"${cell.replace('−', '-')}$"


def _environment(caption: str, label: str, columns: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    body = "\n".join("    " + " & ".join(row) + r" \\" for row in rows)
    return "\n".join(
        [
            r"% Needs \usepackage{booktabs}.",
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{caption}}}",
            rf"  \label{{{label}}}",
            rf"  \begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            "    " + " & ".join(header) + r" \\",
            r"    \midrule",
            body,
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )
