"""What a study of a program prints, line by line: in a terminal, into a pipe, in a dry run, and when it fails."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.registration.ledger import read_ledger
from tests.workflow.conftest import LIMIT, ROOT, jobs
from tests.workflow.programs import ProgramProject, make_program

pytestmark = pytest.mark.slow

CONFIG = """\
study: tiny
title: Tiny study
command:
  run: python train.py {x} {seed}
  settings: {x: 1}
variants: [{name: baseline}, {name: other, set: {x: 2}}]
seeds: [0, 1]
analysis: {metric: loss, higher_is_better: false, baseline: baseline}
"""
PROGRAM = "import sys, seedwise\nx, seed = map(int, sys.argv[1:])\nseedwise.result(loss=x + seed / 10)\n"
BROKEN = "if x == 2:\n    raise ValueError('no layer')\n"
REPORT = "results/tiny/results.md"  # no figures, no page
PROFILE = r"Using workflow specific profile .*"


@pytest.fixture
def project(tmp_path: Path) -> ProgramProject:
    made = make_program(tmp_path / "p", CONFIG)
    (made.folder / "train.py").write_text(PROGRAM)
    return made


def lines(printed: str) -> list[str]:
    """What was printed, without times and without the order of runs, which go on at once."""
    text = re.sub(r"\b\d+ (?:s|min)\b(?: \d+ s)?", "TIME", printed)
    left_out = rf"{PROFILE}|\[\d\d:\d\d:\d\d\] "  # the latter only where the machine is slow
    return [re.sub(r"^\[\d/", "[N/", line) for line in text.splitlines() if not re.match(left_out, line)]


def at_terminal(
    project: ProgramProject, command: list[str], columns: int, answer: str = "", **variables: str
) -> tuple[int, str]:
    """Run a command in a terminal, and type an answer; return its exit status, and all that was written there."""
    parent, child = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "24", "TERM": "xterm"}
    process = subprocess.Popen(
        ["sh", "-c", f'stty cols {columns} rows 24; exec "$@"', "sh", *command],
        cwd=project.folder,
        stdin=child,
        stdout=child,
        stderr=child,
        env=project.environment() | size | {"PYTHONPATH": str(ROOT)} | variables,
        start_new_session=True,
    )
    os.close(child)
    os.write(parent, answer.encode())
    written = b""
    try:
        while chunk := os.read(parent, 65536):
            written += chunk
    except OSError:
        pass  # the process has ended
    os.close(parent)
    return process.wait(LIMIT), written.decode(errors="replace").replace("\r\n", "\n")


def left_on(written: str) -> str:
    """Return what is left on a terminal after lines were drawn in place, without colours."""
    shown: list[str] = [""]
    for part in re.findall(r"\n|\r|\x1b\[[\d;]*[A-Za-z]|[^\r\n\x1b]+", written):
        if part == "\n":
            shown.append("")
        elif up := re.fullmatch(r"\x1b\[(\d+)A", part):
            shown = [*shown[: len(shown) - 1 - int(up[1])], ""]
        elif part[0] not in "\r\x1b":
            shown[-1] += part
    return "\n".join(shown)


def test_a_pipe_gets_a_few_lines_then_a_line_per_run_and_the_plan_comes_first(project: ProgramProject) -> None:
    planned = project.run("-n", "--", REPORT)
    assert lines(planned) == [
        "tiny: Tiny study",
        "4 runs to do: 2 variants × 2 seeds",
        "results will be in results/tiny; no score is shown before all runs are in",
        "2 seeds per variant will give no verdict, which needs at least 3",
        "would run:",
        "  train_run      4",
        "    baseline: seeds 0, 1",
        "    other: seeds 0, 1",
        "  collect_runs   1",
        "  analyse_study  1",
        "  render_report  1",
        "Nothing was run (-n). With --verbose Snakemake gives its reasons.",
    ]
    assert jobs(planned)["train_run"] == 4
    printed = lines(project.run("--", REPORT))
    assert printed[:4] == lines(planned)[:4]
    assert sorted(printed[4:8]) == [
        *("[N/4] baseline seed 0: TIME", "[N/4] baseline seed 1: TIME"),
        *("[N/4] other seed 0: TIME", "[N/4] other seed 1: TIME"),
    ]
    assert printed[8:10] == ["writing the report", "4 of 4 runs done, after TIME"]
    assert printed[-1] == "Read results/tiny/results.md or results/tiny/page.html"
    assert printed[-2] == (project.results / "summary.txt").read_text().rstrip()
    headline = printed[-3]
    assert f"**{headline}**" in (project.results / "results.md").read_text()
    assert len(printed) == 13
    again = lines(project.run("--", REPORT))
    assert again == [
        "tiny: Tiny study",
        "Nothing to be done: all 4 runs are there already",
        headline,
        printed[-1],
    ]
    for name in ("results.md", "summary.txt"):  # the one that reads them is not told what somebody wrote there
        (project.results / name).write_text("**Other is better than Baseline.**\n")
    assert lines(project.run("--", REPORT)) == again
    assert "rule train_run:" in project.run("-n", "--verbose", "--forcerun", "train_run", "--", REPORT)


def test_a_terminal_shows_a_table_in_place_and_each_failure_once(project: ProgramProject) -> None:
    slow = "import time\ntime.sleep(1.5)\n"  # longer than the table needs to be drawn again
    (project.folder / "train.py").write_text(PROGRAM.replace("seedwise.result", f"{BROKEN}{slow}seedwise.result"))
    command = [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", "--cores", "1", "runs"]
    status, written = at_terminal(project, command, 80)
    assert status == 1
    assert re.search(r"\x1b\[3A\x1b\[J", written), "it is drawn again in place"
    assert re.search(r"^  baseline  [✓▸·]{2}  seed \d: running, \d+ s$", written, re.MULTILINE)
    drawn = re.findall(r"^(?:[█░]+|  baseline|  other ) .*$", written, re.MULTILINE)
    assert [line for line in drawn if len(line) >= 80] == []
    shown = list(filter(None, lines(left_on(written))))
    assert shown == [
        "tiny: Tiny study",
        "4 runs to do: 2 variants × 2 seeds",
        "results will be in results/tiny; no score is shown before all runs are in",
        "2 seeds per variant will give no verdict, which needs at least 3",
        "[N/4] other seed 0: failed after TIME: exit status 1: ValueError: no layer",
        "  log: results/tiny/logs/train_run/other/seed0.log",
        "2 of 4 runs done, 2 failed, after TIME",
        "FAILED  other seed 0: exit status 1: ValueError: no layer",
        "  log: results/tiny/logs/train_run/other/seed0.log",
        "  not started after that: other seed 1 (`canary: false` in the study starts them anyway)",
        "Fix the cause, then run the same command again: it does what is missing, and what the fix concerns.",
        "next: seedwise status config.yaml, or seedwise interim config.yaml for a report on what has ended",
    ]


def test_no_flag_of_quietness_hides_an_error(project: ProgramProject) -> None:
    (project.folder / "train.py").write_text("raise ValueError('no layer')\n")
    answer = project.attempt("--quiet", "all", "--", "runs")
    assert answer.returncode == 1
    told = [line for line in lines(answer.stdout) if line.startswith("FAILED")]
    assert len(told) == 1, answer.stdout
    assert told[0].endswith("exit status 1: ValueError: no layer")
    assert "runs to do" not in answer.stdout


def test_finished_runs_are_replaced_only_after_a_yes_or_with_a_flag(project: ProgramProject) -> None:
    """In a terminal there is a question; a script needs the flag; a plain snakemake in a script reruns, as it says."""
    run = [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", "runs"]
    variables = project.environment() | {"PYTHONPATH": str(ROOT)}

    def in_a_script(*words: str) -> tuple[int, str]:
        done = subprocess.run([*run, *words], cwd=project.folder, env=variables, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    assert in_a_script()[0] == 0
    records = sorted(project.results.glob("runs/*/*/metrics.json"))
    (project.folder / "train.py").write_text(PROGRAM.replace("loss=x", "loss=2 * x"))
    project.record("other", 1).unlink()
    before = {record: record.read_bytes() for record in records if record.exists()}
    status, said = in_a_script()
    assert (status, said.splitlines()[-1]) == (
        1,
        "3 finished runs would be replaced (code changed: train.py). To replace them, add --replace to "
        "`seedwise run`; to keep them, undo the change, or give the study another name (`study:`); if the change has "
        'no effect on numbers, `seedwise accept config.yaml --why "…"` keeps what is there',
    )
    for command, answer in ((run, "n\n"), (project.command("--", "runs"), "n\n"), (run, "\x04")):
        status, written = at_terminal(project, command, 200, answer)
        assert status == 1
        assert "3 finished runs would be replaced:\n  3: code changed: train.py\n" in written
        assert "Replace them? [y/N] " in written
        assert "Nothing was run and nothing was replaced.\n" in written
        assert "Traceback" not in written
    assert {record: record.read_bytes() for record in records if record.exists()} == before
    status, written = at_terminal(project, run, 200, "y\n")
    assert status == 0
    assert "do not fit" not in written, "it is said once"
    losses = {record: json.loads(record.read_text())["metrics"]["loss"] for record in records}
    assert sorted(losses.values()) == [2, 2.1, 4, 4.1]
    project.edit("config.yaml", "{x: 1}", "{x: 3}")
    refused = in_a_script()[1]
    assert "2 finished runs would be replaced (settings.x was 1 and is now 3)" in refused
    assert "seedwise accept" not in refused, "runs with other settings are not accepted"
    looked = in_a_script("-n")[1]
    assert "2 finished runs do not fit the study and are run again:\n  2: settings.x was 1 and is now 3\n" in looked
    asks = (
        "In a terminal, the run itself asks before it replaces them; without a terminal it stops, unless --replace is"
    )
    assert asks in looked
    assert asks not in in_a_script("-n", "--replace")[1]
    assert in_a_script("--replace")[0] == 0
    assert json.loads(project.record("baseline", 0).read_text())["metrics"]["loss"] == 6
    (project.folder / "train.py").write_text(PROGRAM)
    assert "4 finished runs do not fit the study and are run again" in project.run("--", "runs")


def test_there_is_no_question_where_nothing_is_lost(project: ProgramProject) -> None:
    """Failed runs, added seeds and what the command line forces."""
    run = [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", "runs"]
    project.edit("config.yaml", "  settings:", "  failures: count\n  settings:")
    (project.folder / "train.py").write_text(PROGRAM.replace("seedwise.result", f"{BROKEN}seedwise.result"))
    assert at_terminal(project, run, 200)[0] == 0
    records = [json.loads(project.record(name, 0).read_text())["status"] for name in ("baseline", "other")]
    assert records == ["finished", "failed"]
    for record in project.results.glob("runs/baseline/*/metrics.json"):
        record.unlink()
    (project.folder / "train.py").write_text(PROGRAM)
    project.edit("config.yaml", "[0, 1]", "[0, 1, 2]")
    status, written = at_terminal(project, [*run, "--exploratory"], 200)
    assert status == 0, written
    assert "[y/N]" not in written
    status, written = at_terminal(project, [*run, "--forcerun", "train_run"], 200)
    assert status == 0, written
    assert "[y/N]" not in written


def test_a_cell_of_a_notebook_is_a_terminal_in_which_nothing_is_asked_or_drawn_again(project: ProgramProject) -> None:
    """What IPython starts with `!` has a terminal, of which nobody can answer the questions."""
    run = [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", "runs"]
    for name, value in (("JPY_PARENT_PID", "1"), ("MPLBACKEND", "module://matplotlib_inline.backend_inline")):
        status, written = at_terminal(project, [*run, "--replace"], 80, **{name: value})
        assert status == 0, written
        assert "\x1b[" not in written
        assert re.search(r"^(?:\[[\d:]+\] )?\[4/4\] ", written, re.MULTILINE), "a line per run, as in a log"
        project.edit("config.yaml", "settings: {x: ", "settings: {x: 1")
        status, written = at_terminal(project, run, 200, "y\n", **{name: value})
        assert status == 1
        assert "[y/N]" not in written
        assert "finished runs would be replaced" in written
        assert "--replace" in written


def test_a_study_that_was_changed_after_results_goes_on_only_after_a_yes_or_with_a_flag(
    project: ProgramProject,
) -> None:
    """A script is told in a line; nothing is asked twice about the same change, and nothing is written before a yes."""
    run = [sys.executable, "-m", "seedwise.cli", "run", "config.yaml", "--cores", "2", "runs"]
    assert at_terminal(project, run, 200)[0] == 0
    ledger = project.results / "registration.jsonl"
    before, warning = ledger.read_bytes(), "seed 2 is not in the registered plan: these verdicts will be EXPLORATORY"
    project.edit("config.yaml", "[0, 1]", "[0, 1, 2]")
    for answer in ("n\n", "\x04"):
        status, written = at_terminal(project, run, 200, answer)
        assert status == 1
        assert warning in written
        assert "run a new study (`study: tiny-2`) with new seeds" in written
        assert "Nothing was run. To go on without this question, add --exploratory to `seedwise run`." in written
        assert "Traceback" not in written
    assert ledger.read_bytes() == before
    assert not project.record("baseline", 2).exists()
    status, written = at_terminal(project, [*run, "--exploratory"], 200)
    assert (status, "[y/N]" in written, warning in written) == (0, False, True)
    assert project.record("other", 2).exists()
    project.record("other", 2).unlink()
    status, written = at_terminal(project, run, 200)
    assert (status, "[y/N]" in written, warning in written) == (0, False, True), "it was asked and answered"
    project.edit("config.yaml", "[0, 1, 2]", "[0, 1, 2, 3]")
    status, written = at_terminal(project, run, 200, "y\n")
    assert (status, "Go on? [y/N] " in written) == (0, True)
    assert project.record("other", 3).exists()


def test_two_commands_at_once_register_once(project: ProgramProject) -> None:
    """One of them runs the study; the other one is refused, or finds nothing to do."""
    (project.folder / "train.py").write_text("import time\ntime.sleep(1)\n" + PROGRAM)
    both = [project.start("--", REPORT) for _ in range(2)]
    assert sorted(process.wait(LIMIT) for process in both) in ([0, 0], [0, 1])
    ledger = read_ledger(project.results)
    assert not ledger.faults
    assert [entry.kind for entry in ledger.entries] == ["registration", "results", "look"]
    registrations = {
        json.loads(path.read_text())["registration"] for path in project.results.glob("runs/*/*/metrics.json")
    }
    assert registrations == {ledger.entries[0].short}
