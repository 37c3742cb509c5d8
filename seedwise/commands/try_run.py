"""`seedwise try`: runs a study's program three times or four, and says what its numbers are worth."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError

if TYPE_CHECKING:
    from seedwise.config.study import Study
    from seedwise.trainers.command.request import Request
    from seedwise.trainers.command.settings import Program, SettingValue
    from seedwise.trainers.command.trial import Tried

DESCRIPTION = """\
Run the program of a study three times: once, once more with the same seed, and once with another;
where all that is left is the same, also with a third, because two runs can tie. Then say where its
numbers were found, whether the seed changes them, whether the same seed repeats them, which files
it writes where, and how long the whole study will take. None of these runs counts as a result: they
are in results/<study>/.try, until the next trial."""
EXAMPLES = """\
examples:
  seedwise try study.yaml
  seedwise try study.yaml --variant dropout --limit 60s
  seedwise try study.yaml --set epochs=1 --set data.size=100      a short run, to look for its numbers

Exit status: 0 the study can be run; 1 the program failed, or something has to be changed first;
2 a mistake in the study or the command."""
DEFAULT_LIMIT = "10min"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command
    from seedwise.commands.studies import add_study

    parser = add_command(
        commands,
        "try",
        "run the program three times: are its numbers found, does the seed count?",
        DESCRIPTION,
        EXAMPLES,
    )
    add_study(parser)
    parser.add_argument("--variant", metavar="NAME", help="variant to run; default: the baseline")
    parser.add_argument(
        "--limit",
        metavar="TIME",
        default=DEFAULT_LIMIT,
        help=f"stop each run after so long, as 60s, 10min or 2h; 0 for no limit; default {DEFAULT_LIMIT}",
    )
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="another value of a setting; may be repeated"
    )
    parser.add_argument("--cores", type=int, metavar="N", help="CPU cores of the study; default: all of this machine")
    parser.set_defaults(run=run, flags=["--variant", "--limit", "--set", "--cores", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Do the runs and print what they show.

    Raises:
        UserError: a mistake in the study or the flags.
    """
    from seedwise.commands import studies

    studies.require_posix()
    from seedwise.basics.files import LockHeldError, hold_lock
    from seedwise.config.reading import read_study

    path = studies.find_study(arguments.study, "seedwise try")
    study = read_study(path)
    if study.program is None:
        raise UserError(
            f"{path}: there is no program to try: the study has no command: or function:. "
            f"`seedwise run {shlex.quote(str(path))} -n` shows what it would run"
        )
    limit = _limit(arguments.limit)
    if arguments.cores is not None and arguments.cores < 1:
        raise UserError(f"--cores must be at least 1; found {arguments.cores}")
    overrides = dict(_override(text, study.program) for text in arguments.set)
    scratch = study.folder() / ".try"
    try:
        with hold_lock(study.folder() / ".try.lock"):
            return _try(study, path, scratch, arguments.variant, limit, overrides, arguments.cores)
    except LockHeldError:
        raise UserError(f"another `seedwise try` of {study.study} is running; wait until it has ended") from None


def _try(
    study: Study,
    path: Path,
    scratch: Path,
    variant: str | None,
    limit: float | None,
    overrides: dict[str, SettingValue],
    cores: int | None,
) -> int:
    from seedwise.commands.trial_findings import Findings, end_of, say, shown_path
    from seedwise.runs.gpus import take_gpu
    from seedwise.runs.hardware import expected_device
    from seedwise.trainers.command.own_output import remember_own_output
    from seedwise.trainers.command.trial import try_program
    from seedwise.workflow.needs import gpus_of
    from seedwise.workflow.programs import ProgramCode
    from seedwise.workflow.requests import make_request

    variant = study.variant(variant or study.analysis.baseline).name
    code = ProgramCode(study, path.absolute().parent, study.folder())
    code.prepare(lambda line: print(line, file=sys.stderr))
    place = code.place()
    own = place.time_limit
    limited = min((value for value in (limit, own) if value), default=None)
    place = replace(place, time_limit=limited, wandb_mode="offline", first_seed=None)
    device = expected_device("auto") if gpus_of(study.resources, "train_run", "auto") else "cpu"
    first = study.seeds[0]
    second, third = [*study.seeds[1:3], *range(max(study.seeds) + 1, max(study.seeds) + 3)][:2]
    shutil.rmtree(scratch, ignore_errors=True)
    remember_own_output()

    def requests() -> Iterator[Request]:
        for name, seed in (("first", first), ("again", first), ("other", second), ("third", third)):
            request = make_request(study, place, variant, seed, scratch / variant / name, overrides=overrides)
            if name == "first":
                say(f"Trying {variant} in {shown_path(scratch)}; no run here counts as a result.")
                say(f"  {_command_line(request)}")
            label.append(f"  seed {seed}{' again' if name == 'again' else ''}")
            yield request

    label: list[str] = []

    def progress(seconds: float, line: str) -> None:
        say(f"{label[-1]}: {seconds:.0f} s … {line[:80]}")

    def ended(tried: Tried) -> None:
        say(f"{label[-1]}: {end_of(tried, study.analysis.metric)}")

    with take_gpu(device, 1, say):
        trial = try_program(requests(), study.analysis.metric, progress, ended)
    return Findings(trial, study, path, scratch, bool(overrides), limited, cores, _uncommitted(path)).show()


def _uncommitted(path: Path) -> bool:
    """Whether the study's file is in a repository whose commit does not contain it."""
    from seedwise.runs.commit import not_committed

    return bool(not_committed(path.absolute().parent, [path.absolute()]))


def _limit(text: str) -> float | None:
    from seedwise.trainers.command.settings import seconds_of

    try:
        value = float(text)
    except ValueError:
        try:
            value = seconds_of(text)
        except ValueError as error:
            raise UserError(f"--limit: {error}") from None
    if not 0 <= value < float("inf"):
        raise UserError(f"--limit: found {text}; need a time such as 60s, 10min or 2h, or 0 for no limit")
    return value or None


def _override(text: str, program: Program) -> tuple[str, SettingValue]:
    """Read `key=value` with the value typed as the study's own is."""
    from seedwise.basics.names import unknown_key
    from seedwise.trainers.command.recognition import typed

    key, equals, value = text.partition("=")
    if not equals:
        raise UserError(f"--set {text}: need a setting and a value: --set {text or 'lr'}=…")
    if key not in program.settings:
        if not program.settings:
            raise UserError(f"--set {key}: the study declares no settings, so there is nothing to set")
        raise UserError(f"--set {key}: {unknown_key(key, list(program.settings))}")
    default = program.settings[key]
    if value.lower() in ("null", "none"):
        return key, None
    if isinstance(default, bool) and value.lower() in ("true", "false"):
        return key, value.lower() == "true"
    if isinstance(default, tuple):
        inner = value.strip("[]()")
        return key, tuple(typed(part.strip()) for part in inner.split(",")) if inner else ()
    if isinstance(default, str):
        return key, value
    found = typed(value)
    return key, float(found) if isinstance(default, float) and type(found) is int else found


def _command_line(request: Request) -> str:
    from seedwise.trainers.command.request import command_of

    return shlex.join(command_of(request, None)[1])
