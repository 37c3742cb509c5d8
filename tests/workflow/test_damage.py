"""Files that are damaged after a run: all are named at once with one remedy to paste, and none is believed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.workflow.conftest import ROOT
from tests.workflow.forks import forks
from tests.workflow.programs import ProgramProject, make_program

pytestmark = pytest.mark.slow
TORN = {"empty": b"", "binary": bytes(range(256)) * 8, "other encoding": "variant,seed\n".encode("utf-16")}


def remedy(said: str) -> str:
    """The command that a message offers."""
    return next(line for line in said.splitlines() if re.match(r"  (rm|cut) ", line))


def script(project, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the workflow by hand, as its rule does."""
    study = next(project.results.glob("study-*.json"))
    return subprocess.run(
        [
            forks().python,
            ROOT / f"workflow/scripts/{name}.py",
            "--study",
            study.relative_to(project.folder),
            *arguments,
        ],
        cwd=project.folder,
        capture_output=True,
        text=True,
        env=project.environment() | {"PYTHONPATH": str(ROOT)},
        check=False,
    )


def page(project) -> subprocess.CompletedProcess[str]:
    """Render the page, which has the learning curves."""
    record = ("--record", "results/tiny/runs/baseline/seed0/metrics.json")
    return script(project, "render_page", "--runs", "results/tiny/runs.csv", *record, "--out", "results/tiny/page.html")


