"""results.md: the report of a study as GitHub Markdown. The same data give the same text, byte for byte."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
import pandas as pd

from seedwise.analysis.looks import Look
from seedwise.basics.words import capital
from seedwise.plan import Plan
from seedwise.report.rows import Comparison, VariantSummary, is_missing, read_rows
from seedwise.report.text import captions, limits, sentences
from seedwise.report.text.answers import headline, question, runs_line, short_answers
from seedwise.report.text.details import comparison_text, evidence_note, evidence_table
from seedwise.report.text.factorial_section import factorial_section
from seedwise.report.text.format import MISSING, code, escape, interval, markdown_table, number, p_cell, percent, signed
from seedwise.report.text.look_section import level, look_paragraph
from seedwise.report.text.randomness_section import sources_section

RUN_COLUMNS = ("test_accuracy", "test_loss", "validation_accuracy", "validation_loss", "train_loss")


@dataclass(frozen=True)
class ReportVariant:
    """A variant as the reader meets it; `changes` says what differs from the baseline, e.g. `model.dropout = 0.2`."""

    name: str
    label: str
    changes: str


@dataclass(frozen=True)
class NewTestSet:
    """Interval of one variant's difference for new test sets (`low`, `high`), and for new seeds as well (`both_*`)."""

    variant: str
    low: float | None
    high: float | None
    both_low: float | None
    both_high: float | None


@dataclass(frozen=True)
class ReportInput:
    """Everything that results.md says.

    `exploratory` lists why the verdicts are exploratory and is empty when they confirm; `commands` are shell lines that
    reproduce the study. Paths in `figures` are relative to results.md; its keys are means, differences and power.
    `study` is None for a table of results that no study made: `config_file` is that table, and setup, changes, commit
    and versions are unknown and left out.
    `sources` is sources.csv, in studies whose variants differ in what varies, `effects` is
    effects.csv, in factorial studies. At a look, `seeds` are those so far and
    `planned_seeds` those of the last look. `pulled`: the runs were recorded elsewhere.
    """

    title: str
    study: str | None
    config_file: str
    plan: Plan
    plan_hash: str
    exploratory: Sequence[str]
    setup: Mapping[str, str]
    variants: Sequence[ReportVariant]
    seeds: Sequence[int | str]
    runs: pd.DataFrame
    summary: pd.DataFrame
    comparisons: pd.DataFrame
    warnings: Sequence[str]
    commands: Sequence[str]
    commit: str | None
    dirty: bool | None
    versions: Mapping[str, str]
    figures: Mapping[str, str] = field(default_factory=dict)
    test_set: Sequence[NewTestSet] = ()
    sources: pd.DataFrame | None = None
    effects: pd.DataFrame | None = None
    look: Look | None = None
    planned_seeds: Sequence[int] | None = None
    pulled: bool = False


