"""`seedwise compare`: compares two finished studies."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seedwise.basics.errors import UserError

DESCRIPTION = """\
Compare two finished studies: did the finding of one about a variant hold in the other? Takes two results folders of the
workflow. Variants are matched by name; metric and baseline must be the same."""
EXAMPLE = """\
example:
  seedwise compare results/fashion-mnist results/cifar10

In a workflow:  snakemake --cores 1 compare --config studies=fashion-mnist,cifar10"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the subcommand and its flags."""
    from seedwise.commands.parser import add_command

    parser = add_command(commands, "compare", "compare two finished studies", DESCRIPTION, EXAMPLE)
    parser.add_argument("studies", metavar="FOLDER", type=Path, nargs="*", help="two folders, results/<study>")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the output; default: compare-<first>-<second> beside the first study",
    )
    parser.set_defaults(run=run, flags=["--out", "--help"])


def run(arguments: argparse.Namespace, command: Sequence[str]) -> int:
    """Compare, print, and write the Markdown page, the table and the figure.

    Raises:
        UserError: a folder is not a finished study, or the two cannot be compared.
    """
    compare_folders(arguments.studies, arguments.out, shlex.join(command))
    return 0


def compare_folders(folders: Sequence[Path], out: Path | None, command: str) -> None:
    """Compare two results folders and write the comparison to `out`; the page shows `command`, which made it.

    Raises:
        UserError: a folder is not a finished study, or the two cannot be compared.
    """
    if len(folders) != 2:
        found = f"{len(folders)} ({', '.join(map(str, folders))})" if folders else "none"
        raise UserError(
            f"name two studies, found {found}: seedwise compare results/a results/b, or in a workflow "
            "snakemake --cores 1 compare --config studies=a,b"
        )
    from seedwise.basics.files import write_text
    from seedwise.report.figures.two_studies import plot_two_studies
    from seedwise.report.text.two_studies import headline, render_csv, render_markdown
    from seedwise.report.two_studies import caveats, compare_studies, read_finished

    first, second = (read_finished(folder) for folder in folders)
    rows = compare_studies(first, second)
    out = out or folders[0].parent / f"compare-{first.name}-{second.name}"
    write_text(out / "compare.md", render_markdown(first, second, rows, command))
    write_text(out / "compare.csv", render_csv(rows))
    plot_two_studies(rows, (first.name, second.name), first.plan, out / "compare.png", out / "compare.svg")
    width = max(len(row.variant) for row in rows)
    print(headline(first, second, rows))
    for row in rows:
        print(f"  {row.variant:<{width}}  {row.first.verdict} / {row.second.verdict}: {row.agreement}")
    for text in caveats(first, second):
        print(f"Caution: {text}")
    print(f"Written to {out}: compare.md, compare.csv, compare.png and .svg")
