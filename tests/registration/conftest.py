"""The demo study: finished once, and copied for each test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.registration.studies import STUDY, Demo


@pytest.fixture
def blank(tmp_path, monkeypatch):
    """The demo study before its first run."""
    (tmp_path / "study.yaml").write_text(STUDY)
    (tmp_path / "train.py").write_text("raise SystemExit('nothing starts this')\n")
    monkeypatch.chdir(tmp_path)
    return Demo(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The demo study, finished and reported as declared; nothing may be changed in it."""
    demo, before = Demo(tmp_path_factory.mktemp("demo")), Path.cwd()
    demo.study.write_text(STUDY)
    (demo.root / "train.py").write_text("raise SystemExit('nothing starts this')\n")
    os.chdir(demo.root)
    try:
        demo.run()
    finally:
        os.chdir(before)
    return demo


@pytest.fixture
def demo(finished, tmp_path, monkeypatch):
    """A copy of the finished study."""
    shutil.copytree(finished.root, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Demo(tmp_path)
