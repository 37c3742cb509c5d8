"""Which columns are proposed as the examples and the repeats of an evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from seedwise.cli import main

FLAGS = ("--variant", "model", "--higher-is-better")
WAY = "--example question_id --repeat sample"


@pytest.fixture
def analyse(tmp_path, monkeypatch, capsys):
    """Analyse answers of two models to 40 questions about 20 texts, three to each; return the status and the text."""
    monkeypatch.chdir(tmp_path)
    rows = [
        (model, question, question // 2, f"{model}{question}{sample}", sample, (question * 7 + sample * 3) % period > 0)
        for sample in range(3)
        for model, period in (("a", 3), ("b", 5))
        for question in range(40)
    ]
    names = ["model", "question_id", "text", "event", "sample", "correct"]
    pd.DataFrame(rows, columns=names).to_json("t.jsonl", orient="records", lines=True)

    def run(*flags: str) -> tuple[int, str]:
        status = main(["analyse", "t.jsonl", "--metric", "correct", "--baseline", "a", *FLAGS, *flags])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), f"If each row is an answer to a question, add {WAY}."),
        (("--seed", "sample"), f"are they answers to questions? Then add {WAY}, so that"),
        (("--number-runs",), f"are they answers to questions? Then add {WAY}, so that"),
        (
            ("--example", "sample"),
            f"there are 3 examples in sample, and 40 values in question_id; if those are the examples, say {WAY}; else",
        ),
    ],
)
def test_the_questions_are_proposed_as_examples_and_not_the_repeats(analyse, flags, said):
    status, text = analyse(*flags)
    assert (status, said in text) == (2, True)


def test_examples_and_repeats_the_other_way_round_are_pointed_out(analyse):
    status, text = analyse("--example", "sample", "--repeat", "question_id")
    assert (status, "TOO_FEW_EXAMPLES" in text) == (0, True)
    assert (
        f"There are 3 examples in sample, and 40 values in question_id; if those are the examples, say {WAY}." in text
    )
    status, text = analyse(*WAY.split())
    assert status == 0
    assert "if those are the examples" not in text


@pytest.fixture
def events(tmp_path, monkeypatch, capsys):
    """Analyse logs of events, of which some are answers: two models, 20 questions, three answers to each."""
    monkeypatch.chdir(tmp_path)
    for model, period in (("a", 3), ("b", 5)):
        for sample in range(3):
            rows: list[dict[str, object]] = [{"spec": model}]
            for question in range(20):
                rows += [
                    {"sample_id": f"q{question}", "type": "sampling"},
                    {"sample_id": f"q{question}", "type": "match", "right": (question * 7 + sample * 3) % period > 0},
                ]
            Path(f"{model}_{sample}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def run(pattern: str, *flags: str) -> tuple[int, str]:
        where = ["analyse", "[ab]_*.jsonl", "--path-name", pattern]
        status = main([*where, "--metric", "right", "--higher-is-better", "--baseline", "a", *flags])
        printed = capsys.readouterr()
        return status, " ".join((printed.out + printed.err).split())

    return run


EVENTS = ("--example", "sample_id", "--where", "type=match")


@pytest.mark.parametrize(("role", "said"), [("repeat", "New repeats?"), ("seed", "New seeds?"), ("judge", "judges")])
def test_a_placeholder_with_the_name_of_a_role_has_it(events, role, said):
    status, text = events(f"{{variant}}_{{{role}}}.jsonl", *EVENTS)
    assert (status, said in text) == (0, True)


def test_a_placeholder_for_the_example_makes_an_evaluation(events):
    status, text = events("{variant}_{example}.jsonl", "--where", "type=match", "--repeat", "sample_id")
    assert (status, "TOO_FEW_EXAMPLES" in text) == (0, True)


def test_a_placeholder_can_be_given_another_role(events):
    status, text = events("{variant}_{seed}.jsonl", *EVENTS, "--repeat", "seed")
    assert (status, "New repeats?" in text, "New seeds?" in text) == (0, True, False)


def test_rows_that_are_no_answers_are_left_out_as_the_message_says(events):
    status, text = events("{variant}_{repeat}.jsonl", "--example", "sample_id")
    assert status == 2
    assert "row 1: no example, because sample_id is empty (so in 6 rows)" in text
    assert text.endswith("leave such rows out with --where type=match")
    status, text = events("{variant}_{repeat}.jsonl", "--example", "sample_id", "--where", "sample_id!=")
    assert (status, "Add --where type=match for one of them" in text) == (2, True)
