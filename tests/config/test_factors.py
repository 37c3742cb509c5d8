"""Factorial studies: the variants that factors define."""

from __future__ import annotations

from pathlib import Path

import pytest

from seedwise.config.reading import read_study
from seedwise.config.study import Study

TEXT = """\
study: demo
title: Demo
factors:
  augmentation: {off: {}, on: {training.augmentation: [random_crop]}}
  dropout: {none: {model.dropout: 0.0}, light: {model.dropout: 0.2}}
seeds: [0, 1, 2]
analysis: {baseline: BASELINE}
"""


@pytest.fixture
def study(tmp_path):
    def read(baseline="baseline", more="", old="", new=""):
        path = tmp_path / "config.yaml"
        path.write_text(TEXT.replace("BASELINE", baseline).replace(old, new) + more)
        return read_study(path)

    return read


def test_the_product_has_every_combination_and_names_what_differs(study):
    product = study()
    assert [(variant.name, variant.label) for variant in product.variants] == [
        ("baseline", "Baseline"),
        ("dropout-light", "dropout light"),
        ("augmentation-on", "augmentation on"),
        ("augmentation-on_dropout-light", "augmentation on, dropout light"),
    ]
    both = product.settings("augmentation-on_dropout-light")
    assert both.training.augmentation == ("random_crop",)
    assert both.model.dropout == 0.2
    # YAML reads the plain words off and on as false and true, but they are names.
    assert product.factorial() == {
        "factors": {"augmentation": ("off", "on"), "dropout": ("none", "light")},
        "cells": {
            "baseline": ("off", "none"),
            "dropout-light": ("off", "light"),
            "augmentation-on": ("on", "none"),
            "augmentation-on_dropout-light": ("on", "light"),
        },
    }


def test_add_one_adds_each_component_to_the_baseline(study):
    added = study(more="design: add-one\n")
    assert [variant.name for variant in added.variants] == ["baseline", "augmentation-on", "dropout-light"]
    assert added.settings("dropout-light").training.augmentation == ()
    assert added.factorial() == {}


def test_leave_one_out_removes_each_component_from_the_full_set_up(study):
    left = study("full", "design: leave-one-out\n")
    assert [(variant.name, variant.label) for variant in left.variants] == [
        ("full", "Full"),
        ("without-augmentation", "Without augmentation"),
        ("without-dropout", "Without dropout"),
    ]
    assert left.settings("full").model.dropout == 0.2
    assert left.settings("without-dropout").model.dropout == 0.0
    assert left.settings("without-dropout").training.augmentation == ("random_crop",)


def test_levels_may_be_numbers(study):
    rates = study(old="{off: {}, on: {training.augmentation: [random_crop]}}", new="{0.1: {}, 1: {training.epochs: 1}}")
    assert [variant.name for variant in rates.variants][2] == "augmentation-1"


def test_a_factorial_study_survives_its_json(study):
    product = study()
    assert Study.model_validate_json(product.model_dump_json(by_alias=True)) == product


def test_the_provided_study_has_four_variants():
    ready = read_study(Path(__file__).parents[2] / "studies" / "factorial.yaml")
    assert len(ready.variants) == 4
    assert ready.analysis.baseline == "baseline"
