"""`seedwise analyse`: verdicts on any table of results, without a workflow or training."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.commands.parser import add_command
from seedwise.commands.table_flags import add_table_flags, refuse_unused, table_options

if TYPE_CHECKING:
    import pandas as pd

    from seedwise.analysis.result import Result
    from seedwise.plan import Plan
    from seedwise.report.model import Report
    from seedwise.sources.options import Options
    from seedwise.sources.tables.table import Table
    from seedwise.statistics.analysis import Analysis

DESCRIPTION = """\
Compare variants with a baseline. The table has one row per run, or per step of a run, in any file that a spreadsheet,
a tracker or a script writes; docs/tables.md has the rules. Prints the verdicts; --out also writes summary.csv,
comparisons.csv, figures/, results.md and page.html with all the evidence; --json prints the findings for programs."""
EXAMPLE = """\
examples:
  seedwise analyse results.csv --metric accuracy --baseline resnet --out report
  seedwise analyse runs.xlsx --metric val/acc --variant model,lr --baseline 'resnet (lr=0.1)'
  seedwise analyse 'logs/*/metrics.csv' --path-name 'logs/{variant}-s{seed}/metrics.csv' --metric f1 --baseline base

Choose everything that affects the verdicts (--baseline, --metric, --pairing, --variance, --margin, --confidence)
before the results are known."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    parser = add_command(
        commands, "analyse", "verdicts on a table of results", DESCRIPTION, EXAMPLE, aliases=["analyze"]
    )
    flags: list[str] = []

    def add(*names: str, **options: Any) -> None:
        flags.extend(name for name in names if name.startswith("-"))
        parser.add_argument(*names, **options)

    add("results", metavar="RESULTS", nargs="?", help="file, or pattern in quotes; - reads standard input")
    add("--metric", metavar="COLUMN", action="append", help="column to compare (required); further ones do not decide")
    add("--baseline", metavar="VARIANT", help="variant with which all others are compared (required)")
    add(
        "--pairing",
        choices=("none", "seed"),
        default="none",
        help="seed: compare runs with the same seed; default none",
    )
    add(
        "--variance",
        choices=("separate", "pooled"),
        default="separate",
        help="separate: Welch's t test with Holm's correction, the default; pooled: Dunnett's test",
    )
    add("--margin", type=float, help="smallest difference that matters; lets a verdict say EQUIVALENT")
    add("--confidence", type=float, default=0.95, help="confidence level of every interval; default 0.95")
    direction = parser.add_mutually_exclusive_group()
    for way, kind in (("higher", "a score such as an accuracy"), ("lower", "a loss or an error")):
        flag = f"--{way}-is-better"
        flags.append(flag)
        direction.add_argument(
            flag,
            dest="higher_is_better",
            action="store_const",
            const=way == "higher",
            help=f"the metric is {kind}; needed where its name does not say so",
        )
    add("--out", type=Path, metavar="DIR", help="folder for the tables, the figures, results.md and page.html")
    add("--json", action="store_true", help="print the findings as JSON instead of a table")
    add_table_flags(parser, flags)
    parser.set_defaults(run=run, flags=[*flags, "--help"])


