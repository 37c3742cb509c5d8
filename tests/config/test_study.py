"""The study model: the resolved settings of a variant, and their canonical text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest
from seedwise.config.reading import read_study
from seedwise.config.study import Run, RunSettings, Study, TrackingSettings, TrainingSettings, Variant
from seedwise.trainers.image_classifier import settings as settings_module
from seedwise.trainers.image_classifier.settings import STREAMS

ROOT = Path(__file__).parents[2]
"""Plan hash of the default study since its first report; the form in which a plan is written does not matter."""
DEFAULT = read_study(ROOT / "config.yaml")


def study(**changes: Any) -> Study:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return Study.model_validate(config | changes)


def test_the_default_study_has_three_variants_and_nine_runs_in_order() -> None:
    assert [variant.name for variant in DEFAULT.variants] == ["baseline", "augment", "dropout"]
    expected = [Run(variant, seed) for variant in ("baseline", "augment", "dropout") for seed in (0, 1, 2)]
    assert DEFAULT.runs() == expected


def test_a_variant_replaces_its_settings_and_no_others() -> None:
    baseline, augment = DEFAULT.settings("baseline"), DEFAULT.settings("augment")
    assert augment.training.augmentation == ("random_crop", "random_horizontal_flip")
    assert augment.replace({"training.augmentation": ()}) == baseline
    assert DEFAULT.settings("dropout").model.dropout == 0.2
    assert baseline.model.dropout == 0.0


def test_a_variants_label_is_its_name_unless_given() -> None:
    assert Variant.model_validate({"name": "a"}).label == "a"
    assert DEFAULT.variant("dropout").label == "+ Dropout"


def test_an_unknown_variant_is_reported_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r'found "augmnt"; did you mean "augment"\?'):
        DEFAULT.variant("augmnt")


def test_paths_of_results() -> None:
    folder = Path("results/fashion-mnist")
    assert DEFAULT.folder() == folder
    assert DEFAULT.folder("elsewhere") == Path("elsewhere/fashion-mnist")
    assert DEFAULT.run_folder("augment", 2) == folder / "runs" / "augment" / "seed2"
    assert DEFAULT.record_path("augment", 2) == folder / "runs" / "augment" / "seed2" / "metrics.json"


def test_the_canonical_text_and_digest_are_pinned() -> None:
    # A change here retrains every run of every user: make it only on purpose.
    assert DEFAULT.settings("baseline").canonical() == (
        '{"dataset":{"image_size":null,"name":"fashion_mnist","subset":null,"validation_fraction":0.1},'
        '"model":{"dropout":0.0,"input_size":null,"name":"small_cnn","pretrained":false,"trainable":"all"},'
        '"training":{"augmentation":[],"batch_size":64,"compile":false,"determinism":"off","device":"auto","ema":null,"epochs":3,'
        '"gradient_clipping":null,"label_smoothing":0.0,"learning_rate":0.05,"learning_rate_ratio":1.0,"mixup":0.0,"momentum":0.9,'
        '"optimizer":"sgd","precision":"auto","schedule":"one_cycle","threads":1,"weight_decay":0.0}}'
    )
    assert DEFAULT.settings("baseline").digest() == "87b6767ee3ae"


def test_the_canonical_text_can_be_read() -> None:
    for variant in DEFAULT.variants:
        resolved = DEFAULT.settings(variant.name)
        assert RunSettings.from_canonical(resolved.canonical()) == resolved
    with pytest.raises(ValidationError):
        RunSettings.from_canonical('{"dataset":{}}')


def test_the_location_of_the_files_is_not_in_the_canonical_text() -> None:
    here, there = study(dataset={"folder": "here"}), study(dataset={"folder": "there"})
    assert here.dataset.folder == "here"
    assert here.settings("baseline").canonical() == there.settings("baseline").canonical()


def test_one_number_has_one_canonical_text_however_it_is_written() -> None:
    texts = set()
    for written in ("0.1", "1.0e-1", ".1", "0.10"):
        texts.add(study(training=yaml.safe_load(f"{{learning_rate: {written}}}")).settings("baseline").canonical())
    assert len(texts) == 1
    assert study(training={"learning_rate": 1}).settings("baseline").training.learning_rate == 1.0
    whole, point = (study(training={"learning_rate": value}).settings("baseline").digest() for value in (1, 1.0))
    assert whole == point


def test_a_default_written_out_or_left_out_is_the_same_run() -> None:
    left_out, written = study(training={}), study(training=TrainingSettings().model_dump(mode="json"))
    assert left_out.settings("baseline").canonical() == written.settings("baseline").canonical()


rates = st.floats(min_value=1e-6, max_value=0.99)
sections = st.fixed_dictionaries(
    {
        "epochs": st.integers(1, 100),
        "batch_size": st.integers(1, 1000),
        "learning_rate": rates,
        "momentum": rates,
        "weight_decay": rates,
        "threads": st.integers(1, 64),
        "optimizer": st.sampled_from(settings_module.OPTIMIZERS),
    }
)


def canonical(training: Mapping[str, Any]) -> str:
    settings = {"dataset": {}, "model": {}, "training": training}
    return RunSettings.model_validate(settings).canonical()


@given(training=sections, data=st.data())
def test_the_order_of_keys_never_changes_the_canonical_text(training: dict[str, Any], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(training.items()))))
    assert canonical(shuffled) == canonical(training)
    by_variant = {f"training.{key}": value for key, value in shuffled.items()}
    overridden = RunSettings.model_validate({"dataset": {}, "model": {}, "training": {}}).replace(by_variant)
    assert overridden.canonical() == canonical(training)


@given(training=sections, pair=st.sampled_from([("learning_rate", "weight_decay"), ("epochs", "batch_size")]))
def test_swapping_two_values_changes_the_canonical_text(training: dict[str, Any], pair: tuple[str, str]) -> None:
    first, second = pair
    assume(training[first] != training[second])
    assert canonical(training | {first: training[second], second: training[first]}) != canonical(training)


@given(training=sections)
def test_the_canonical_text_is_a_fixed_point(training: dict[str, Any]) -> None:
    text = canonical(training)
    assert RunSettings.from_canonical(text).canonical() == text
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text


@pytest.mark.parametrize("value", [True, "0.1", None, float("nan"), float("inf"), [0.1]])
def test_only_finite_numbers_are_numbers(value: object) -> None:
    with pytest.raises(ValidationError):
        TrainingSettings.model_validate({"learning_rate": value})


@pytest.mark.parametrize("value", [True, "3", 3.0, 0])
def test_only_whole_numbers_count_epochs(value: object) -> None:
    with pytest.raises(ValidationError):
        TrainingSettings.model_validate({"epochs": value})


def test_functions_of_the_user_are_names() -> None:
    own = {"optimizer": "my.optim:lion", "schedule": "mine:warmup", "augmentation": ["random_crop", "mine:blur"]}
    assert TrainingSettings.model_validate(own).augmentation == ("random_crop", "mine:blur")
    for wrong in ("my.optim", "my optim:lion", ":lion", "my.optim:", "my..optim:lion", "my.optim:lion()"):
        with pytest.raises(ValidationError):
            TrainingSettings.model_validate({"optimizer": wrong})


def test_trainable_is_a_word_or_a_number_of_frozen_epochs() -> None:
    frozen = study(model={"trainable": {"freeze_epochs": 2}}).settings("baseline")
    assert RunSettings.from_canonical(frozen.canonical()) == frozen
    assert '"trainable":{"freeze_epochs":2}' in frozen.canonical()
    for wrong in ("heads", {"freeze_epochs": 0}, {"freeze_epochs": True}, {"freeze": 1}, 3, None):
        with pytest.raises(ValidationError):
            study(model={"trainable": wrong})


def test_yamls_off_is_read_as_a_word() -> None:
    assert study(training=yaml.safe_load("{determinism: off}")).training.determinism == "off"
    with pytest.raises(ValidationError):
        study(training={"determinism": True})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"dataset": {"image_size": 32}}, "variant baseline: dataset.image_size: fashion_mnist has a fixed size"),
        ({"model": {"pretrained": True}}, "variant baseline: model.pretrained: no pretrained weights for small_cnn"),
        ({"model": {"trainable": {"freeze_epochs": 3}}, "training": {"epochs": 3}}, "freeze_epochs is 3 of 3 epochs"),
    ],
)
def test_contradictory_settings_are_one_clear_line(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        study(**sections).settings("baseline")


def test_a_study_is_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        DEFAULT.training.epochs = 5  # type: ignore[misc]


def test_the_model_itself_refuses_contradictory_settings() -> None:
    with pytest.raises(ValidationError, match="seeds must be unique"):
        study(seeds=[1, 1])
    with pytest.raises(ValidationError, match="variant names must be unique"):
        study(variants=[{"name": "baseline"}, {"name": "baseline"}])
    with pytest.raises(ValidationError, match="write false"):
        study(analysis={"baseline": "baseline", "metric": "validation_loss", "higher_is_better": True})
    with pytest.raises(ValidationError, match='found "f1"'):
        study(analysis={"baseline": "baseline", "metric": "f1", "higher_is_better": True})


def test_the_trainers_metric_and_its_direction_may_be_left_out() -> None:
    plain = study(analysis={"baseline": "baseline"}).analysis
    written = study(analysis={"baseline": "baseline", "metric": "test_accuracy", "higher_is_better": True}).analysis
    assert plain == written
    assert plain.digest([0, 1, 2], ["baseline"]) == written.digest([0, 1, 2], ["baseline"])
    loss = study(analysis={"baseline": "baseline", "metric": "test_loss"}).analysis
    assert not loss.higher_is_better
    assert loss == study(analysis={"baseline": "baseline", "metric": "test_loss", "higher_is_better": False}).analysis


def test_pulled_runs_may_have_any_metric() -> None:
    pulled = {"from": "csv", "path": "runs.csv"}
    f1 = study(analysis={"baseline": "baseline", "metric": "f1", "higher_is_better": True}, runs=pulled).analysis
    assert (f1.metric, f1.higher_is_better) == ("f1", True)
    assert (
        study(analysis={"baseline": "baseline"}, runs=pulled).analysis
        == study(analysis={"baseline": "baseline"}).analysis
    )
    with pytest.raises(ValidationError, match="higher_is_better"):
        study(analysis={"baseline": "baseline", "metric": "f1"}, runs=pulled)


def test_a_study_survives_its_json() -> None:
    for written in (DEFAULT, study(analysis={"baseline": "baseline", "metric": "test_loss"})):
        assert Study.model_validate_json(written.model_dump_json(by_alias=True)) == written


def test_the_largest_seed_fits_in_64_bits() -> None:
    assert study(seeds=[2**63 - 1]).seeds == (2**63 - 1,)
    with pytest.raises(ValidationError):
        study(seeds=[2**63])


def test_tracking_survives_its_json() -> None:
    assert TrackingSettings.model_validate_json("{}").wandb.mode == "offline"
    assert TrackingSettings.model_validate_json(DEFAULT.tracking.model_dump_json()) == DEFAULT.tracking


@pytest.mark.parametrize(
    ("word", "expected"),
    [("adam", "adamw"), ("ADAMW", "adamw"), ("sdg", "sgd"), ("rmsprop", None)],
)
def test_nearest_finds_the_intended_name(word: str, expected: str | None) -> None:
    assert nearest(word, settings_module.OPTIMIZERS) == expected


def test_nearest_knows_names_from_other_libraries() -> None:
    assert nearest("gpu", ["auto", "cpu", "cuda"]) == "cuda"
    assert nearest("lr", ["learning_rate", "epochs"]) == "learning_rate"


def varying(*choices: list[str] | None) -> Study:
    sets = [{} if choice is None else {"training.vary": choice} for choice in choices]
    return study(
        variants=[{"name": f"v{index}", "set": overrides} for index, overrides in enumerate(sets)],
        analysis={"baseline": "v0"},
    )


def test_vary_is_in_the_canonical_text_only_if_something_is_fixed() -> None:
    everything, default, one = (study(training=training) for training in ({"vary": list(STREAMS)}, {}, {"vary": []}))
    assert everything.settings("baseline").canonical() == default.settings("baseline").canonical()
    assert '"vary":[]' in one.settings("baseline").canonical()
    first, second = varying(["order", "init"]), varying(["init", "order"])
    assert first.settings("v0").canonical() == second.settings("v0").canonical()
    resolved = first.settings("v0")
    assert RunSettings.from_canonical(resolved.canonical()) == resolved


def test_chance_is_in_the_canonical_text_only_if_the_study_sets_it() -> None:
    default, one = (study(training=training).settings("baseline") for training in ({}, {"chance_accuracy": 0.25}))
    assert "chance_accuracy" not in default.canonical()
    assert '"chance_accuracy":0.25' in one.canonical()
    assert [RunSettings.from_canonical(settings.canonical()) for settings in (default, one)] == [default, one]


def test_a_study_of_the_sources_of_variance_knows_which_source_varies() -> None:
    assert varying(None, ["split", "init"]).varied() == {"v0": STREAMS, "v1": ("init", "split")}
    assert varying(["init"], ["init"]).varied() == {}
    assert DEFAULT.varied() == {}


def test_variants_that_differ_in_more_than_vary_do_not_isolate_sources() -> None:
    mixed = study(
        variants=[
            {"name": "baseline"},
            {"name": "init", "set": {"training.vary": ["init"]}},
            {"name": "other", "set": {"training.vary": ["init"], "model.dropout": 0.5}},
        ]
    )
    assert mixed.varied() == {"baseline": STREAMS, "init": ("init",)}
