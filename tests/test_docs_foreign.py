"""docs/foreign-programs.md and the studies beside it: each can be read, and the page shows what the files say."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from scipy.stats import ttest_ind

from seedwise.config.reading import read_study

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "foreign-programs.md").read_text(encoding="utf-8")
STUDIES = sorted((DOCS / "examples/foreign").glob("*.yaml"))
RESULTS = DOCS / "examples/foreign/cleanrl-dqn"
HEAD = re.compile(r"(#.*\n)+\n")


def test_there_are_six_programs() -> None:
    assert len(STUDIES) == 7


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_a_study_can_be_read_and_says_how_to_fetch_its_program(file: Path) -> None:
    study = read_study(file)
    assert study.study == file.stem
    assert study.command is not None
    assert 2 <= len(study.variants) <= 3
    assert len(study.seeds) >= 3
    text = file.read_text(encoding="utf-8")
    head = HEAD.match(text)
    assert head is not None
    assert re.search(r"\((BSD-3-Clause|MIT|Apache-2.0)\)", head[0])
    assert f"seedwise run {file.name}" in head[0] or f"seedwise try {file.name}" in head[0]
    for commit in re.findall(r"checkout -q (\w+)", head[0]):
        assert len(commit) == 40
        assert f"`{commit[:12]}`" in PAGE
    assert f"```yaml\n{text[head.end() :]}```\n" in PAGE
    assert f"({file.relative_to(DOCS)})" in PAGE


def test_the_committed_report_follows_from_the_committed_runs() -> None:
    with (RESULTS / "runs.csv").open(newline="") as stream:
        runs = list(csv.DictReader(stream))
    returns = {
        name: [float(run["episodic_return"]) for run in runs if run["variant"] == name]
        for name in ("baseline", "update-often", "explore-less")
    }
    study = read_study(DOCS / "examples/foreign/cleanrl-dqn.yaml")
    assert [int(run["seed"]) for run in runs if run["variant"] == "baseline"] == list(study.seeds)
    report = (RESULTS / "results.md").read_text(encoding="utf-8")
    for name in ("update-often", "explore-less"):
        found = ttest_ind(returns[name], returns["baseline"], equal_var=False)
        interval = found.confidence_interval(0.95)
        low, high = (f"{value:.2f}".replace("-", "−") for value in (interval.low, interval.high))
        assert f"[{low}, {high}]" in report
