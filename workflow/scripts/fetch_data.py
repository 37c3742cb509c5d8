"""Fetch a dataset's raw files from the first place that has them, and write their digests to SHA256SUMS."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.context import read_context
from seedwise.trainers.image_classifier.datasets.prepared import fetch_raw
from seedwise.trainers.image_classifier.settings import DatasetSettings


def main() -> None:
    """Write the raw files and SHA256SUMS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset, or package.module:function")
    parser.add_argument("--context", type=Path, help="the study's .context.json, which may name a local folder of them")
    parser.add_argument("--raw", type=Path, required=True, help="folder for the raw files, which studies share")
    parser.add_argument("--out", type=Path, required=True, help="file to write, SHA256SUMS")
    arguments = parser.parse_args()
    dataset = DatasetSettings(name=arguments.dataset, folder=read_context(arguments.context).folder)
    write_text(arguments.out, fetch_raw(dataset, arguments.raw))


if __name__ == "__main__":
    run_script(main)
