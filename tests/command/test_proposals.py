"""Proposals for results: from files below {out} and from the output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from seedwise.trainers.command.outputs.proposals import propose
from tests.command.places import make_place, read
from tests.command.test_results_files import LIGHTNING, TRAINER_STATE
from tests.command.test_results_output import MNIST, NANOGPT

WORD_LANGUAGE_MODEL = """\
| epoch   1 |   200/ 2983 batches | lr 20.00 | ms/batch 12.60 | loss  7.63 | ppl  2054.14
| end of epoch   1 | time: 39.82s | valid loss  5.71 | valid ppl   301.36
| End of training | test loss  5.03 | test ppl   152.93
"""


@pytest.mark.parametrize(
    ("output", "metric", "line", "value"),
    [
        (MNIST, "", r"results: {stdout: {accuracy: 'Accuracy: +(\S+)'}}", 0.9914),
        (MNIST, "", r"results: {stdout: {average_loss: 'Average loss: +(\S+)'}}", 0.0281),
        (NANOGPT, "val_loss", r"results: {stdout: {val_loss: val loss +(\S+)}}", 1.4),
        (WORD_LANGUAGE_MODEL, "test_loss", r"results: {stdout: {test_loss: test loss +(\S+)}}", 5.03),
        ("Accuracy on test: 84.2%\n", "accuracy", r"results: {stdout: {accuracy: 'Accuracy on test: +(\S+)'}}", 84.2),
    ],
)
def test_numbers_with_a_name_in_the_output(output: str, metric: str, line: str, value: float, tmp_path: Path) -> None:
    place = make_place(tmp_path, metric)
    place.log.write_text(output)
    found = {proposal.yaml: proposal.value for proposal in propose(place)}
    assert found.get(line) == value, found
    if metric:
        assert propose(place)[0].metric == metric


def test_files_and_output_with_the_wanted_metric_first(tmp_path: Path) -> None:
    place = make_place(tmp_path, "val_acc")
    place.log.write_text(MNIST)
    stamp = place.out / "2026-01-31_10-00-00"
    stamp.mkdir()
    results = {"epoch": 3.0, "eval_accuracy": 0.91, "eval_runtime": 3.1, "eval_samples_per_second": 30.0}
    (stamp / "all_results.json").write_text(json.dumps(results))
    (place.out / "metrics.csv").write_text(LIGHTNING)
    (place.out / "trainer_state.json").write_text(json.dumps(TRAINER_STATE))
    (place.out / "m.jsonl").write_text('{"step": 1, "eval": {"f1": 0.7}}\n')
    (place.out / "broken.json").write_text("{")
    (place.out / "empty.csv").touch()
    found = propose(place)
    assert found[0].yaml == "results: {json: '{out}/*/all_results.json', keys: {val_acc: eval_accuracy}}"
    assert found[0].value == 0.91
    assert not any("runtime" in proposal.metric or proposal.metric == "epoch" for proposal in found)
    assert "results: {jsonl: '{out}/m.jsonl', keys: [eval.f1]}" in [proposal.yaml for proposal in found]
    assert {Path(proposal.where).name for proposal in found} == {
        "all_results.json",
        "metrics.csv",
        "trainer_state.json",
        "m.jsonl",
        "the output",
    }
    for proposal in found:
        again = read(yaml.safe_load(proposal.yaml)["results"], place._replace(metric=""))
        assert again == {proposal.metric: proposal.value}


def test_nothing_to_propose(tmp_path: Path) -> None:
    place = make_place(tmp_path, "acc")
    place.log.write_text("epoch 3\nseed: 4\nhello 5 worlds\n")
    (place.out / "sizes.json").write_text('{"num_samples": 3, "seed": 1}')
    assert propose(place) == []
    place.log.unlink()
    assert propose(place) == []


@pytest.mark.parametrize(
    ("output", "metrics"),
    [
        ("trained on 3173 examples\nlistening on 3173\nusing 4 workers\nLoaded 60000 images\n", []),
        ("accuracy of 0.91\n", ["accuracy"]),
        ("the test loss is 0.25 after 3 hours\n", ["test_loss"]),
        ("reward 12 in 40 steps\n", ["reward"]),
        ("wins 12\nspeedup: 3\ncoverage 0.75\n", ["wins", "speedup", "coverage"]),
    ],
)
def test_a_number_in_a_sentence_is_no_metric(output: str, metrics: list[str], tmp_path: Path) -> None:
    place = make_place(tmp_path, "")
    place.log.write_text(output)
    assert sorted(found.metric for found in propose(place)) == sorted(metrics)