def run(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """Print the verdicts, and write the report if --out is given; the report shows `command`, the command line.

    Raises:
        UserError: a mistake in the flags or in the table.
    """
    _check(arguments)
    from seedwise.analysis.result import analyse_table, findings_json
    from seedwise.report.text.terminal import verdict_table
    from seedwise.runs.direction import higher_is_better
    from seedwise.sources.evaluations.whole import as_evaluation
    from seedwise.sources.open import open_table
    from seedwise.sources.runs import read_runs

    metric = arguments.metric[0]
    given = arguments.higher_is_better
    options = table_options(arguments, higher_is_better(metric) if given is None else given)
    table = open_table(arguments.results, options)
    logged = table.evaluation.higher_is_better.get(metric) if table.evaluation else None
    assumed = given is None and logged is None
    higher = next((way for way in (given, logged) if way is not None), None)
    higher = _direction(metric) if higher is None else higher
    options = replace(as_evaluation(options, table), higher_is_better=higher)
    evaluation = options.sample == "examples" or (options.example is not None and options.sample is None)
    refuse_unused(arguments, evaluation=evaluation)
    if evaluation:
        return _evaluate(arguments, table, options, command, assumed=assumed)
    found = read_runs(table, options)
    notes = [*found.notes, *_contradiction(metric, arguments.higher_is_better)]
    plan = _plan(arguments, higher)
    name = _shown(arguments.results)
    results = analyse_table(name, found.runs, plan, notes, _further(arguments))
    written = ""
    if arguments.out is not None:
        datasets = _folders([result.dataset for result in results])
        metrics = _folders([result.plan.metric for result in results])
        for result in results:
            out = arguments.out / datasets[result.dataset]
            out = out / "secondary" / metrics[result.plan.metric] if result.secondary else out
            written += _write(out, _report(name, result, command, assumed=assumed), result.analysis)
    # Files are written first: the reader of the output, such as `head`, may close it early.
    if arguments.json:
        print(findings_json(name, plan, results))
        return 0
    for result in results:
        print("SECONDARY, decides nothing:\n" if result.secondary else "", end="")
        print(f"{result.dataset}:\n" if result.dataset else "", end="")
        said = assumed and not result.secondary
        print(verdict_table(result.analysis, result.plan, direction_assumed=said, notes=result.notes), end="\n\n")
    print(written, end="")
    return 0


def _plan(arguments: argparse.Namespace, higher_is_better: bool) -> Plan:
    from seedwise.plan import Plan

    return Plan(
        metric=arguments.metric[0],
        higher_is_better=higher_is_better,
        baseline=arguments.baseline,
        confidence=arguments.confidence,
        pairing=arguments.pairing,
        variance=arguments.variance,
        margin=arguments.margin,
    )


def _evaluate(
    arguments: argparse.Namespace, table: Table, options: Options, command: Sequence[str], *, assumed: bool
) -> int:
    """Analyse a table of answers, with the examples as the sample.

    Raises:
        UserError: a mistake in the flags or in the table.
    """
    for flag, given in (("--pairing", arguments.pairing != "none"), ("--variance", arguments.variance != "separate")):
        if given:
            raise UserError(f"{flag}: examples are always paired; remove it, or --example to compare runs")
    if len(arguments.metric) > 1:
        raise UserError("--metric: an evaluation has one score; analyse further ones by themselves")
    from seedwise.analysis.examples import analyse_examples
    from seedwise.analysis.result import evaluation_json
    from seedwise.report.examples import report_of_examples
    from seedwise.report.text.examples import examples_terminal
    from seedwise.sources.answers import read_answers

    name = _shown(arguments.results)
    plan = _plan(arguments, bool(options.higher_is_better))
    found = read_answers(table, options)
    analysis = analyse_examples(found.answers, plan, place=name)
    notes = [*found.notes, *_contradiction(plan.metric, arguments.higher_is_better)]
    said = replace(analysis, warnings=[*notes, *analysis.warnings])
    report = report_of_examples(name, said, plan, shlex.join(command), columns=found.columns, direction_assumed=assumed)
    written: list[str] = []
    if arguments.out is not None:
        from seedwise.report.example_files import write_examples_report

        written = write_examples_report(arguments.out, report)
    if arguments.json:
        print(evaluation_json(name, plan, analysis, notes))
        return 0
    print(examples_terminal(report))
    if written:
        print(f"\nWritten to {arguments.out}: {', '.join(written)}")
    return 0


def _folders(names: Sequence[str]) -> dict[str, str]:
    """Return a folder for each name, without what a file system or a shell could take amiss, and all different."""
    folders: dict[str, str] = {}
    for name in dict.fromkeys(names):
        folder = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "unnamed" * bool(name)
        while folder and folder.lower() in (other.lower() for other in folders.values()):
            folder += "-2"
        folders[name] = folder
    return folders


def _further(arguments: argparse.Namespace) -> dict[str, bool]:
    """Return the metrics that decide nothing, each with whether higher is better.

    Raises:
        UserError: neither its name nor a flag says it.
    """
    from seedwise.runs.direction import higher_is_better

    found = {metric: higher_is_better(metric) for metric in arguments.metric[1:]}
    given = arguments.higher_is_better
    return {
        metric: _direction(metric) if higher is None and given is None else bool(given if higher is None else higher)
        for metric, higher in found.items()
    }


def _report(name: str, result: Result, command: Sequence[str], *, assumed: bool) -> Report:
    from seedwise.report.gather import report_of_table

    plan = result.plan
    drawn = _drawn(result.runs, result.analysis, plan)
    secondary = ["SECONDARY: this metric decides nothing."] if result.secondary else []
    notes = [*secondary, *result.notes]
    report = report_of_table(name, result.runs, result.analysis, plan, shlex.join(command), drawn, notes)
    title = f"{report.title} on {result.dataset}" if result.dataset else report.title
    return replace(report, title=title, direction_assumed=assumed and not result.secondary)


def _direction(metric: str) -> bool:
    """Return whether a higher value is better, as the name of the metric says.

    Raises:
        UserError: it does not.
    """
    from seedwise.runs.direction import higher_is_better

    found = higher_is_better(metric)
    if found is None:
        raise UserError(
            f"--metric {metric}: the name does not say which way is better: add --higher-is-better or --lower-is-better"
        )
    return found


def _contradiction(metric: str, given: bool | None) -> list[str]:
    """Point out a direction that is not the one that the metric's name suggests."""
    from seedwise.runs.direction import higher_is_better

    usual = higher_is_better(metric)
    if given is None or usual is None or usual == given:
        return []
    way, other = ("higher", "lower") if given else ("lower", "higher")
    return [f"--{way}-is-better was given, although of a metric named {metric} {other} values are usually better."]


def _check(arguments: argparse.Namespace) -> None:
    """Reject invalid flags before anything is read."""
    if arguments.results is None:
        raise UserError(
            "the table of results is missing: name a file, or - for standard input: seedwise analyse results.csv …"
        )
    if not arguments.metric:
        raise UserError("--metric is missing: name the column to compare")
    for position, metric in enumerate(arguments.metric):
        if metric in arguments.metric[:position]:
            raise UserError(f"--metric {metric} is given twice; further metrics are columns of their own")
        if metric in ("variant", "seed", "status"):
            raise UserError(f"--metric {metric}: that column says which run a row is; name a column of scores")
    if arguments.baseline is None:
        raise UserError("--baseline is missing: name the variant with which all others are compared")
    if arguments.margin is not None and not 0 < arguments.margin <= 1e150:
        raise UserError(f"--margin must be above 0, in units of the metric; found {arguments.margin:g}")
    from seedwise.plan import MOST_CONFIDENCE

    if not 0.5 < arguments.confidence <= MOST_CONFIDENCE:
        percent = arguments.confidence / 100
        hint = f"; did you mean {percent:g}?" if 0.5 < percent < 1 else ""
        raise UserError(f"--confidence must lie between 0.5 and {MOST_CONFIDENCE}; found {arguments.confidence}{hint}")
    if arguments.variance == "pooled" and len(arguments.metric) > 1:
        raise UserError("--variance pooled is Dunnett's test, of one metric: remove it, or the further --metric")
    if arguments.pairing == "seed" and arguments.variance == "pooled":
        raise UserError("--variance pooled is Dunnett's test, which does not pair: remove it or --pairing seed")


def _shown(results: str) -> str:
    return "standard input" if results == "-" else plain(results)


def _drawn(runs: pd.DataFrame, analysis: Analysis, plan: Plan) -> list[str]:
    """Return the names of the figures that these runs have something for."""
    from seedwise.report.figures.pairing import shared_seeds

    drawn = ["means"]
    if len(analysis.comparisons):
        drawn += ["differences", "power"]
    if any(len(pairs) for pairs in shared_seeds(runs, plan).values()):
        drawn += ["pairing"]
    return drawn


def _write(out: Path, report: Report, analysis: Analysis) -> str:
    """Write the tables, the figures and results.md into `out`; return the line that says so."""
    from seedwise.basics.files import write_text
    from seedwise.report.figures.registry import FIGURES
    from seedwise.report.text.results import render_results
    from seedwise.statistics.analysis import format_table

    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        write_text(out / "summary.csv", format_table(analysis.summary))
        write_text(out / "comparisons.csv", format_table(analysis.comparisons))
        for name, path in report.figures.items():
            FIGURES[name](report, out / path, (out / path).with_suffix(".svg"))
        write_text(out / "results.md", render_results(report))
        page = _page(report)
        if page:
            write_text(out / "page.html", page)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror or error} ({error.filename or out})") from error
    files = ["results.md", *(["page.html"] if page else []), "summary.csv", "comparisons.csv", "figures/"]
    missing = "" if page else "page.html needs more packages: pip install 'seedwise[run]'\n"
    return f"Written to {out}: {', '.join(files)}\n{missing}"


def _page(report: Report) -> str:
    """Return the interactive report; empty without the packages that it needs."""
    try:
        from seedwise.report.page.page import render_page

        return render_page(report)
    except (ImportError, UserError):
        return ""