def refused(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: ")
    assert "Traceback" not in answer.stderr
    return answer.stderr


@pytest.fixture(scope="module")
def of_program(tmp_path_factory):
    made = make_program(tmp_path_factory.mktemp("made") / "project")
    made.edit("train.py", 'print("resuming', 'print("again')
    with (made.folder / "train.py").open("a") as stream:
        stream.write(
            "    import seedwise\n    for step in range(4):\n        seedwise.log(step, loss=loss + 1 / (step + 1))\n"
        )
    return made


def test_damaged_records_histories_and_scores_are_named_at_once_and_removed_by_one_command(project):
    runs = {
        (variant, seed): project.record(variant, seed).parent for variant in ("baseline", "dropout") for seed in (0, 1)
    }
    right = {path: json.loads((path / "metrics.json").read_text())["metrics"] for path in runs.values()}
    history = runs["baseline", 0] / "history.csv"
    history.write_text(history.read_text()[:-9])
    (runs["baseline", 1] / "history.csv").write_bytes(b"")
    np.savez(runs["dropout", 0] / "predictions.npz", correct=np.ones(7))
    edited = json.loads((runs["dropout", 1] / "metrics.json").read_text())
    edited["metrics"]["test_loss"] += 0.001
    (runs["dropout", 1] / "metrics.json").write_text(json.dumps(edited))
    said = refused(script(project, "collect_runs", "--out", "results/tiny/runs.csv"))
    for reason in (
        "baseline/seed0/metrics.json: its history.csv was changed after the run",
        "baseline/seed1/metrics.json: its history.csv was changed after the run",
        "dropout/seed0/metrics.json: its test_accuracy is",
        "dropout/seed1/metrics.json: it was edited after the run",
    ):
        assert reason in said
    assert "4 run records of study tiny cannot be used" in refused(page(project))
    subprocess.run(remedy(said), shell=True, cwd=project.folder, check=True)
    assert project.made()["train_run"] == 4
    assert {path: json.loads((path / "metrics.json").read_text())["metrics"] for path in runs.values()} == right


@pytest.mark.parametrize("damage", TORN)
def test_damaged_tables_are_named_at_once_and_made_again(project, damage):
    results = project.results
    right = {name: (results / f"{name}.csv").read_bytes() for name in ("runs", "summary", "comparisons")}
    for name in ("summary", "comparisons"):
        (results / f"{name}.csv").write_bytes(TORN[damage])
    out = ("--record", "results/tiny/runs/baseline/seed0/metrics.json", "--out", "results/tiny/results.md")
    said = refused(script(project, "render_report", "--runs", "results/tiny/runs.csv", *out))
    assert remedy(said) == "  rm -f results/tiny/summary.csv results/tiny/comparisons.csv"
    (results / "runs.csv").write_bytes(TORN[damage])
    said = refused(script(project, "analyse_study", "--runs", "results/tiny/runs.csv"))
    assert remedy(said) == "  rm -f results/tiny/runs.csv"
    if damage == "empty":  # the plain command makes them again, with the same content
        for name in right:
            (results / f"{name}.csv").unlink()
        assert "train_run" not in project.made()
        assert {name: (results / f"{name}.csv").read_bytes() for name in right} == right


def test_numbers_that_were_edited_in_a_table_are_not_reported(project):
    runs = project.results / "runs.csv"
    runs.write_text(re.sub(r",finished,,0\.\d+", ",finished,,0.9999", runs.read_text()))
    assert "0.9999" in runs.read_text()
    answer = project.attempt()
    assert answer.returncode != 0
    assert "results/tiny/runs.csv: damaged or edited: it is not what the study wrote" in answer.stdout
    assert "Traceback" not in answer.stdout
    subprocess.run(remedy(answer.stdout), shell=True, cwd=project.folder, check=True)
    project.run()
    assert "0.9999" not in (project.results / "results.md").read_text()


@pytest.mark.parametrize("kind", ["folder", "binary"])
def test_a_record_of_a_program_that_is_none_is_made_again(of_program, tmp_path, kind):
    made = of_program.results / "runs/baseline/seed0/metrics.json"
    if not made.exists():
        of_program.run("--", "results/tiny/page.html")
    project = ProgramProject(tmp_path / "project")
    shutil.copytree(of_program.folder, project.folder, symlinks=True)
    record, right = project.record("baseline", 0), json.loads(made.read_text())["metrics"]
    record.unlink()
    if kind == "folder":
        record.mkdir()
        (record / "something").write_text("else")
    else:
        record.write_bytes(TORN["binary"])
    answer = project.attempt("--", "runs")
    if kind == "folder":
        assert answer.returncode != 0
        assert "Traceback" not in answer.stdout
        assert "it is a folder" in answer.stdout
        subprocess.run(re.search(r"mv \S+ \S+", answer.stdout)[0], shell=True, cwd=project.folder, check=True)
        answer = project.attempt("--", "runs")
    assert answer.returncode == 0, answer.stdout
    assert json.loads(record.read_text())["metrics"] == right


def test_a_torn_history_of_a_program_is_never_plotted(of_program, tmp_path):
    if not (of_program.results / "page.html").exists():
        of_program.run("--", "results/tiny/page.html")
    project = ProgramProject(tmp_path / "project")
    shutil.copytree(of_program.folder, project.folder, symlinks=True)
    history = project.results / "runs/dropout/seed1/history.csv"
    lines = history.read_text().splitlines(keepends=True)
    assert len(lines) > 3
    history.write_text("".join(lines[:-2]))  # at the end of a line, where nothing looks torn
    said = refused(page(project))
    assert "runs/dropout/seed1/metrics.json: its history.csv was changed after the run" in said
    subprocess.run(remedy(said), shell=True, cwd=project.folder, check=True)
    assert project.made("--", "runs")["train_run"] == 1
    assert history.read_text().splitlines(keepends=True) == lines


def test_a_changed_byte_in_prepared_data_is_noticed_though_their_digest_was_kept(project):
    data = next((project.folder / "data").glob("*.npz"))
    with np.load(data) as archive:
        arrays = dict(archive)
    arrays["train_images"][0, 0, 0, 0] ^= 1
    np.savez(data, **arrays)
    project.record("baseline", 0).unlink()
    answer = project.attempt("--", "runs")
    assert answer.returncode != 0
    name = data.relative_to(project.folder)
    assert f"{name}: the arrays in it were changed after they were prepared" in answer.stdout
    (project.folder / re.search(r": rm (\S+\.npz)", answer.stdout)[1]).unlink()
    assert project.made("--", "runs")["train_run"] == 1


def test_damaged_checkpoints_are_set_aside_and_their_runs_start_over(project):
    """One damaged in each way: empty, torn, with a changed byte, and whole but of something else."""
    import torch

    kept, right = {}, {}
    for (variant, seed), damage in {
        ("baseline", 0): lambda content: b"",
        ("baseline", 1): lambda content: content[: len(content) // 2],
        ("dropout", 0): lambda content: content.replace(b"\x01\x00\x00\x00\x02", b"\x01\x00\x00\x01\x02"),
        ("dropout", 1): lambda content: content,
    }.items():
        record = project.record(variant, seed)
        found = json.loads(record.read_text())
        origin, right[record] = found["provenance"], found["metrics"]
        name = f"{origin['settings_digest']}-{origin['code_digest']}-{origin['data_digest'][:12]}-{origin['precision']}"
        checkpoint = record.with_name(f"checkpoint-{name}.pt")
        torch.save({"progress": {}, "weights": torch.arange(1000, dtype=torch.int32)}, checkpoint)
        kept[record] = Path(f"{checkpoint}.damaged"), damage(checkpoint.read_bytes())
        checkpoint.write_bytes(kept[record][1])
        record.unlink()
    project.run("--", "runs")
    assert {record: json.loads(record.read_text())["metrics"] for record in right} == right
    for aside, content in kept.values():
        assert aside.read_bytes() == content
    for log in (project.results / "logs/train_run").glob("*/*.log"):
        assert "so the run starts from the beginning; the file is kept as" in log.read_text()
