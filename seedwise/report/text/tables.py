"""The tables of a report in Markdown, for results.md and, turned into HTML, for page.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seedwise.report.digits import EFFECT
from seedwise.report.model import Report
from seedwise.report.text.format import MISSING, code, confidence_percent, escape, level, markdown_table, p_cell
from seedwise.report.text.sentences import TESTS, UNCERTAIN_GAP, too_uncertain, verdict_word
from seedwise.statistics.power import MAX_SEEDS
from seedwise.statistics.spending import last_level

UNCERTAIN = "too uncertain"
ROUGH = 5
"""With so few seeds a standard deviation is rough: the 95 % interval of σ spans a factor of 5 and more."""


def setup_table(setup: Mapping[str, str]) -> str:
    """What was run; empty where that is not known."""
    rows = [[escape(key), escape(value)] for key, value in setup.items()]
    return markdown_table(["Setting", "Value"], rows) if rows else ""


def variants_table(report: Report) -> str:
    """Every variant with its name and what it changes."""
    rows = [
        [
            report.escaped[variant.name],
            code(variant.name),
            "the baseline" if variant.name == report.plan.baseline else code(variant.changes),
        ]
        for variant in report.variants
    ]
    return markdown_table(["Variant", "Name", "Differs from the baseline in"], rows)


def means_table(report: Report) -> str:
    """Each variant on its own: mean, intervals, spread."""
    confidence, digits = confidence_percent(report.plan.confidence), report.digits
    rows = [
        [
            report.escaped[row.variant],
            digits.number(row.mean),
            digits.number(row.std),
            digits.interval(row.t_low, row.t_high),
            digits.interval(row.ci_low, row.ci_high),
            str(row.n),
        ]
        for row in report.summary_rows
    ]
    header = ["Variant", "Mean", "Std", f"{confidence} t interval", f"{confidence} bootstrap CI", "n"]
    return markdown_table(header, rows, numeric=(1, 2, 5))


def comparisons_table(report: Report) -> str:
    """Each variant against the baseline."""
    one_sided = report.plan.non_inferiority_margin is not None
    rows = [
        [
            report.escaped[row.variant],
            report.digits.signed(row.difference),
            report.digits.interval(row.ci_low, row.ci_high) if row.judged else MISSING,
            *([report.digits.number(row.non_inferiority_low) if row.judged else MISSING] * one_sided),
            p_cell(row.p) if row.judged else MISSING,
            EFFECT.number(row.hedges_g),
            p_cell(row.permutation_p),
            f"{row.wins:g} of {row.pairs:g}" if row.wins is not None and row.pairs else MISSING,
            verdict_word(row.verdict, report.wording.exploratory) + _in_brackets(row.marks),
        ]
        for row in report.comparison_rows
    ]
    at_once = " (all at once)" if report.plan.variance == "pooled" and len(rows) > 1 else ""
    interval = f"{confidence_percent(report.deciding.confidence)} CI{at_once}"
    lower = ["Corrected lower end" if report.family > 1 else "Lower end"] * one_sided
    header = ["Variant", "Difference", interval, *lower, report.p_name, "Hedges' g", "Permutation p", "Wins", "Verdict"]
    return markdown_table(header, rows, numeric=(1, *range(3, 6 + one_sided)))


def _in_brackets(words: Sequence[str]) -> str:
    return f" ({', '.join(words)})" if words else ""


def limits_table(report: Report) -> str:
    """What these seeds can detect beside what was observed, and how many seeds would be enough."""
    rows = [
        [
            report.escaped[row.variant],
            report.digits.signed(row.difference),
            report.digits.number(row.detectable_difference),
            UNCERTAIN if too_uncertain(row, report.plan.margin) else seeds_cell(row.seeds_needed),
            seeds_cell(row.seeds_for_equivalence),
        ]
        for row in report.comparison_rows
    ]
    plan = report.plan
    target = "to detect the observed one" if plan.margin is None else "to detect the margin"
    if plan.non_inferiority_margin is not None:
        target = "to show non-inferiority"
    header = [
        "Variant",
        "Observed difference",
        "Detectable difference",
        f"Seeds {target}",
        "Seeds to show equivalence",
    ]
    shown = len(header) if plan.equivalence_margin is not None else len(header) - 1
    return markdown_table(header[:shown], [row[:shown] for row in rows], numeric=range(1, shown))


def planning_note(report: Report) -> str:
    """What the table of limits promises, and for what."""
    plan, count = report.deciding, report.family
    test = TESTS[report.comparison_rows[0].test]
    corrected = f", corrected for {count} comparisons" if count > 1 else ""
    strictest = " The correction is taken at its strictest: where other variants differ too, fewer seeds are enough."
    enough = strictest if report.p_name == "Holm p" else ""
    last = last_level(report.plan)
    later = f" Seeds: at the level of the last look, {level(last)}." if last else ""
    target = report.wording.the_margin if plan.margin is not None else "the observed one, which is itself uncertain"
    if any(too_uncertain(row, plan.margin) for row in report.comparison_rows):
        target += f" (“{UNCERTAIN}”: at p above {UNCERTAIN_GAP} it says nothing about the true one)"
    few = min((min(row.n, row.n_baseline) for row in report.comparison_rows if row.judged), default=0)
    rough = f" With {few} seeds these are rough, and so is all of this." if few <= ROUGH else ""
    equal = ""
    if plan.equivalence_margin is not None:
        equal = " Equivalence: of variants that do not differ, within the margin."
    if plan.non_inferiority_margin is not None:
        equal = (
            " Both hold for non-inferiority as well: variants that are as good as the baseline are shown to be "
            "non-inferior with as many seeds, and by these runs within a margin of the detectable difference."
        )
    return (
        f"All of this is for a power of 80% of {test} at the {level(plan.alpha)} level{corrected}, if the standard "
        f"deviations seen here are the true ones.{enough} Detectable: the true difference that these runs would show. "
        f"Seeds: per variant, if the true difference is {target}.{later}{equal}{rough}"
    )


def seeds_cell(seeds: float | None) -> str:
    """How many seeds per variant would be enough."""
    if seeds is None:
        return MISSING
    if seeds >= MAX_SEEDS:
        return f"{MAX_SEEDS} or more"
    return f"{seeds:.0f}" if seeds < 100 else f"about {float(f'{seeds:.2g}'):.0f}"


def new_test_set_table(report: Report) -> str:
    """What new test examples would change; empty where that is not known."""
    confidence, digits = confidence_percent(report.plan.confidence), report.digits
    rows = [
        [
            report.escaped[line.variant],
            digits.interval(line.low, line.high),
            digits.interval(line.both_low, line.both_high),
        ]
        for line in report.test_set
    ]
    header = ["Variant", f"New test set, same seeds ({confidence} CI)", f"New test set and new seeds ({confidence} CI)"]
    return markdown_table(header, rows) if rows else ""


def plan_table(report: Report) -> str:
    """Everything that decides a verdict."""
    rows = [[code(key), "not set" if value is None else code(value)] for key, value in report.declared]
    return markdown_table(["Decided beforehand" if report.declared_first else "Given", "Value"], rows)


def runs_table(report: Report) -> str:
    """Every run with its metrics, the compared one with all the digits of runs.csv."""
    columns = report.metric_columns
    rows = [
        [
            report.escaped[run.variant],
            escape(str(run.seed)),
            run.status,
            *(cell.shown for cell in run.cells[: len(columns)]),
        ]
        for run in report.run_rows
    ]
    header = ["Variant", "Seed", "Status", *map(code, columns)]
    return markdown_table(header, rows, numeric=(1, *range(3, len(header))))
