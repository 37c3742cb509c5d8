"""Fetch a dataset's raw files from wherever they can be had, and write their digests."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import hold_lock, write_text
from seedwise.trainers.image_classifier.datasets import registry


def main() -> None:
    """Parse arguments, fetch, write the digests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset, or package.module:function")
    parser.add_argument("--folder", type=Path, help="local folder that holds the files already")
    parser.add_argument("--out", type=Path, required=True, help="digests; the files go next to it")
    arguments = parser.parse_args()
    folder = arguments.out.parent
    with hold_lock(folder / ".lock", lambda: print("another process is fetching these data; waiting for it")):
        write_text(arguments.out, registry.fetch(arguments.dataset, folder, arguments.folder))


if __name__ == "__main__":
    run_script(main)
