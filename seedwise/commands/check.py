"""`seedwise check`: finds the mistakes of a study before anything runs, and shows what would run."""

from __future__ import annotations

import argparse
import math
import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError
from seedwise.basics.names import one_line

if TYPE_CHECKING:
    from seedwise.config.study import Study
    from seedwise.trainers.command.settings import Command, Function
    from seedwise.workflow.programs import ProgramCode

DESCRIPTION = """\
Check a study and show what `seedwise run` would do: the command of each variant, which files count
as code and data, where the numbers are read, which differences its seeds can detect, and what it
costs. No run is started."""
EXAMPLES = """\
examples:
  seedwise check study.yaml
  seedwise check study.yaml --all             every file that counts as code
  seedwise check study.yaml --std 0.004       if the metric varies by 0.004 from seed to seed

Exit status: 0 the study is valid; 2 it has mistakes, all of which are named."""
_FILES, _WIDTH = 5, 9


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(commands, "check", "check a study and show its plan; nothing runs", DESCRIPTION, EXAMPLES)
    add_study(parser)
    parser.add_argument("--all", action="store_true", help="list every file of code")
    parser.add_argument(
        "--std", type=float, metavar="X", help="standard deviation of the metric over seeds, if it is known"
    )
    parser.add_argument("--cores", type=int, metavar="N", help="CPU cores of the study; default: all of this machine")
    parser.set_defaults(run=run, flags=["--all", "--std", "--cores", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Print the plan.

    Raises:
        UserError: the study has mistakes.
    """
    from seedwise.commands import studies
    from seedwise.commands.next_step import say_next, to
    from seedwise.config.reading import read_study
    from seedwise.workflow.cautions import program_cautions, study_cautions

    if arguments.std is not None and not 0 < arguments.std < math.inf:
        raise UserError(f"--std must be above 0, in units of the metric; found {arguments.std:g}")
    if arguments.cores is not None and arguments.cores < 1:
        raise UserError(f"--cores must be at least 1; found {arguments.cores}")
    path = studies.find_study(arguments.study, "seedwise check")
    study = read_study(path)
    if study.program is not None:
        code = _checked(study, path)
        topics = [*_program(study, code, arguments.all), *_common(study, arguments.std, arguments.cores)]
        cautions = [*program_cautions(study), *_exploratory(study, path), *study_cautions(study)]
    elif study.source is not None:
        topics, cautions = (
            [("Runs", [_recorded(study)]), *_common(study, arguments.std)],
            [*_exploratory(study, path)],
        )
    else:
        _check_functions(study, path)
        topics = [*_images(study), *_common(study, arguments.std, arguments.cores)]
        cautions = [*_exploratory(study, path), *study_cautions(study)]
    print(f"{path}: {study.study}, {study.title}")
    for topic, lines in topics:
        for position, line in enumerate(lines):
            print(f"{topic if position == 0 else '':<{_WIDTH}}{one_line(line)}")
    if cautions:
        print()
    for text in cautions:
        print(f"Caution: {text}")
    tried = study.program is None or (study.folder() / ".try").exists() or (study.folder() / "runs").exists()
    say_next(to("run" if tried else "try", path))
    return 0


def _recorded(study: Study) -> str:
    what = "are the answers of an evaluation" if study.evaluation else "were recorded elsewhere"
    return f"{what}; nothing is run"


def _check_functions(study: Study, path: Path) -> None:
    """Raise UserError if the image classifier could not call a user's own function."""
    from seedwise.workflow.environment import open_working_folder
    from seedwise.workflow.own_functions import check_own_functions

    open_working_folder(study.model_dump(mode="json"))
    check_own_functions(study, path.absolute().parent)


def _checked(study: Study, path: Path) -> ProgramCode:
    """Return the program of a study.

    Raises:
        UserError: something that it needs is not there; the message has a line for each.
    """
    from seedwise.trainers.command.data import located
    from seedwise.trainers.command.importing import check_import
    from seedwise.trainers.command.sources import listed_files
    from seedwise.workflow.own_functions import check_own_functions
    from seedwise.workflow.programs import ProgramCode, metric_problems
    from seedwise.workflow.requests import make_request

    assert study.program
    program = study.program
    base = path.absolute().parent
    problems: dict[str, None] = dict.fromkeys(metric_problems(study))

    def attempt(check: Callable[..., object], *arguments: object) -> object:
        try:
            return check(*arguments)
        except UserError as error:
            problems.update(dict.fromkeys(str(error).splitlines()))
            return None

    problems.update(dict.fromkeys(_unset_variables(program)))
    attempt(check_own_functions, study, base)
    called = not problems
    code = attempt(ProgramCode, study, base, study.folder())
    if isinstance(code, ProgramCode):
        if study.function and called:
            place = code.place()
            # Variants that run in the same folder and environment import the same function.
            there = [variant.name for variant in study.variants if code.is_prepared(variant)]
            different = {repr(place.of(name)): name for name in there}
            for name in different.values():
                attempt(check_import, make_request(study, place, name, study.seeds[0], study.folder() / ".try"))
        problems.update(dict.fromkeys(_missing_scripts(study, code)))
        if not problems:
            return code
    else:  # it stops at its first mistake
        folder = (base / Path(program.folder).expanduser()).resolve()
        if folder.is_dir():
            section = "command" if study.command else "function"
            for key, entries in (("data", program.data), ("link", program.link)):
                for entry in entries:
                    attempt(located, folder, entry, f"{section}.{key}")
            attempt(listed_files, folder, program.code, program.data, section)
    raise UserError("\n".join(problems))


def _program(study: Study, code: ProgramCode, everything: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield what is run, where and with what."""
    from seedwise.trainers.command.request import command_of
    from seedwise.workflow.requests import make_request

    assert study.program
    place, seed = code.place(), study.seeds[0]
    shown = {}
    for variant in study.variants:
        folder = study.run_folder(variant.name, seed)
        shown[variant.name] = shlex.join(command_of(make_request(study, place, variant.name, seed, folder), None)[1])
    yield "Runs", [_runs(study)]
    width = max(map(len, shown))
    yield "Commands", [f"with seed {seed}:", *(f"  {name:<{width}}  {line}" for name, line in shown.items())]
    copy = "a copy of " if study.program.isolate else ""
    yield "Folder", _by_variant({name: f"{copy}{place.of(name).folder}" for name in shown})
    environments = {name: place.of(name).environment for name in shown}
    yield (
        "With",
        _by_variant({name: own.words or "programs on the PATH" for name, own in environments.items()}),
    )
    files = list(dict.fromkeys(name for own in code.code.values() for name in own))
    all_count = code.why_all and sum(name.endswith(".py") for name in files) > 1
    why = f"all Python files, because {code.why_all}; code: in the study names those that count"
    yield "Code", [*_files(files, everything), *([why] if all_count else [])]
    if code.data.parts:
        yield "Data", [f"{', '.join(code.data.parts)}; a change repeats all runs"]
    reported = "what the function returns" if study.function else "the file that $SEEDWISE_RESULTS names"
    yield "Results", [_source(study.program.results, reported)]
    for topic, source in (("History", study.program.history), ("Scores", study.program.scores)):
        if source is not None:
            yield topic, [_source((source,), "")]


def _images(study: Study) -> Iterator[tuple[str, list[str]]]:
    """Yield what is trained, and what variants change."""
    yield "Runs", [_runs(study)]
    base = study.settings(study.analysis.baseline).flat()
    lines = []
    width = max(len(variant.name) for variant in study.variants)
    for variant in study.variants:
        own = study.settings(variant.name).flat()
        changed = [f"{key} {value}" for key, value in own.items() if base.get(key) != value]
        baseline = variant.name == study.analysis.baseline
        what = ", ".join(changed) or ("the baseline" if baseline else "the same settings as the baseline")
        lines.append(f"{variant.name:<{width}}  {what}")
    yield "Variants", lines
    yield "Trains", [f"{study.model.name} on {study.dataset.name}, {study.training.epochs} epochs"]


def _common(study: Study, std: float | None, cores: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield how runs are compared, what can be detected, and the cost."""
    from seedwise.workflow.cost import cost_of, measured

    plan = study.analysis
    better = "higher" if plan.higher_is_better else "lower"
    yield "Decides", [f"{plan.metric}, {better} is better; the baseline is {plan.baseline}"]
    if len(study.variants) > 1 and not study.evaluation:
        yield "Detects", list(_detects(study, std))
    if study.source is not None:
        return
    found = measured(study)
    if found is None:
        unknown = "not known: `seedwise try` measures a run" if study.program else "not known before a run has finished"
        yield "Cost", [unknown]
        return
    where = f"median of {found.runs} runs so far" if found.runs else "as the last trial measured"
    lines = list(cost_of(study, found, cores))
    yield "Cost", [f"{lines[0]} ({where})", *lines[1:]]


def _detects(study: Study, std: float | None) -> Iterator[str]:
    from contextlib import suppress

    from seedwise.analysis.forecast import detectable, detectable_from
    from seedwise.analysis.prospects import roughly
    from seedwise.analysis.spread import earlier_spread, spread_of
    from seedwise.basics.words import quantity
    from seedwise.runs.record import RecordError, read_record

    plan, seeds = study.analysis, len(study.seeds)
    units = detectable(plan, len(study.variants), seeds)
    spread = "differences of paired runs" if plan.pairing == "seed" else "runs"
    if units is None:
        yield f"nothing: with {quantity(seeds, 'seed')} there is no verdict; it needs at least 3"
        return
    yield (
        f"with {quantity(seeds, 'seed')} per variant, true differences of {units:.1f} standard deviations of {spread} "
        "(80 % power)"
    )
    if plan.non_inferiority_margin is not None:
        yield f"variants as good as the baseline pass as non-inferior within as much; the margin is {plan.margin:g}"
    records = []
    for run in study.runs() if std is None else ():
        with suppress(RecordError):
            records.append(read_record(study.record_path(run.variant, run.seed)))
    known = spread_of(records, plan) if std is None else None
    if std is not None:
        yield f"that is {units * std:.3g} of {plan.metric} if it varies by {std:g} from seed to seed"
    elif known is not None and known.std > 0:
        found = detectable_from(records, plan, [variant.name for variant in study.variants], seeds)
        low, high = roughly(min(found.values())), roughly(max(found.values()))
        if low == high:
            yield f"that is about {low} of {plan.metric}, by the spread of {known.source} ({roughly(known.std)})"
        else:
            yield (
                f"that is about {low} to {high} of {plan.metric}, depending on the variant, by the spread of "
                f"{known.source}"
            )
    elif known is not None:
        yield f"of {plan.metric} that is unknown: the {known.source} are equal, whatever their seeds"
    elif std is None and (earlier := earlier_spread(study, study.folder().parent)) is not None:
        yield (
            f"that is about {roughly(units * earlier.std)} of {plan.metric}, by the spread of {earlier.source} "
            f"({roughly(earlier.std)})"
        )
    for more in (5, 10):
        if more > seeds and (better := detectable(plan, len(study.variants), more)) is not None:
            amount = f" ({better * std:.3g})" if std is not None else ""
            yield f"with {more} seeds, of {better:.1f}{amount}"


def _missing_scripts(study: Study, code: ProgramCode) -> Iterator[str]:
    from seedwise.basics.names import quote
    from seedwise.trainers.command.listing import nearby
    from seedwise.trainers.command.recognition import missing_script

    place = code.place()
    for variant in study.variants if study.command else ():
        folder = Path(place.of(variant.name).folder)
        if script := missing_script(study.program_settings(variant.name).words, folder):
            yield f"command.run: found {quote(script)}, which is not in {folder}{nearby(folder, script)}"


def _unset_variables(program: Command | Function) -> Iterator[str]:
    for name, value in program.env.items():
        if value is None and name not in os.environ:
            yield f"env: {name}: null asks for a variable that is not set; set it first: export {name}=…"


def _exploratory(study: Study, path: Path) -> Iterator[str]:
    from seedwise.registration.change import coming_change
    from seedwise.workflow.asked import read_asked

    if study.folder().is_dir() and (line := coming_change(study.folder(), read_asked(path)).warning):
        yield line


def _runs(study: Study) -> str:
    from seedwise.basics.words import quantity

    seeds = ", ".join(map(str, study.seeds))
    count = quantity(len(study.runs()), "run")
    return f"{count}: {quantity(len(study.variants), 'variant')} × {quantity(len(study.seeds), 'seed')} ({seeds})"


def _by_variant(values: Mapping[str, str]) -> list[str]:
    """Return one line if all variants share it, else one for each."""
    if len(set(values.values())) == 1:
        return [next(iter(values.values()))]
    return [f"{name}: {value}" for name, value in values.items()]


def _files(names: Sequence[str], everything: bool) -> list[str]:
    from seedwise.basics.words import quantity

    python = all(name.endswith((".py", ".ipynb")) for name in names)
    effect = f"a change of {'the code, not of its comments,' if python else 'them'} repeats all runs"
    if not names:
        return ["no files: a change of the program does not repeat its runs; name them with code:"]
    if everything:
        return [f"{quantity(len(names), 'file')}; {effect}:", *(f"  {name}" for name in names)]
    more = ", …" if len(names) > _FILES else ""
    rest = " (--all lists them)" if more else ""
    return [f"{quantity(len(names), 'file')}: {', '.join(names[:_FILES])}{more}{rest}; {effect}"]


def _source(sources: Iterable[Any] | None, default: str) -> str:
    """Describe where numbers are read."""
    found = []
    for source in sources or ("logged",):
        if isinstance(source, str):
            found.append(default or "what the program logs")
            continue
        names = getattr(source, "names", None)
        place = "the output" if source.path is None else f"{source.kind} {source.path}"
        what = f"{', '.join(names)} from " if names else ""
        take = getattr(source, "take", "last")
        found.append(f"{what}{place}{'' if take == 'last' else f', take {take}'}")
    return "; ".join(found)
