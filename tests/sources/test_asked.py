"""Which columns are proposed as the examples and the repeats of an evaluation."""

from __future__ import annotations

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
