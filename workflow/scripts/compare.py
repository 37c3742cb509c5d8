"""Compare two finished studies: did the finding of one about a variant hold in the other?"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.commands.compare import compare_folders


def main() -> None:
    """Write compare.md, compare.csv and the figure into a folder beside the studies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--studies", nargs="?", const="", default="", help="names of two studies, separated by a comma or a space"
    )
    parser.add_argument("--results", type=Path, required=True, help="folder that contains the studies' folders")
    arguments = parser.parse_args()
    names = [name for name in re.split(r"[\s,;\[\]'\"]+", arguments.studies) if name]
    command = f"snakemake --cores 1 compare --config studies={','.join(names)}"
    compare_folders([arguments.results / name for name in names], None, command)


if __name__ == "__main__":
    run_script(main)
