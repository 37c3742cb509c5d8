"""Each example alone in a folder, run by the wheel, with the programs and packages that the user has on the PATH."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest

from tests.installed.conftest import LIMIT, ROOT, Installed
from tests.workflow.conftest import jobs

pytestmark = pytest.mark.slow
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
Start = Callable[..., str]


def needs(*packages: str) -> None:
    missing = [package for package in packages if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}: pip install -r requirements-dev.txt")


@pytest.fixture
def start(installed: Installed, tmp_path: Path) -> Start:
    """Run `seedwise` in the copy of an example, and return what it prints."""

    def run(*words: str) -> str:
        answer = installed.run(tmp_path / "mine", *words, "--cores", "2", PATH=PATH)
        printed = answer.stdout + answer.stderr
        assert answer.returncode == 0, printed
        return printed

    return run


def copy(name: str, folder: Path, seeds: int | None = None) -> Path:
    """Copy an example, without what somebody who tried it left there; where runs take long, with fewer seeds."""
    left = shutil.ignore_patterns("results", "out", ".snakemake", "__pycache__", "anneal")
    mine = shutil.copytree(ROOT / "examples" / name, folder / "mine", ignore=left)
    if seeds:
        text = (mine / "study.yaml").read_text()
        fewer = re.sub(r"^seeds: .*$", f"seeds: {list(range(seeds))}", text, flags=re.MULTILINE)
        assert fewer != text
        (mine / "study.yaml").write_text(fewer)
    return mine


def folders(mine: Path) -> dict[tuple[str, int], Path]:
    """The folders of finished runs by variant and seed."""
    places = mine.glob("results/*/runs/*/seed*/metrics.json")
    return {(place.parts[-3], int(place.parts[-2].removeprefix("seed"))): place.parent for place in places}


def values(mine: Path, metric: str, variants: int, seeds: int) -> dict[str, list[float]]:
    """The metric of every run by variant, after a look at what any study has to leave."""
    found = defaultdict(list)
    for (variant, _), folder in sorted(folders(mine).items()):
        record = json.loads((folder / "metrics.json").read_text())
        assert record["status"] == "finished"
        assert not record["wrote"]  # nothing into the program's own folder
        found[variant].append(record["metrics"][metric])
    assert [len(numbers) for numbers in found.values()] == [seeds] * variants
    assert all(len(set(numbers)) > 1 for numbers in found.values())  # the seed arrives
    return dict(found)


def nothing_is_left_to_do(start: Start) -> bool:
    return "Nothing to be done" in start("run", "study.yaml", "runs", "-n")


def table(path: Path) -> list[dict[str, str]]:
    with path.open() as stream:
        return list(csv.DictReader(stream))


def interrupt_again(record: Path) -> None:
    """Make a finished run one that was interrupted after its last checkpoint."""
    made_with = json.loads(record.read_text())["provenance"]
    identity = {key: made_with[f"{key}_digest"] for key in ("settings", "code", "data", "environment")}
    (record.parent / "identity.json").write_text(json.dumps(identity, sort_keys=True))
    record.unlink()


def test_pytorch(start: Start, tmp_path: Path) -> None:
    needs("torch", "sklearn", "PIL")
    mine = copy("pytorch", tmp_path, seeds=2)
    start("run", "study.yaml", "runs")
    psnr = values(mine, "PSNR", variants=3, seeds=2)
    assert all(14 < value < 22 for numbers in psnr.values() for value in numbers)
    assert min(psnr["fourier"]) > max(psnr["baseline"]) + 1
    run = folders(mine)["baseline", 0]
    history = table(run / "history.csv")
    assert [float(row["step"]) for row in history] == list(range(50, 401, 50))
    assert float(history[-1]["PSNR"]) == psnr["baseline"][0]
    assert nothing_is_left_to_do(start)

    record = run / "metrics.json"
    interrupt_again(record)
    assert jobs(start("run", "study.yaml", "runs", "-p"))["train_run"] == 1
    again = json.loads(record.read_text())
    assert again["command"][-2:] == ["--resume", str((run / "out/last.pt").relative_to(mine))]
    assert again["metrics"]["PSNR"] == psnr["baseline"][0]


def test_lightning(start: Start, tmp_path: Path) -> None:
    needs("lightning", "sklearn")
    mine = copy("lightning", tmp_path, seeds=2)
    start("run", "study.yaml", "runs")
    accuracies = values(mine, "test_acc", variants=2, seeds=2)
    assert all(0.7 < value < 1 for numbers in accuracies.values() for value in numbers)
    for (variant, seed), folder in folders(mine).items():
        rows = table(folder / "out/lightning_logs/version_0/metrics.csv")
        chosen = min(rows, key=lambda row: float(row["val_loss"]))
        assert accuracies[variant][seed] == float(chosen["test_acc"])
        assert len(table(folder / "history.csv")) == 8  # epochs
    assert nothing_is_left_to_do(start)


def test_scikit_learn_to_the_report(start: Start, tmp_path: Path) -> None:
    needs("sklearn")
    mine = copy("scikit-learn", tmp_path)
    printed = start("run", "study.yaml")
    accuracies = values(mine, "test_accuracy", variants=3, seeds=5)
    assert all(0.85 < value < 1 for numbers in accuracies.values() for value in numbers)
    assert fmean(accuracies["extra"]) > fmean(accuracies["random"])
    for (variant, seed), folder in folders(mine).items():
        scores = [float(row["score"]) for row in table(folder / "scores.csv")]
        assert len(scores) == 397
        assert fmean(scores) == pytest.approx(accuracies[variant][seed])
    report = (mine / "results/forests/results.md").read_text()
    assert "- **Extra trees** is **better** than **Random forest**" in report
    new_test_set = report.split("### Would a new test set")[1]
    few = next(line for line in new_test_set.splitlines() if line.startswith("| Fewer features |"))
    assert few.count("[−") == 2  # both intervals contain 0
    # Runs of one variant have the same accuracy by chance, as 397 examples allow. Their scores differ.
    assert "gave exactly the same numbers" not in printed
    assert "Nothing to be done" in start("run", "study.yaml", "-n")


def test_c(start: Start, tmp_path: Path) -> None:
    if not (shutil.which("cc") and shutil.which("make")):
        pytest.skip("needs cc and make, a C compiler")
    mine = copy("c", tmp_path)
    source = mine / "anneal.c"

    def make() -> None:
        subprocess.run(["make", "-B"], cwd=mine, check=True, capture_output=True, timeout=LIMIT)

    make()
    start("run", "study.yaml", "runs")
    lengths = values(mine, "length_km", variants=3, seeds=5)
    assert all(18_000 < value < 22_000 for numbers in lengths.values() for value in numbers)
    assert fmean(lengths["longer"]) < fmean(lengths["annealing"]) < fmean(lengths["greedy"])
    history = table(folders(mine)["longer", 4] / "history.csv")
    assert float(history[-1]["step"]) == 200_000
    assert float(history[-1]["length_km"]) == lengths["longer"][4]
    source.write_text(source.read_text() + "/* A comment leaves the binary as it is. */\n")
    make()
    assert nothing_is_left_to_do(start)
    source.write_text(source.read_text().replace("pow(0.001", "pow(0.01"))
    make()
    assert jobs(start("run", "study.yaml", "runs", "-n"))["train_run"] == 15


def test_hydra(start: Start, tmp_path: Path) -> None:
    needs("hydra", "sklearn")
    mine = copy("hydra", tmp_path, seeds=2)
    start("run", "study.yaml", "runs")
    errors = values(mine, "test_rmse", variants=3, seeds=2)
    assert all(45 < value < 75 for numbers in errors.values() for value in numbers)
    assert fmean(errors["stumps"]) < fmean(errors["baseline"])
    overrides = (folders(mine)["stumps", 1] / "out/.hydra/overrides.yaml").read_text()
    assert overrides == "- model.max_depth=1\n- model.subsample=1.0\n- seed=1\n"
    assert not (mine / "outputs").exists()
    assert nothing_is_left_to_do(start)


def test_hydra_into_its_own_folders_that_are_named_after_the_time(start: Start, tmp_path: Path) -> None:
    """What the README of the example says as well."""
    needs("hydra", "sklearn")
    mine = copy("hydra", tmp_path)
    study = mine / "study.yaml"
    text = study.read_text().replace(" hydra.run.dir={out}", "\n  isolate: copy")
    text = text.replace("{out}/metrics.json", "outputs/*/*/metrics.json").replace("[0, 1, 2, 3, 4]", "[0, 1]")
    study.write_text(text)
    start("run", "study.yaml", "runs")
    assert all(45 < value < 75 for numbers in values(mine, "test_rmse", 3, 2).values() for value in numbers)
    assert not (mine / "outputs").exists()


def test_prints(start: Start, tmp_path: Path) -> None:
    needs("numpy", "sklearn")
    mine = copy("prints", tmp_path, seeds=3)
    start("run", "study.yaml", "runs")
    accuracies = values(mine, "test_accuracy", variants=3, seeds=3)
    right = [value * 497 for numbers in accuracies.values() for value in numbers]
    assert right == pytest.approx([round(count) for count in right])  # the ratio, not the rounded percentage
    assert all(0.8 < count / 497 < 1 for count in right)
    assert fmean(accuracies["momentum"]) > fmean(accuracies["baseline"])
    history = table(folders(mine)["momentum", 2] / "history.csv")
    assert [float(row["epoch"]) for row in history] == list(range(1, 31))
    assert 80 < float(history[-1]["validation_accuracy"]) < 100
    assert float(history[-1]["train_loss"]) < float(history[0]["train_loss"])
    assert not list(mine.rglob("best.npy"))  # it was in the copies, which are gone
    assert nothing_is_left_to_do(start)