def render_results(report: ReportInput) -> str:
    """Write results.md.

    Raises:
        KeyError: a table lacks a column, or names a variant that `variants` does not list.
        jinja2.UndefinedError: the template asks for something that is not given.
    """
    plan = report.plan
    deciding = plan.at_level(report.look.nominal_alpha) if report.look else plan
    names = {variant.name: f"**{escape(variant.label)}**" for variant in report.variants}
    labels = {variant.name: variant.label for variant in report.variants}
    plain = {variant.name: escape(variant.label) for variant in report.variants}
    summaries = read_rows(VariantSummary, report.summary)
    comparisons = read_rows(Comparison, report.comparisons)
    by_name = {row.variant: row for row in summaries}
    exploratory = bool(report.exploratory)
    sections = [
        {
            "label": plain[c.variant],
            "verdict": sentences.verdict_word(c.verdict, exploratory),
            "html_label": html.escape(labels[c.variant]),
            "text": comparison_text(c, by_name, names, deciding, exploratory),
            "evidence": evidence_table(c, deciding, len(comparisons)),
            "note": evidence_note(c),
        }
        for c in comparisons
    ]
    return _template().render(
        title=escape(report.title),
        origin=_origin(report),
        plan_declared=plan_declared(report),
        runs_file="`runs.csv`" if report.study else code(report.config_file),
        plan_hash=code(report.plan_hash),
        question=question(comparisons, names, plan),
        declared=_declared_when(report),
        runs_line=runs_and_seeds(report),
        answers=short_answers(summaries, comparisons, names, deciding, exploratory, next_look(report.look)),
        headline=capital(headline(comparisons, plain, exploratory)),
        departed=sentences.DEPARTED,
        new_test_set=_new_test_set(report),
        confidence=percent(plan.confidence),
        bottom_line=sentences.bottom_line(summaries, comparisons, names, deciding, exploratory),
        look=look_paragraph(report.look, names) if report.look else "",
        exploratory=[escape(reason) for reason in report.exploratory],
        setup_table=_pairs("Setting", report.setup) if report.setup else "",
        variants_table=_variants_table(report, plain),
        results_table=results_table(summaries, plain, plan),
        percentile_worth=sentences.percentile_worth(summaries, names, plan),
        sources=sources_section(report.sources, names, plain, plan) if report.sources is not None else None,
        effects=factorial_section(report.effects, deciding, exploratory) if report.effects is not None else None,
        figures=report.figures,
        margin_declared=plan.margin is not None,
        means_caption=captions.means_caption(
            plan, [row.n for row in summaries], any(row.n_diverged for row in summaries)
        ),
        differences_caption=captions.differences_caption(deciding, len(comparisons)),
        power_caption=captions.power_caption(deciding),
        curves_caption=captions.curves_caption(plan),
        pairing_caption=captions.pairing_caption(plan),
        sections=sections,
        several=len(sections) > 1,
        alpha=level(deciding.alpha) if report.look else number(plan.alpha, 2),
        comparisons_table=_comparisons_table(comparisons, plain, deciding, exploratory),
        limits=limits.limit_lines(comparisons, names, described=bool(report.setup)),
        limits_table=limits.limits_table(comparisons, plain),
        test_set_table=_test_set_table(report, plain),
        warnings=[escape(warning) for warning in report.warnings],
        failures=limits.failure_lines(summaries, names),
        plan_table=_plan_table(report),
        paper=bool(report.study),
        runs_table=_runs_table(report, plain),
        commands=report.commands,
        provenance=_provenance(report),
    )


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # Markdown, not HTML: what a user wrote is escaped by `escape` and `code`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("results.md.j2")


def _origin(report: ReportInput) -> str:
    if report.study is None:
        return f"From the table {code(report.config_file)}"
    return f"Study {code(report.study)} from {code(report.config_file)}"


def _declared_when(report: ReportInput) -> str:
    if report.study is None:
        return (
            f"How this is decided was given on the command line ([plan](#the-declared-plan) {code(report.plan_hash)})."
        )
    if report.exploratory or report.pulled:
        return f"[The plan](#the-declared-plan) {code(report.plan_hash)} says how this is decided."
    return (
        "How to decide was written down before results existed: [the declared plan](#the-declared-plan) "
        f"{code(report.plan_hash)}."
    )


def runs_and_seeds(report: ReportInput) -> str:
    """How many runs there are, how they ended, and which seeds they have."""
    seeds = ", ".join(str(seed) for seed in report.seeds)
    planned = len(report.planned_seeds or report.seeds)
    line = runs_line([str(status) for status in report.runs["status"]], len(report.variants), planned)
    return f"{line} {'Seeds' if len(report.seeds) > 1 else 'Seed'}: {seeds}."


def next_look(look: Look | None) -> int | None:
    """Seeds per variant of the next declared look, if one is due."""
    return look.looks[look.number] if look and look.decision == "go on" else None


def _new_test_set(report: ReportInput) -> str:
    """Where the report says what new test examples would change, if it does."""
    if report.test_set:
        return ", not about new test examples: for these see [below](#would-a-new-test-set-change-this)"
    return " and testing on the same examples, not about new test examples"


def plan_declared(report: ReportInput) -> str:
    """Say of a plan whether it was there before the results, as far as that is known; its hash follows."""
    if report.study is None:
        return (
            "Given on the command line; a table cannot show whether that was before the results were seen. Its hash is"
        )
    if report.pulled:
        return "From the config; runs recorded elsewhere cannot show whether it is older than they are. Its hash is"
    if report.exploratory:
        return "Not all of this was as it was declared before results existed: see the top. Its hash is"
    return "Written down before results existed; its hash is"


