"""Fixtures of all tests: a tiny subset of Fashion-MNIST, a browser, and the root of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from seedwise.trainers.image_classifier.datasets import images
from tests.browser import launch
from tests.tiny import TINY_IMAGES

ROOT = Path(__file__).resolve().parent.parent
# Files of a minute and more, with which the workers begin.
LONGEST = {
    "test_examples",
    "test_kill_storm",
    "test_tracking_routes",
    "test_damage",
    "test_wandb_faults",
    "test_programs",
}

# The processes that tests start would compile the package again and again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Both would let the clock decide: an example that takes 200 ms on a busy machine is no error.
settings.register_profile("tests", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _no_service_of_wandb():
    """Take back that W&B, once used in a test, names its service to all processes that later tests start."""
    yield
    os.environ.pop("WANDB_SERVICE", None)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """Path of a prepared file with 600 training and 300 test images of Fashion-MNIST."""
    path = tmp_path_factory.mktemp("data") / "tiny.npz"
    images.save(path, images.load(TINY_IMAGES)[0])
    return path


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items):
    """Count tests in a browser as slow; put the longest files first, then others with slow tests: none is left over."""
    for item in items:
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.stem not in LONGEST, item.path not in slow))


@pytest.fixture(scope="session")
def folder_of_all_workers(tmp_path_factory):
    """A folder that the workers of pytest-xdist share; `hold_lock` lets one of them make what all use."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium; `tests.browser.visiting` opens pages in it."""
    driver, chromium = launch()
    yield chromium
    chromium.close()
    driver.stop()
