"""What a report takes from a study's config."""

from pathlib import Path

import pytest
import yaml

from seedwise.config.reading import load_study
from seedwise.config.study import Study
from seedwise.report.study_report import changes

ROOT = Path(__file__).resolve().parents[2]


def ready(name: str) -> Study:
    return load_study(yaml.safe_load((ROOT / "studies" / f"{name}.yaml").read_text()))


def test_a_setting_that_is_a_mapping_is_told_whole():
    study = ready("finetune-vs-features")
    assert changes(study, "features") == "model.pretrained = True, model.trainable = head"
    assert changes(study, "finetune") == (
        "model.pretrained = True, model.trainable = {freeze_epochs: 1}, training.learning_rate_ratio = 0.2"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "studies").glob("*.yaml")))
def test_every_variant_of_every_ready_study_says_how_it_differs(name):
    study = ready(name)
    told = {variant.name: changes(study, variant.name) for variant in study.variants}
    assert not told.pop(study.analysis.baseline)
    assert all(told.values())
