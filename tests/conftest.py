"""Fixtures of all tests: a tiny subset of Fashion-MNIST, a browser, and the root of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedwise.trainers.image_classifier.datasets import images
from tests.browser import launch
from tests.tiny import TINY_IMAGES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """Path of a prepared file with 600 training and 300 test images of Fashion-MNIST."""
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    images.save(path, images.load(TINY_IMAGES)[0])
    return path


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; `tests.browser.visiting` opens pages in it."""
    driver, chromium = launch()
    yield chromium
    chromium.close()
    driver.stop()
