"""docs/results.md: every YAML block is valid, and what it says of numbers and of shells is true."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedwise.trainers.command.outputs.columns import STEPS
from seedwise.trainers.command.outputs.numbers import NotANumberError, number
from seedwise.trainers.command.outputs.reading import read_history
from seedwise.trainers.command.outputs.settings import WORDS, MetricsSource
from tests.command.places import HISTORY, RESULTS, SCORES, make_place, read

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
MODELS = {"results": RESULTS, "history": HISTORY, "scores": SCORES}


def table(heading: str) -> list[str]:
    """First cells of the first table below a heading."""
    section = PAGE.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    rows = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
    return rows[2:]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.strip().splitlines()[-1][:40])
def test_every_example_is_valid(block: str) -> None:
    ((key, value),) = yaml.safe_load(block).items()
    assert MODELS[key].validate_python(value)


def test_every_kind_and_every_way_to_take_has_an_example() -> None:
    parsed: list[Any] = [source for block in BLOCKS for source in _sources(yaml.safe_load(block))]
    assert {key for source in parsed for key in source} >= set(MetricsSource.kinds)
    words = {word for cell in table("### Tables: CSV, JSONL, and lists in JSON") for word in re.findall(r"\w+", cell)}
    assert words >= {*WORDS, "mean_last", "at_min", "at_max"}
    kinds = re.findall(r"`\{(\w+): ", PAGE.split("### JSON")[0])
    assert kinds == ["json", "csv", "jsonl", "stdout", "tensorboard", "mlflow"]


def _sources(block: dict[str, Any]) -> list[dict[str, Any]]:
    (value,) = block.values()
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def test_what_counts_as_a_number() -> None:
    section = PAGE.split("## What counts as a number", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", section, re.MULTILINE)[1:]
    assert len(rows) == 9
    for written, said in rows[1:]:
        for text in re.findall(r"`(.*?)`", written.replace("`null` in JSON, an empty cell", "``")):
            if said.startswith(("an error", "no value")):
                with pytest.raises(NotANumberError):
                    number(text)
            elif found := re.search(r"\d+(\.\d+)?", said):
                assert number(text) == float(found[0])


def test_the_names_of_steps() -> None:
    sentence = PAGE.split("without it,\nthe first of ", 1)[1].split(" that is there", 1)[0]
    named = re.findall(r"\w+", sentence.replace(" and ", " "))
    assert [step for step in STEPS if step in named] == named


def run_snippet(language: str, command: list[str], folder: Path) -> None:
    (snippet,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    start = {"sh": "step=3 loss=0.5 bpb=1.25\n", "r": "step <- 3; loss <- 0.5; bpb <- 1.25\n"}[language]
    place = make_place(folder)
    environment = {
        "PATH": "/usr/bin:/bin",
        "SEEDWISE_RESULTS": str(place.results),
        "SEEDWISE_HISTORY": str(place.history),
    }
    subprocess.run([*command, start + snippet], check=True, env=environment)
    assert read("logged", place) == {"val_bpb": 1.25}
    assert read_history("logged", place) == [{"step": 3, "train_loss": 0.5}]


def test_the_shells_lines_work(tmp_path: Path) -> None:
    run_snippet("sh", ["sh", "-c"], tmp_path)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="needs R")
def test_rs_lines_work(tmp_path: Path) -> None:
    run_snippet("r", ["Rscript", "-e"], tmp_path)
