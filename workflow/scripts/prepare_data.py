"""Prepare a dataset once, as one file that loads at once."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.basics.errors import run_script
from seedwise.trainers.image_classifier.datasets import images, registry


def main() -> None:
    """Parse arguments, read the raw files, write the prepared file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset, or package.module:function")
    parser.add_argument("--folder", type=Path, help="local folder, handed to a dataset of your own")
    parser.add_argument("--image-size", type=int, help="side in pixels of a dataset whose images have many sizes")
    parser.add_argument("--digests", type=Path, required=True, help="what fetch_data wrote, next to the raw files")
    parser.add_argument("--out", type=Path, required=True, help="prepared data, .npz")
    arguments = parser.parse_args()
    data = registry.read(arguments.dataset, arguments.digests.parent, arguments.folder, arguments.image_size)
    digest = images.save(arguments.out, data)
    print(f"{len(data.train_labels)} training and {len(data.test_labels)} test images, digest {digest}")


if __name__ == "__main__":
    run_script(main)
