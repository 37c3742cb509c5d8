"""Prepare a dataset as one file that loads fast, and write its data card."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.config.context import read_context
from seedwise.runs.data_card import DataCard, write_card
from seedwise.trainers.image_classifier.datasets.images import load
from seedwise.trainers.image_classifier.datasets.prepared import prepare
from seedwise.trainers.image_classifier.settings import DatasetSettings


def main() -> None:
    """Write the prepared data unless they exist, and the data card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset, or package.module:function")
    parser.add_argument("--context", type=Path, help="the study's .context.json, which may name a local folder")
    parser.add_argument(
        "--image-size", type=int, help="side in pixels, for a dataset whose images have different sizes"
    )
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw files")
    parser.add_argument("--made-of", required=True, help="digest of everything that the data are made of")
    parser.add_argument("--data", type=Path, required=True, help="prepared file, .npz; made unless it exists")
    parser.add_argument("--out", type=Path, required=True, help="file to write, the data card")
    arguments = parser.parse_args()
    folder = read_context(arguments.context).folder
    dataset = DatasetSettings(name=arguments.dataset, folder=folder, image_size=arguments.image_size)
    prepare(dataset, arguments.data, arguments.raw, made_of=arguments.made_of)
    data, content = load(arguments.data)
    counts = {"training": len(data.train_labels), "test": len(data.test_labels)}
    write_card(arguments.out, DataCard(content=content, made_of=arguments.made_of, counts=counts))
    for other in arguments.out.parent.glob("*.json"):
        if other != arguments.out:
            other.unlink()
    print(f"{counts['training']} training and {counts['test']} test images, digest {content}")


if __name__ == "__main__":
    run_script(main)
