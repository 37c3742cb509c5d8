"""`seedwise init`: writes a study from the command line of a program."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedwise.basics.errors import UserError

if TYPE_CHECKING:
    from seedwise.trainers.command.recognition import Recognised

EXAMPLE_COMMAND = "python train.py --lr 0.001 --seed 0 --out runs/a"
DESCRIPTION = """\
Write the YAML file of a study from the command line with which you start your program. The values
that you give become settings, the seed becomes {seed} and the output folder becomes {out}. The
program is not run. Edit the file afterwards: its comments say where."""
EXAMPLES = f"""\
examples:
  seedwise init -- {EXAMPLE_COMMAND}
  seedwise init --metric val_loss --lower-is-better -- python train.py --lr 0.001 --seed 0
  seedwise init --out lr.yaml -- python train.py optim.lr=1e-3 seed=0 hydra.run.dir=outputs/a

Options of seedwise come before the --, the command comes after it."""
_SHOWN = 8
IGNORED = {
    ".snakemake/": (".snakemake/",),
    "results/study/runs/": (
        "results/.*",
        "results/*/.*",
        "results/*/*/",
        "!results/*/figures/",
        "!results/*/tables/",
        "results/*/study-*.json",
    ),
}
"""Lines for .gitignore, by a path that shows whether they are needed; ledger, report and tables are for others too."""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command

    parser = add_command(
        commands,
        "init",
        "write a study around a command line",
        DESCRIPTION,
        EXAMPLES,
        usage="seedwise init [--out FILE] [--metric NAME] [--lower-is-better] [--force] -- COMMAND ...",
    )
    parser.add_argument("--out", type=Path, default=Path("study.yaml"), metavar="FILE", help="default: study.yaml")
    parser.add_argument("--metric", metavar="NAME", help="the number that decides, by the program's name for it")
    parser.add_argument("--lower-is-better", action="store_true", help="the metric is a loss or an error")
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help=argparse.SUPPRESS)
    parser.set_defaults(run=run, flags=["--out", "--metric", "--lower-is-better", "--force", "--help"])


def run(arguments: argparse.Namespace, _command: Sequence[str]) -> int:
    """Write the study and say what was recognised.

    Raises:
        UserError: there is no command, or the file exists.
    """
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    if not words:
        raise UserError(
            f"the command of your program is missing; write it after --: seedwise init -- {EXAMPLE_COMMAND}"
        )
    path: Path = arguments.out
    if path.suffix not in (".yaml", ".yml"):
        raise UserError(f"--out {path}: a study is a YAML file; name it {path.with_suffix('.yaml')}")
    if path.exists() and not arguments.force:
        raise UserError(f"{path} exists and is not overwritten; name another file with --out, or give --force")

    from seedwise.basics.files import write_text
    from seedwise.commands.next_step import to
    from seedwise.config.draft import draft_study
    from seedwise.runs.direction import higher_is_better
    from seedwise.trainers.command.recognition import recognise

    here = Path.cwd()
    found = recognise(words, here)
    text = draft_study(
        found,
        words,
        study=_name(path, here),
        folder=os.path.relpath(here, path.absolute().parent),
        metric=arguments.metric,
        lower_is_better=arguments.lower_is_better,
    )
    try:
        write_text(path, text)
    except OSError as error:
        raise UserError(f"--out {path}: {error.strerror or error}") from error
    print(f"{path} is written. In your command line:")
    print("\n".join(_recognised(found)))
    metric = arguments.metric or ""
    if higher_is_better(metric) is False and not arguments.lower_is_better:
        print(f"Is a lower {metric} better? Then set higher_is_better: false in {path}.")
    print(f"Now edit the lines marked EDIT{'' if metric else ', among them the metric that decides'}.")
    if hint := _ignore_hint(here):
        print(hint)
    print(f"next: {to('try', path)}")
    return 0


def _name(path: Path, here: Path) -> str:
    """Return a name for the study: that of its file or, if that says nothing, of the folder."""
    stem = here.name if path.stem in ("study", "config") else path.stem
    slug = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")
    return slug or "my-study"


def _recognised(found: Recognised) -> list[str]:
    from seedwise.basics.names import plain

    lines = []
    settings = [f"{name} {value}" for name, value in found.settings.items()]
    if settings:
        more = f", … ({len(settings)} in all)" if len(settings) > _SHOWN else ""
        lines.append(f"  settings  {plain(', '.join(settings[:_SHOWN]))}{more}")
    else:
        lines.append("  settings  none: no option has a value, so variants cannot differ yet")
    if found.seed:
        lines.append(f"  seed      {plain(found.seed.option)} {plain(found.seed.value)}")
    else:
        lines.append("  seed      no option was recognised as the seed: the program has to read $SEEDWISE_SEED")
    lines += [f"            {name} is kept as a setting, the same in all runs" for name in found.other_seeds]
    if found.outputs:
        lines += [
            f"  output    {plain(output.option)} {plain(output.value)}, now {output.becomes}"
            for output in found.outputs
        ]
    else:
        lines.append("  output    no option was recognised as the output folder: see the comment in the file")
    if found.flags:
        lines.append(f"  kept      {plain(' '.join(found.flags))}, in every variant")
    if found.data:
        lines.append(f"  data      {plain(', '.join(found.data))}")
    return lines


def _ignore_hint(here: Path) -> str | None:
    """Return advice if git would offer for committing what is large, private or of this machine only."""
    from seedwise.basics.git import GitError, git, repository

    try:
        if repository(here) is None:
            return None
    except GitError:
        return None
    lines: list[str] = []
    for name, ignored in IGNORED.items():
        try:
            git(here, "check-ignore", "--quiet", name)
        except GitError:
            lines += ignored
    if not lines:
        return None
    if len(lines) == 1:
        return f"git does not ignore {lines[0]}: add it to .gitignore"
    first = "git does not ignore what is large or private. Add to .gitignore, and commit ledger, report and tables:"
    return "\n  ".join([first, *lines])
