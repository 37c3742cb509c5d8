"""Tables for papers, as LaTeX (booktabs) and CSV, and the study's outcome in one line for a commit or a chat."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from seedwise.basics.names import visible
from seedwise.basics.words import capital, enumerate_words, quantity
from seedwise.report.digits import EFFECT, Digits
from seedwise.report.model import Report
from seedwise.report.rows import ComparisonRow
from seedwise.report.text.format import MISSING, confidence_percent, p_cell
from seedwise.report.text.sentences import CLAIMED_BY_NAME, TESTS, VERDICT_WORDS, evidence, verdict_word
from seedwise.report.wording import Wording
from seedwise.statistics.verdict import CLAIMS, Verdict

LISTED = 3
P = Digits(6)
"""For p values in a table that programs read."""
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
    "`": r"\textasciigrave{}",
    "\0": "{}",
}
_LIGATURE = re.compile(r"(?<=-)-|(?<=')'|(?<=,),")
"""The second of two characters that TeX would set as one."""


def paper_files(report: Report, folder: Path) -> dict[Path, str]:
    """Return the tables for papers and the line for a commit or a chat, by the file in which each belongs."""
    files = {
        "tables/results.csv": paper_csv(report),
        "tables/results.tex": results_tex(report),
        "summary.txt": summary_line(report) + "\n",
    }
    if report.comparison_rows:
        files["tables/comparisons.tex"] = comparisons_tex(report)
    return {folder / name: text for name, text in files.items()}


def tex(text: str) -> str:
    """A name as literal text of LaTeX."""
    apart = _LIGATURE.sub("\0\\g<0>", visible(" ".join(text.split())))
    return "".join(_TEX.get(character, character) for character in apart)


def results_tex(report: Report) -> str:
    """The table of means as a LaTeX table environment."""
    confidence, digits = tex(confidence_percent(report.plan.confidence)), report.digits
    rows = [
        [
            tex(report.labels[row.variant]),
            _math(digits.number(row.mean)),
            _math(digits.number(row.std)),
            _math(digits.interval(row.t_low, row.t_high)),
            _math(digits.interval(row.ci_low, row.ci_high)),
            str(row.n),
        ]
        for row in report.summary_rows
    ]
    caption = (
        f"{tex(capital(report.metric))} ({report.wording.direction}) over $n$ seeds. Std: standard deviation between "
        f"seeds. Intervals of the mean: {confidence} Student's t, and {confidence} percentile bootstrap."
    )
    if lost := sum(row.n_diverged for row in report.summary_rows):
        caption += f" {quantity(lost, 'run')} diverged and {'is' if lost == 1 else 'are'} not in the means."
    if any(row.std == 0 for row in report.summary_rows):
        caption += " Where all runs agree there is no spread, and so no interval."
    header = ["Variant", "Mean", "Std", "t interval", "Bootstrap", "$n$"]
    return _environment(caption, f"tab:{_study(report)}-results", "lrrllr", header, rows)


def comparisons_tex(report: Report) -> str:
    """The table of differences from the baseline as a LaTeX table environment."""
    confidence, comparisons = tex(confidence_percent(report.deciding.confidence)), report.comparison_rows
    rows = [
        [
            tex(report.labels[row.variant]),
            _math(report.digits.signed(row.difference)),
            _math(report.digits.interval(row.ci_low, row.ci_high)),
            _math(p_cell(row.p)),
            _math(EFFECT.number(row.hedges_g)),
            VERDICT_WORDS[Verdict(row.verdict)],
        ]
        for row in comparisons
    ]
    test = TESTS[comparisons[0].test] if comparisons and comparisons[0].test in TESTS else "no test"
    correction = ", $p$ corrected by Holm" if report.p_name == "Holm p" else ""
    caption = (
        f"Difference from {tex(report.labels[report.plan.baseline])} in {tex(report.metric)} (positive is better) "
        f"with {confidence} confidence interval ({test}{correction}). $g$: Hedges' effect size."
    )
    if report.plan.non_inferiority_margin is not None:
        end = _math(report.wording.minus_margin)
        caption += f" Non-inferior: the lower end of the interval, at the corrected level, lies above {end}."
    if report.exploratory:
        caption += " Exploratory: no verdict confirms anything; the report says why."
    header = ["Variant", r"$\Delta$", f"{confidence} CI", "$p$", "$g$", "Verdict"]
    return _environment(caption, f"tab:{_study(report)}-comparisons", "lrlrrl", header, rows)


def paper_csv(report: Report) -> str:
    """One row per variant with rounded numbers; the exact ones are in summary.csv and comparisons.csv."""
    by_variant, digits = {row.variant: row for row in report.comparison_rows}, report.digits
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["variant", "n", "mean", "std", "t_low", "t_high", "difference", "ci_low", "ci_high", "p", "verdict"]
    )
    for row in report.summary_rows:
        interval = (None, None) if row.std == 0 else (row.t_low, row.t_high)
        own = [_cell(value, digits) for value in (row.mean, row.std, *interval)]
        if compared := by_variant.get(row.variant):
            difference = [_cell(value, digits) for value in (compared.difference, compared.ci_low, compared.ci_high)]
            difference += [_cell(compared.p, P), compared.verdict]
        else:
            difference = [""] * 4 + ["baseline" if report.comparison_rows else ""]
        writer.writerow([report.labels[row.variant], row.n, *own, *difference])
    return stream.getvalue()


def summary_line(report: Report) -> str:
    """The outcome in one line; evidence is given where few variants are compared."""
    labels, comparisons, digits = report.labels, report.comparison_rows, report.digits
    sizes = sorted({row.n for row in report.summary_rows})
    seeds = quantity(sizes[0], "seed") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} seeds"
    if not comparisons:
        outcome = "; ".join(
            labels[row.variant]
            + f" {digits.number(row.mean)}"
            + (" without a spread" if row.std == 0 else "" if row.std is None else f" ± {digits.number(row.std)}")
            for row in report.summary_rows
        )
    elif len(comparisons) <= LISTED:
        verdicts = [verdict_word(row.verdict, report.wording.exploratory) for row in comparisons]
        outcome = "; ".join(
            f"{labels[row.variant]} {verdict}{_evidence(row, report.wording)}"
            for row, verdict in zip(comparisons, verdicts, strict=True)
        )
    else:
        outcome = _counted(report)
        outcome = f"EXPLORATORY {outcome}" if report.exploratory else outcome
    against = f" vs {labels[report.plan.baseline]}" if comparisons else ""
    line = f"{_study(report)}: {outcome}; {report.metric}{against}, {seeds}"
    return visible(re.sub(r"\s+", " ", line))


def _study(report: Report) -> str:
    return report.study or "results"


def _evidence(row: ComparisonRow, wording: Wording) -> str:
    if not row.judged:
        return ""
    marks = f"{', '.join(row.marks)}; " if row.marks else ""
    return f" ({marks}{evidence(row, wording).removeprefix('(')}"


def _counted(report: Report) -> str:
    groups = {
        verdict: [report.labels[row.variant] for row in report.comparison_rows if row.verdict == verdict]
        for verdict in Verdict
    }
    counted = ", ".join(
        f"{len(group)} {verdict}"
        + (f" ({enumerate_words(group)})" if verdict in CLAIMS and len(group) <= CLAIMED_BY_NAME else "")
        for verdict, group in groups.items()
        if group
    )
    marked: dict[str, list[str]] = {}
    for row in report.comparison_rows:
        for mark in row.marks:
            marked.setdefault(mark, []).append(report.labels[row.variant])
    weak = [
        f"{mark}: {enumerate_words(names) if len(names) <= LISTED else quantity(len(names), 'variant')}"
        for mark, names in marked.items()
    ]
    return "; ".join([counted, *weak])


def _cell(value: float | None, digits: Digits) -> str:
    return "" if value is None else digits.ascii(value)


def _math(cell: str) -> str:
    """A number or an interval in math mode, with powers of ten written as such."""
    if cell == MISSING:
        return "---"
    body = re.sub(r"e([+-])0*(\d+)", _power, cell.replace("−", "-"))
    return f"${body}$"


def _power(exponent: re.Match[str]) -> str:
    sign = "-" if exponent[1] == "-" else ""
    return rf" \times 10^{{{sign}{exponent[2]}}}"


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