def _pairs(title: str, pairs: Mapping[str, str]) -> str:
    return markdown_table([title, "Value"], [[escape(key), escape(value)] for key, value in pairs.items()])


def _variants_table(report: ReportInput, plain: Mapping[str, str]) -> str:
    rows = [
        [plain[v.name], code(v.name), "the baseline" if v.name == report.plan.baseline else code(v.changes)]
        for v in report.variants
    ]
    return markdown_table(["Variant", "Name", "Differs from the baseline in"], rows)


def results_table(summaries: Sequence[VariantSummary], plain: Mapping[str, str], plan: Plan) -> str:
    """Each variant on its own: mean, intervals, spread."""
    confidence = percent(plan.confidence)
    rows = [
        [
            plain[row.variant],
            number(row.mean),
            interval(row.ci_low, row.ci_high),
            number(row.std),
            interval(row.t_low, row.t_high),
            str(row.n),
        ]
        for row in summaries
    ]
    header = ["Variant", "Mean", f"{confidence} CI", "Std", f"{confidence} t interval", "n"]
    return markdown_table(header, rows, numeric=(1, 3, 5))


def _comparisons_table(
    comparisons: Sequence[Comparison], plain: Mapping[str, str], plan: Plan, exploratory: bool
) -> str:
    rows = [
        [
            plain[c.variant],
            signed(c.difference),
            interval(c.ci_low, c.ci_high),
            p_cell(c.p_value if c.test == "dunnett" else c.p_holm),
            number(c.hedges_g, 2),
            p_cell(c.permutation_p),
            f"{c.wins:g} of {c.pairs:g}" if c.wins is not None and c.pairs else MISSING,
            sentences.verdict_word(c.verdict, exploratory)
            + (" (fragile)" if c.fragile and sentences.is_claim(c) else ""),
        ]
        for c in comparisons
    ]
    p_name = "Dunnett p" if any(c.test == "dunnett" for c in comparisons) else "Holm p"
    ci_name = f"{percent(plan.confidence)} CI"
    header = ["Variant", "Difference", ci_name, p_name, "Hedges' g", "Permutation p", "Wins", "Verdict"]
    return markdown_table(header, rows, numeric=(1, 3, 4, 5))


def _test_set_table(report: ReportInput, plain: Mapping[str, str]) -> str:
    confidence = percent(report.plan.confidence)
    rows = [
        [plain[line.variant], interval(line.low, line.high), interval(line.both_low, line.both_high)]
        for line in report.test_set
    ]
    header = ["Variant", f"New test set, same seeds ({confidence} CI)", f"New test set and new seeds ({confidence} CI)"]
    return markdown_table(header, rows) if rows else ""


def _plan_table(report: ReportInput) -> str:
    known = report.study and not (report.exploratory or report.pulled)
    title = "Decided beforehand" if known else "Given"
    declared = {**report.plan.model_dump(mode="json"), "seeds": list(report.planned_seeds or report.seeds)}
    rows = [[code(key), _declared(value)] for key, value in declared.items()]
    return markdown_table([title, "Value"], rows)


def _declared(value: object) -> str:
    if value is None:
        return "not declared"
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _runs_table(report: ReportInput, plain: Mapping[str, str]) -> str:
    """Every run with the compared metric exactly as in runs.csv, and the other metrics rounded."""
    runs, metric = report.runs, report.plan.metric
    others = [column for column in RUN_COLUMNS if column in runs and column != metric and runs[column].notna().any()]
    rows = [
        [
            plain[run["variant"]],
            str(run["seed"]),
            str(run["status"]),
            MISSING if is_missing(run[metric]) else repr(float(run[metric])),
            *(MISSING if is_missing(run[column]) else number(float(run[column])) for column in others),
        ]
        for run in runs.to_dict("records")
    ]
    header = ["Variant", "Seed", "Status", code(metric), *(code(column) for column in others)]
    return markdown_table(header, rows, numeric=(1, *range(3, len(header))))


def _provenance(report: ReportInput) -> str:
    if report.study is None:
        return ""
    changed = ", with uncommitted changes" if report.dirty else ""
    commit = f"Commit {code(report.commit)}{changed}." if report.commit else "Not made from a git commit."
    versions = ", ".join(f"{escape(name)} {escape(version)}" for name, version in report.versions.items())
    return f"{commit} Versions: {versions}." if versions else commit
