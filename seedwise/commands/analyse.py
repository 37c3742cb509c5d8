"""`seedwise analyse`: verdicts on any table of results, without a workflow or training."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.commands.parser import add_command
from seedwise.commands.table_flags import add_table_flags, adding, table_options

if TYPE_CHECKING:
    import pandas as pd

    from seedwise.analysis.from_table import Compared, Evaluated
    from seedwise.analysis.result import Result
    from seedwise.plan import Plan
    from seedwise.report.model import Report
    from seedwise.statistics.analysis import Analysis

DESCRIPTION = """\
Compare variants with a baseline. The table has one row per run, per step of a run, or per answer of an evaluation, in
any file that a spreadsheet, a tracker or a script writes; docs/tables.md has the rules. Prints the verdicts; --out also
writes summary.csv, comparisons.csv, findings.json, figures/, results.md and page.html with all the evidence; --json
prints the findings for programs."""
USAGE = "seedwise analyse RESULTS --metric COLUMN --baseline VARIANT [flags]"
EXAMPLE = """\
examples:
  seedwise analyse results.csv --metric accuracy --baseline resnet --out report
  seedwise analyse results.csv --metric accuracy --baseline resnet --pairing seed   # variants share splits by seed
  seedwise analyse wandb_export.csv --metric val/acc --variant arch --baseline resnet18 --number-runs  # no seeds
  seedwise analyse answers.jsonl --metric correct --variant model --baseline gpt-a --example question_id --repeat sample
  seedwise analyse runs.xlsx --metric val/acc --variant model,lr --baseline 'resnet (lr=0.1)'
  seedwise analyse 'logs/*/metrics.csv' --path-name 'logs/{variant}-s{seed}/metrics.csv' --metric f1 --baseline base

Choose everything that affects the verdicts (--baseline, --metric, --pairing, --variance, --question, --margin,
--confidence) before the results are known."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    parser = add_command(
        commands, "analyse", "verdicts on a table of results", DESCRIPTION, EXAMPLE, usage=USAGE, aliases=["analyze"]
    )
    flags: list[str] = []
    parser.add_argument("results", metavar="RESULTS", nargs="?", help="file, or pattern in quotes; - reads stdin")
    add = adding(parser.add_argument_group("what is compared; both are required"), flags)
    add("--metric", metavar="COLUMN", action="append", help="column to compare; further ones do not decide")
    add("--baseline", metavar="VARIANT", help="variant with which all others are compared")
    deciding = parser.add_argument_group("how it is decided; choose before the results are known")
    add = adding(deciding, flags)
    add(
        "--pairing",
        choices=("none", "seed"),
        default="none",
        help="seed: compare runs of one seed with each other, where it fixes what they share, such as a split; "
        "none, the default, is right otherwise",
    )
    add(
        "--variance",
        choices=("separate", "pooled"),
        default="separate",
        help="separate: Welch's t test with Holm's correction, the default; pooled: Dunnett's test",
    )
    add("--margin", type=float, help="smallest difference that matters; lets a verdict say EQUIVALENT")
    add(
        "--question",
        choices=("difference", "non-inferiority"),
        default="difference",
        help="non-inferiority: not worse than the baseline by more than --margin; lets a verdict say NON_INFERIOR",
    )
    add("--confidence", type=float, default=0.95, help="confidence level of every interval; default 0.95")
    direction = deciding.add_mutually_exclusive_group()
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
    add = adding(parser.add_argument_group("what is written"), flags)
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
    from seedwise.analysis.from_table import Evaluated, analyse_opened
    from seedwise.sources.open import open_table

    options = table_options(arguments)
    _note_look(Path(arguments.results))
    table = open_table(arguments.results, options)
    keys = ("baseline", "confidence", "pairing", "variance", "question", "margin")
    given = {key: getattr(arguments, key) for key in keys}
    found = analyse_opened(table, options, given)
    if isinstance(found, Evaluated):
        return _evaluated(arguments, found, command)
    return _compared(arguments, found, command)


def _note_look(table: Path) -> None:
    """Note the look in the ledger of the study whose table this is; where that cannot be written, say so and go on."""
    from seedwise.basics.errors import no_access
    from seedwise.registration.register import note_look_at_table

    try:
        note_look_at_table(table)
    except ModuleNotFoundError:
        why: str | None = "Windows lacks the file locks that it needs"
    except OSError as error:
        if (why := no_access(error)) is None:
            raise
    else:
        return
    print(f"Note: this look at {table} could not be noted in the study's ledger: {why}", file=sys.stderr)


