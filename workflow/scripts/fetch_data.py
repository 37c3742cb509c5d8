"""Fetch a dataset's raw files from the first place that has them, and write their digests to SHA256SUMS."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.trainers.image_classifier.datasets.prepared import fetch_raw
from seedwise.trainers.image_classifier.settings import DatasetSettings


def main() -> None:
    """Write the raw files and SHA256SUMS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset, or package.module:function")
    parser.add_argument("--folder", help="local folder that already has the files")
    parser.add_argument("--out", type=Path, required=True, help="file to write, SHA256SUMS; the raw files go beside it")
    arguments = parser.parse_args()
    fetch_raw(DatasetSettings(name=arguments.dataset, folder=arguments.folder), arguments.out.parent)


if __name__ == "__main__":
    run_script(main)
