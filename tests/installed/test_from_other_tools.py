"""docs/from-*.md: what each page shows runs as it is shown, and a study has the numbers that the other tool had."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.installed.conftest import LIMIT, ROOT, Installed, plain_environment
from tests.installed.test_examples import PATH, needs, values

pytestmark = pytest.mark.slow
NUMBER = r"\d+\.\d+(?:e-\d+)?"
Numbers = dict[str, list[float]]


def files_of(page: str, *, new: bool) -> dict[str, str]:
    """The files that a page shows, as they are with or without the lines that it calls new."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return {name: content if new else re.sub(r".*  # new.*\n", "", content) for name, content in found}


def write(files: dict[str, str], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def python(folder: Path, *words: str) -> str:
    environment = plain_environment() | {"PATH": PATH, "WANDB_MODE": "offline"}
    command = [sys.executable, *words]
    answer = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def from_sweep(folder: Path) -> Numbers:
    """What the agent of a sweep starts, one run after another."""
    needs("wandb")
    found: Numbers = {"baseline": [], "higher-lr": []}
    for name, rate in (("baseline", "0.01"), ("higher-lr", "0.03")):
        printed = python(folder, "train.py", f"--lr={rate}", "--momentum=0.9", "--seed=2")
        found[name] += [float(number) for number in re.findall(rf"^val_loss ({NUMBER})$", printed, re.MULTILINE)]
    return found


def from_multirun(folder: Path) -> Numbers:
    needs("hydra")
    text = (ROOT / "docs/from-hydra.md").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("python train.py --multirun"))
    printed = python(folder, *line.split()[1:])
    numbers = [float(number) for number in re.findall(rf"val_loss ({NUMBER})$", printed, re.MULTILINE)]
    return {"baseline": numbers[:3], "higher-lr": numbers[3:]}


def from_stage(folder: Path) -> Numbers:
    """The stage's own command, with the parameters that `dvc exp run -S` would write."""
    stage = (folder / "dvc.yaml").read_text()
    command = re.search(r"cmd: python (.*)", stage)
    assert command is not None
    parameters = (folder / "params.yaml").read_text()
    found: Numbers = {}
    for name, rate in (("baseline", "lr: 0.01"), ("higher-lr", "lr: 0.03")):
        found[name] = []
        for seed in range(3):
            changed = parameters.replace("lr: 0.01", rate).replace("seed: 0", f"seed: {seed}")
            (folder / "params.yaml").write_text(changed)
            python(folder, *command[1].split())
            found[name].append(float(re.findall(NUMBER, (folder / "metrics.json").read_text())[0]))
    return found


def from_notebook(folder: Path) -> Numbers:
    rows = [re.findall(NUMBER, line) for line in python(folder, "notebook.py").splitlines()]
    return {
        name: [float(number) for number in row[1:4]] for name, row in zip(("baseline", "higher-lr"), rows, strict=True)
    }


@pytest.mark.parametrize(
    ("page", "before"),
    [
        ("from-wandb-sweeps.md", from_sweep),
        ("from-hydra.md", from_multirun),
        ("from-dvc.md", from_stage),
        ("from-a-notebook.md", from_notebook),
    ],
)
def test_a_study_has_the_numbers_of_the_other_tool(
    page: str, before: Callable[[Path], Numbers], installed: Installed, tmp_path: Path
) -> None:
    expected = before(write(files_of(page, new=False), tmp_path / "before"))
    assert len(expected["baseline"]) == len(expected["higher-lr"]) > 0
    mine = write(files_of(page, new=True), tmp_path / "mine")
    answer = installed.run(mine, "run", "study.yaml", "runs", "--cores", "2", PATH=PATH)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = values(mine, "val_loss", variants=2, seeds=3)
    for name, numbers in expected.items():
        assert found[name][-len(numbers) :] == numbers


def test_numbers_of_a_notebook_are_analysed_as_the_page_says(installed: Installed, tmp_path: Path) -> None:
    text = (ROOT / "docs/from-a-notebook.md").read_text(encoding="utf-8")
    command = re.search(r"^ *seedwise (analyse .*)$", text, re.MULTILINE)
    assert command is not None
    with (tmp_path / "losses.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["variant", "seed", "val_loss"])
        table.writerows([rate, seed, 1 + rate + seed / 100] for rate in (0.01, 0.03) for seed in range(3))
    answer = installed.run(tmp_path, *command[1].replace('"', "").split())
    assert answer.returncode == 0, answer.stderr
    assert "0.03" in answer.stdout