def _compared(arguments: argparse.Namespace, found: Compared, command: Sequence[str]) -> int:
    """Write and print what runs show."""
    from seedwise.analysis.result import findings_json
    from seedwise.report.text.terminal import verdict_table

    name, results, written = _shown(arguments.results), found.results, ""
    if arguments.out is not None:
        datasets = _folders([result.dataset for result in results])
        metrics = _folders([result.plan.metric for result in results])
        for result in results:
            out = arguments.out / datasets[result.dataset]
            out = out / "secondary" / metrics[result.plan.metric] if result.secondary else out
            report = _report(name, result, command, assumed=found.direction_assumed)
            written += _write(out, report, result)
    # Files are written first: the reader of the output, such as `head`, may close it early.
    if arguments.json:
        print(findings_json(name, found.plan, results))
        return 0
    for result in results:
        print("SECONDARY, decides nothing:\n" if result.secondary else "", end="")
        print(f"{result.dataset}:\n" if result.dataset else "", end="")
        said = found.direction_assumed and not result.secondary
        print(verdict_table(result.analysis, result.plan, direction_assumed=said, notes=result.notes), end="\n\n")
    print(written, end="")
    return 0


def _evaluated(arguments: argparse.Namespace, found: Evaluated, command: Sequence[str]) -> int:
    """Write and print what answers show, with the examples as the sample."""
    from seedwise.analysis.result import evaluation_json
    from seedwise.report.examples import ExamplesReport
    from seedwise.report.text.example_terminal import examples_terminal

    name = _shown(arguments.results)
    assumed = found.direction_assumed
    report = ExamplesReport(name, found.plan, found.said, shlex.join(command), found.columns, direction_assumed=assumed)
    written: list[str] = []
    if arguments.out is not None:
        from seedwise.report.example_files import write_examples_report

        written = write_examples_report(arguments.out, report)
    if arguments.json:
        print(evaluation_json(name, found.plan, found.analysis, found.notes))
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


def _report(name: str, result: Result, command: Sequence[str], *, assumed: bool) -> Report:
    from seedwise.report.gather import report_of_table

    plan = result.plan
    drawn = _drawn(result.runs, result.analysis, plan)
    notes = _notes(result)
    report = report_of_table(name, result.runs, result.analysis, plan, shlex.join(command), drawn, notes)
    title = f"{report.title} on {result.dataset}" if result.dataset else report.title
    return replace(report, title=title, direction_assumed=assumed and not result.secondary)


def _notes(result: Result) -> list[str]:
    return [*(["SECONDARY: this metric decides nothing."] if result.secondary else []), *result.notes]


def _check(arguments: argparse.Namespace) -> None:
    """Reject invalid flags before anything is read."""
    if arguments.results is None:
        raise UserError(
            "the table of results is missing: name a file, or - for standard input: seedwise analyse results.csv …"
        )
    if not arguments.metric:
        from seedwise.sources.candidates import possible_metrics

        found = possible_metrics(arguments.results, table_options(arguments))
        raise UserError(f"--metric is missing: name the column to compare{found}")
    for position, metric in enumerate(arguments.metric):
        if metric in arguments.metric[:position]:
            raise UserError(f"--metric {metric} is given twice; further metrics are columns of their own")
        if metric in ("variant", "seed", "status"):
            raise UserError(f"--metric {metric}: that column says which run a row is; name a column of scores")
    if arguments.baseline is None:
        from seedwise.sources.candidates import possible_baselines

        found = possible_baselines(arguments.results, table_options(arguments))
        raise UserError(f"--baseline is missing: name the variant with which all others are compared{found}")
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


def _write(out: Path, report: Report, result: Result) -> str:
    """Write the tables, findings.json, the figures and results.md into `out`; return the line that says so."""
    from seedwise.analysis.findings import Findings, warned, write_findings
    from seedwise.analysis.tables import table_digests
    from seedwise.basics.files import write_text
    from seedwise.report.figures.registry import FIGURES
    from seedwise.report.findings_of import findings_of_report
    from seedwise.report.text.results import render_results
    from seedwise.statistics.analysis import format_table
    from seedwise.statistics.warnings import note

    analysis = result.analysis
    tables = {"summary.csv": analysis.summary, "comparisons.csv": analysis.comparisons}
    try:
        (out / "figures").mkdir(parents=True, exist_ok=True)
        for table, frame in tables.items():
            write_text(out / table, format_table(frame))
        findings = Findings(
            plan_hash=report.plan_hash,
            exploratory=[],
            warnings=warned([*map(note, _notes(result)), *analysis.warnings]),
            test_set=[],
            tables=table_digests(out, tables),
        )
        write_findings(out / "findings.json", findings_of_report(findings, report))
        for name, path in report.figures.items():
            FIGURES[name](report, out / path, (out / path).with_suffix(".svg"))
        write_text(out / "results.md", render_results(report))
        page = _page(report)
        if page:
            write_text(out / "page.html", page)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror or error} ({error.filename or out})") from error
    files = ["results.md", *(["page.html"] if page else []), "findings.json", *tables, "figures/"]
    missing = "" if page else "page.html needs more packages: pip install 'seedwise[run]'\n"
    return f"Written to {out}: {', '.join(files)}\n{missing}"


def _page(report: Report) -> str:
    """Return the interactive report; empty without the packages that it needs."""
    try:
        from seedwise.report.page.page import render_page

        return render_page(report)
    except (ImportError, UserError):
        return ""
