"""Functions of the user's own, checked before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedwise.basics.errors import UserError
from seedwise.config.reading import read_study
from seedwise.workflow.own_functions import check_own_functions

STUDY = """
study: own
title: Own
function: {call: "train:run", settings: {lr: 1}}
seeds: 2
variants: [{name: a}, {name: b, set: {lr: 2}}]
analysis: {metric: loss, higher_is_better: false, baseline: a}
"""
WRONG = "def run(settings): ...\n"


def test_the_module_that_python_imports_is_the_one_that_is_checked(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(STUDY)
    study = read_study(config)
    (tmp_path / "train.py").write_text(WRONG)
    with pytest.raises(UserError, match="cannot be called as run"):
        check_own_functions(study, tmp_path)

    (tmp_path / "train.cpython-311-x86_64-linux-gnu.so").write_bytes(b"\x7fELF\0")  # it comes before train.py
    check_own_functions(study, tmp_path)

    (tmp_path / "train").mkdir()
    (tmp_path / "train/__init__.py").write_text(WRONG)  # and a package before both
    with pytest.raises(UserError, match=r"train/__init__\.py, line 1"):
        check_own_functions(study, tmp_path)
