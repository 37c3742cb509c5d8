"""What is told of a study while it runs, in a terminal and in a log, and of one that was stopped halfway."""

import json
import os
import pty
import re
import signal
import subprocess
import threading

import pytest

from tests.workflow.conftest import environment, stop_everything, training_processes, wait_for

pytestmark = pytest.mark.slow

MORE_VARIANTS = """\
  - {name: endless, set: {training.epochs: 100000}}
  - {name: broken, set: {training.augmentation: ["broken:augment"]}}
"""


@pytest.fixture
def half(project):
    """The finished study with two variants more, of which one never ends and one fails."""
    project.edit("config.yaml", "seeds: [0, 1]", f"{MORE_VARIANTS}seeds: [0, 1]")
    (project.folder / "broken.py").write_text(  # which is imported long enough to be seen
        "import time\n\ntime.sleep(3)\n\n\ndef augment(images, generator):\n    raise ValueError('of no use')\n"
    )
    return project


class Screen:
    """A pseudo-terminal of 80 columns, and everything that was written to it."""

    def __init__(self, project):
        parent, child = pty.openpty()
        self.text = ""
        self._parent = parent
        self.process = subprocess.Popen(
            project.command("--cores", "4"),  # or the endless runs may leave no core to the others
            cwd=project.folder,
            stdin=child,
            stdout=child,
            stderr=child,
            env={**environment(), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"},
            start_new_session=True,
        )
        os.close(child)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def answer(self, text):
        os.write(self._parent, f"{text}\n".encode())

    def _read(self):
        try:
            while chunk := os.read(self._parent, 65536):
                self.text += chunk.decode(errors="replace")
        except OSError:
            return  # the last process that had the terminal has ended


def status(project):
    printed = project.run("--quiet=all", "status_json")
    return json.loads(printed[printed.index("{") :])


def states(project):
    return {(run["variant"], run["seed"]): run["state"] for run in status(project)["runs"]}


def test_a_study_can_be_watched_looked_at_and_reported_on_while_it_runs_and_after(half):
    ledger = half.results / "registration.jsonl"
    before = {path: path.read_bytes() for path in half.results.glob("*.*") if path != ledger}
    known = ledger.read_bytes()
    screen = Screen(half)
    try:
        wait_for(lambda: "[y/N]" in screen.text)
        assert "these verdicts will be EXPLORATORY" in " ".join(screen.text.split()), (
            "variants were added after results"
        )
        screen.answer("y")
        # Until both broken runs have failed and both endless ones train, in whatever order.
        wait_for(lambda: len(list(half.results.glob("runs/endless/*/history.csv"))) == 2)
        wait_for(lambda: "2 failed" in screen.text)

        looked = status(half)
        assert looked["expected"] == 8
        assert (looked["counts"]["finished"], looked["counts"]["failed"], looked["counts"]["running"]) == (4, 2, 2)
        running = next(run for run in looked["runs"] if run["state"] == "running")
        assert running["epoch"] >= 1
        failed = next(run for run in looked["runs"] if run["state"] == "failed")
        assert failed["reason"] == "ValueError: of no use"
        assert "of no use" in (half.folder / failed["log"]).read_text()

        assert half.run("--", "interim").splitlines()[1:] == [
            "4 of 8 runs finished, 2 failed, 2 running",
            "interim report: results/tiny/interim/results.md",
        ]
        report = (half.results / "interim/results.md").read_text()
        assert "This is an interim report: 4 of 8 runs have a result." in report
        assert "2 failed: broken seed 0 (ValueError: of no use; log: results/tiny/logs/train_run" in report
        assert re.search(r"2 running: endless seed 0 \(epoch \d+ of 100000\)", report)
        assert (
            "6 of 8 planned runs have ended (4 variants × 2 seeds): 4 finished, 0 diverged, 2 failed, 2 running."
            in report
        )
        assert "### endless: EXPLORATORY TOO_FEW_SEEDS" in report
        assert {path: path.read_bytes() for path in before} == before
        assert ledger.read_bytes().startswith(known)
        assert screen.process.poll() is None

        os.kill(training_processes(half)[0], signal.SIGKILL)
        wait_for(lambda: "3 failed" in screen.text)
        os.killpg(screen.process.pid, signal.SIGINT)
        screen.process.wait(60)
        assert sorted(states(half).values()) == sorted(["finished"] * 4 + ["failed"] * 3 + ["interrupted"])
    finally:
        stop_everything(half, screen.process)
    lines = re.split(r"\r?\n", screen.text)
    assert any(re.search(r"4 of 8 runs done, 2 running, 2 failed; about .* left", line) for line in lines)
    assert any(re.search(r"endless   ▸▸  seed 0: epoch \d+ of 100000, .*; seed 1: ", line) for line in lines)
    assert any(re.search(r"^  broken    ✗✗$", line) for line in lines)
    assert "seed 0: importing" in screen.text
    assert "\x1b[5A\x1b[J" in screen.text, "the lines are drawn in place"
    assert "killed, out of memory" in screen.text
    drawn = [line for line in lines if re.search(r"runs? done,|: epoch ", line)]
    plain = [re.sub(r"\x1b\[[0-9;]*[A-Za-z]|\r", "", line) for line in drawn]
    assert [line for line in plain if len(line) >= 80] == []
    assert "Finished jobid" not in screen.text
    assert "accuracy" not in screen.text, "no score is shown while runs are missing"


def test_a_log_says_in_a_line_what_each_run_came_to(project):
    record = project.record("baseline", 0)
    record.unlink()
    printed = project.run("--", str(record.relative_to(project.folder)))
    lines = re.sub(r"\d+ s$", "some time", printed, flags=re.MULTILINE).splitlines()
    assert [line for line in lines if not re.match(r"\[\d\d:", line)] == [  # without what a slow machine adds
        "Using workflow specific profile profiles/default for setting default command line arguments.",
        "tiny: Tiny study",
        "1 run to do: 1 variant × 1 seed",
        "results will be in results/tiny; no score is shown before all runs are in",
        "2 seeds per variant will give no verdict, which needs at least 3",
        "[1/1] baseline seed 0: some time",
        "1 of 1 run done, after some time",
    ]


def test_runs_of_other_settings_are_outdated_and_a_report_goes_without_them(project):
    project.edit("config.yaml", "learning_rate: 0.05,", "learning_rate: 0.04,")
    project.edit("config.yaml", "set: {model.dropout: 0.2,", "set: {training.learning_rate: 0.05, model.dropout: 0.2,")
    assert states(project) == {
        ("baseline", 0): "outdated",
        ("baseline", 1): "outdated",
        ("dropout", 0): "finished",
        ("dropout", 1): "finished",
    }
    project.run("--", "interim")
    report = (project.results / "interim/results.md").read_text()
    assert "2 outdated (their records were made with other settings, code or data): baseline seeds 0, 1." in report
    assert "There is no mean and no interval for **Baseline**." in report
