"""One run of a program: what it is given, what its record says, and what happens when something goes wrong."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seedwise.basics.errors import UserError
from seedwise.basics.files import hold_lock
from seedwise.runs.hardware import gpus
from seedwise.runs.record import RunRecord, read_record
from seedwise.tracking import Mirrors
from seedwise.trainers.command import launch
from seedwise.trainers.command.command_line import split_command
from seedwise.trainers.command.place import Environment, ProgramPlace, VariantPlace
from seedwise.trainers.command.program_settings import ProgramSettings
from seedwise.trainers.command.request import Digests, Request, command_of
from seedwise.trainers.command.run import run_program
from tests.command.projects import put

PYTHON = sys.executable
WRITES = "import json, os; json.dump({results}, open(os.environ['SEEDWISE_RESULTS'], 'w'))"


def request(folder: Path, run: str | list[str], settings: dict[str, Any] | None = None, **more: Any) -> Request:
    own = folder / "program"
    own.mkdir(exist_ok=True)
    there = VariantPlace(folder=str(own), original=str(own), environment=more.pop("environment", Environment()))
    keys = ("env", "results", "scores", "isolate")
    chosen = ProgramSettings(
        words=split_command(run), settings=settings or {}, **{key: more.pop(key) for key in keys if key in more}
    )
    place = ProgramPlace(metric=more.pop("metric", "loss"), higher_is_better=False, common=there, **more)
    return Request(
        "demo", "baseline", 7, chosen, Digests("code", "data", "packages"), place, folder / "runs/baseline/seed7"
    )


def run(asked: Request, **more: Any) -> RunRecord:
    return run_program(asked, Mirrors([]), say=lambda _: None, **more)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def writes(results: str) -> list[str]:
    return [PYTHON, "-c", WRITES.replace("{", "{{").replace("}", "}}").replace("{{results}}", results)]


def output(asked: Request) -> str:
    return (asked.folder / "output.log").read_text()


def test_a_run_leaves_a_record_with_its_numbers_command_and_provenance(tmp_path: Path) -> None:
    environment = Environment(digest="packages", words="Python 3.11", versions={"python": "3.11"})
    record = run(
        request(tmp_path, [*writes("{{'loss': 0.25, 'accuracy': 0.5}}"), "{lr}"], {"lr": 0.1}, environment=environment)
    )
    assert record == read_record(tmp_path / "runs/baseline/seed7/metrics.json")
    assert record.status == "finished"
    assert record.metrics == {"loss": 0.25, "accuracy": 0.5}
    assert record.command is not None
    assert record.command[-1] == "0.1"
    assert (record.provenance.settings_digest, record.provenance.code_digest, record.provenance.data) == (
        request(tmp_path, [*writes("{{'loss': 0.25, 'accuracy': 0.5}}"), "{lr}"], {"lr": 0.1}).settings.digest(),
        "code",
        "data",
    )
    assert record.provenance.environment == "Python 3.11"
    assert record.timing.total > 0
    assert record.started == pytest.approx(time.time(), abs=300)


def test_the_program_finds_its_run_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDWISE_USER_PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SEEDWISE_SOMETHING", "of the workflow")
    dump = "import json, os; json.dump(dict(os.environ), open('environ.json', 'w'))"
    asked = request(
        tmp_path,
        [PYTHON, "-c", dump],
        {"lr": 0.1},
        env={"SPLIT": "{seed}-{lr}", "WANDB_MODE": "disabled"},
        failures="count",
    )
    run(replace(asked, threads=3))
    found = json.loads((tmp_path / "program/environ.json").read_text())
    folder = asked.folder
    assert found["SEEDWISE_SEED"] == "7"
    assert found["SEEDWISE_OUT"] == str(folder / "out")
    assert (found["SEEDWISE_VARIANT"], found["SEEDWISE_STUDY"]) == ("baseline", "demo")
    assert json.loads(Path(found["SEEDWISE_SETTINGS"]).read_text()) == {"lr": 0.1}
    assert found["SEEDWISE_RESULTS"] == str(folder / "results.json")
    assert found["OMP_NUM_THREADS"] == found["MKL_NUM_THREADS"] == "3"
    assert found["SPLIT"] == "7-0.1"
    assert found["WANDB_MODE"] == "disabled", "the study's own variables come last"
    assert found["PATH"] == "/usr/bin:/bin", "the user's, not the workflow's"
    assert "SEEDWISE_SOMETHING" not in found
    assert "SEEDWISE_USER_PATH" not in found


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_run_without_a_gpu_sees_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    tool = put(tmp_path / "bin", "nvidia-smi", "#!/bin/sh\necho GPU-a\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    gpus.cache_clear()
    show = [PYTHON, "-c", "import os; print(repr(os.environ['CUDA_VISIBLE_DEVICES']))"]
    asked = request(tmp_path, show, failures="count")
    run(replace(asked, device=device))
    gpus.cache_clear()
    assert output(asked).splitlines()[-1] == ("''" if device == "cpu" else "'0'")


def test_values_cannot_add_words_or_commands(tmp_path: Path) -> None:
    evil = "a b; touch evil $(touch evil) `touch evil` \" ' {seed}"
    show = (
        "import json, os, sys; json.dump({'loss': 1}, open(os.environ['SEEDWISE_RESULTS'], 'w')); print(sys.argv[1:])"
    )
    run(request(tmp_path, [PYTHON, "-c", show.replace("{", "{{").replace("}", "}}"), "--note={note}"], {"note": evil}))
    assert output(request(tmp_path, "x")).strip() == str([f"--note={evil}"])
    assert not (tmp_path / "program/evil").exists()


def test_what_a_program_logged_and_scored_is_kept_as_tables(tmp_path: Path) -> None:
    program = (
        "import seedwise\n"
        "for step in range(3): seedwise.log(step, loss=1 / (step + 1))\n"
        "seedwise.scores(['b', 'a'], [1, 0], clusters=['x', 'y'])\n"
        "seedwise.result(loss=0.5)\n"
    )
    asked = request(tmp_path, [PYTHON, "-c", program])
    run(asked)
    assert (asked.folder / "history.csv").read_text().splitlines() == [
        "step,loss",
        "0,1.0",
        "1,0.5",
        "2,0.3333333333333333",
    ]
    assert (asked.folder / "scores.csv").read_text().splitlines() == ["id,score,cluster", "a,0.0,y", "b,1.0,x"]


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_deciding_metric_that_is_not_finite_is_a_diverged_run(tmp_path: Path, value: str) -> None:
    record = run(request(tmp_path, writes(f"{{{{'loss': float('{value}'), 'accuracy': 0.1}}}}")))
    assert record.status == "diverged"
    assert record.reason == f"its loss is {value}"
    assert record.metrics == {"loss": None, "accuracy": 0.1}


FAULTS = {
    "exit status": ("import sys; print('no such layer'); sys.exit(3)", "exit status 3: no such layer"),
    "exception": ("raise ValueError('lr must be positive')", "exit status 1: ValueError: lr must be positive"),
    "exception of a package": ("import json; json.loads('{{')", "exit status 1: json.decoder.JSONDecodeError: "),
    "signal": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL (often: out of memory)"),
    "silence": ("import sys; sys.exit(1)", "exit status 1, and printed nothing"),
    "no numbers": ("print('done')", "results: "),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_run_says_why_and_leaves_no_record(tmp_path: Path, fault: str) -> None:
    program, reason = FAULTS[fault]
    asked = request(tmp_path, [PYTHON, "-c", program])
    with pytest.raises(UserError) as caught:
        run(asked)
    assert str(caught.value).startswith(reason)
    assert not asked.record.exists()


def test_a_program_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"^no-such-program: cannot be started in .*program \(No such file or directory\)$"
    ):
        run(request(tmp_path, "no-such-program --seed {seed}"))


def test_a_script_that_opens_its_standard_error_anew_keeps_what_was_printed(tmp_path: Path) -> None:
    script = "echo first; echo second > /dev/stderr; echo third > /dev/stdout; exit 3"
    asked = request(tmp_path, ["sh", "-c", script])
    with pytest.raises(UserError, match=r"^exit status 3: third$"):
        run(asked)
    assert output(asked).splitlines() == ["first", "second", "third"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_ends_a_program_that_prints_and_is_named(tmp_path: Path) -> None:
    prints = "while True: print('a line' * 100)"
    asked = request(tmp_path, [PYTHON, "-c", prints])
    asked.folder.mkdir(parents=True)
    (asked.folder / "output.log").symlink_to("/dev/full")
    said = rf"^{re.escape(str(asked.folder))}: the disk is full \(No space left on device\)\. Make room there, and give"
    with pytest.raises(UserError, match=said):
        run(asked)
    assert not asked.record.exists()


def test_a_failed_run_can_count_as_a_lost_one(tmp_path: Path) -> None:
    record = run(request(tmp_path, [PYTHON, "-c", "raise ValueError('of no use')"], failures="count"))
    assert record.status == "failed"
    assert record.reason == "exit status 1: ValueError: of no use"
    assert record.metrics == {}
    assert read_record(tmp_path / "runs/baseline/seed7/metrics.json") == record


def test_a_later_success_does_not_hide_earlier_failures(tmp_path: Path) -> None:
    once = (
        (
            "import json, os, pathlib, sys\n"
            "if not pathlib.Path('again').exists(): pathlib.Path('again').touch(); sys.exit('out of luck')\n"
            "json.dump({'loss': 1.0}, open(os.environ['SEEDWISE_RESULTS'], 'w'))"
        )
        .replace("{", "{{")
        .replace("}", "}}")
    )
    asked = request(tmp_path, [PYTHON, "-c", once])
    with pytest.raises(UserError):
        run(asked)
    record = run(asked)
    assert record.status == "finished"
    assert record.failures == ["exit status 1: out of luck"]
    again = replace(asked, digests=Digests("other code", "data", "packages"))
    assert run(again).failures == [], "another program has not failed"


def test_what_an_earlier_attempt_left_is_not_read(tmp_path: Path) -> None:
    asked = request(tmp_path, writes("{{'loss': 0.5}}"))
    run(asked)
    (asked.out / "old.txt").write_text("old")
    with pytest.raises(UserError, match="results"):
        run(request(tmp_path, [PYTHON, "-c", "print('nothing this time')"]))
    assert not (asked.out / "old.txt").exists()


def test_a_time_limit_stops_all_processes_of_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "GRACE", 5.0)
    child = (
        "import subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open('pid', 'w').write(str(p.pid)); time.sleep(600)"
    )
    asked = request(tmp_path, [PYTHON, "-c", child], time_limit=2.0)
    with pytest.raises(UserError, match=r"^stopped after its time_limit of 2 s$"):
        run(asked)
    grandchild = int((tmp_path / "program/pid").read_text())
    assert not alive(grandchild)


def test_what_a_stopped_program_waited_for_is_shown_and_no_score(tmp_path: Path) -> None:
    said = "print('step 7 of 9: loss=0.25, acc 93.5%, then waiting for 127.0.0.1:80', flush=True)"
    asked = request(tmp_path, [PYTHON, "-c", f"import time; {said}; time.sleep(600)"], time_limit=1.0)
    with pytest.raises(
        UserError, match=r"its last line: step 7 of 9: loss=…, acc …%, then waiting for 127\.0\.0\.1:80$"
    ):
        run(asked)


SLOW = (
    (
        "import json, os, pathlib, signal, sys, time\n"
        "out = pathlib.Path(os.environ['SEEDWISE_OUT'])\n"
        "def save(*_): (out / 'last.pt').write_text('7'); sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, save)\n"
        "if '--resume' in sys.argv:\n"
        "    found = {'loss': 0.0, 'from': int(open(sys.argv[-1]).read())}\n"
        "    json.dump(found, open(os.environ['SEEDWISE_RESULTS'], 'w')); sys.exit()\n"
        "(out / 'ready').touch()\n"
        "time.sleep(600)\n"
    )
    .replace("{", "{{")
    .replace("}", "}}")
)


def test_sigterm_gives_the_program_time_to_save_and_the_next_run_resumes(tmp_path: Path) -> None:
    asked = request(tmp_path, [PYTHON, "-c", SLOW], checkpoint="{out}/last.pt", checkpoint_args="--resume {checkpoint}")

    def stop() -> None:
        while not (asked.out / "ready").exists():
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop).start()
    with pytest.raises(launch.Stopped):
        run(asked)
    assert (asked.out / "last.pt").exists()
    record = run(asked)
    assert record.metrics == {"loss": 0.0, "from": 7}
    assert record.command is not None
    assert record.command[-2] == "--resume"
    assert record.failures == [], "an interruption is no failure"


SAVES = (
    "import json, os, pathlib, sys\n"
    "saved = pathlib.Path(os.environ['SEEDWISE_OUT'], 'last.pt')\n"
    "if '--resume' not in sys.argv: saved.write_text('3')\n"
    "if pathlib.Path('broken').exists(): sys.exit(1)\n"
    "json.dump({'loss': 1.0, 'resumed': int('--resume' in sys.argv)}, open(os.environ['SEEDWISE_RESULTS'], 'w'))\n"
)
RESUME = {"checkpoint": "{out}/*.pt", "checkpoint_args": "--resume {checkpoint}"}


def saves(tmp_path: Path, *, broken: bool) -> Request:
    asked = request(tmp_path, [PYTHON, "-c", SAVES.replace("{", "{{").replace("}", "}}")], **RESUME)
    if broken:
        (tmp_path / "program/broken").touch()
        with pytest.raises(UserError, match="exit status 1"):
            run(asked)
        (tmp_path / "program/broken").unlink()
    return asked


def test_a_checkpoint_of_other_code_is_not_resumed(tmp_path: Path) -> None:
    asked = saves(tmp_path, broken=True)
    assert run(asked).metrics["resumed"] == 1
    asked = saves(tmp_path, broken=True)
    assert run(replace(asked, digests=Digests("other code", "data", "packages"))).metrics["resumed"] == 0


def test_a_checkpoint_of_other_code_is_not_resumed_where_nothing_deletes_it(tmp_path: Path) -> None:
    def asked(program: str) -> Request:
        text = program.replace("{", "{{").replace("}", "}}")
        resume = {"checkpoint": "{variant}-{seed}.pt", "checkpoint_args": "--resume {checkpoint}"}
        return request(tmp_path, [PYTHON, "-c", text], **resume)

    beside = "import os, sys; open('baseline-7.pt', 'w').write('3') if '--resume' not in sys.argv else sys.exit(9)"
    with pytest.raises(UserError, match="SEEDWISE_RESULTS"):
        run(asked(beside))
    with pytest.raises(UserError, match="exit status 9"):
        run(asked(beside))
    other = asked("import sys; sys.exit(9 if '--resume' in sys.argv else 2)")
    os.utime(tmp_path / "program/baseline-7.pt", (1, 1))  # whatever the resolution of times
    for _ in range(2):
        with pytest.raises(UserError, match="exit status 2"):
            run(other)


def test_a_finished_run_that_is_repeated_starts_from_the_beginning(tmp_path: Path) -> None:
    """From its last checkpoint Hugging Face's Trainer would report a training loss of 0."""
    asked = saves(tmp_path, broken=False)
    run(asked)
    assert (asked.out / "last.pt").exists()
    asked.record.unlink()
    assert run(asked).metrics["resumed"] == 0


def test_a_killed_wrapper_takes_its_program_along_and_frees_the_lock(tmp_path: Path) -> None:
    own = tmp_path / "program"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tests.command.test_run import request, run, PYTHON\n"
        'program = \'import os, time; open("pid", "w").write(str(os.getpid())); time.sleep(600)\'\n'
        "run(request(Path(sys.argv[2]), [PYTHON, '-c', program]))"
    )
    root = str(Path(__file__).parents[2])
    wrapper = subprocess.Popen([PYTHON, "-c", script, root, str(tmp_path)], cwd=root)
    try:
        while not (own / "pid").exists() or not (own / "pid").read_text():
            time.sleep(0.02)
        wrapper.kill()
        wrapper.wait()
        pid = int((own / "pid").read_text())
        deadline = time.monotonic() + 60
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not alive(pid)
        with hold_lock(tmp_path / "runs/baseline/seed7/.lock"):
            pass
    finally:
        wrapper.kill()


def test_files_that_a_program_changes_in_its_own_folder_are_noted(tmp_path: Path) -> None:
    program = "open('model.pt', 'w').write('x'); " + WRITES.replace("{results}", "{'loss': 1.0}")
    asked = request(tmp_path, [PYTHON, "-c", program.replace("{", "{{").replace("}", "}}")])
    assert run(asked).wrote == ["model.pt"]


def test_an_isolated_run_has_a_copy_that_is_gone_afterwards(tmp_path: Path) -> None:
    own = tmp_path / "program"
    own.mkdir()
    (own / "model.py").write_text("NAME = 'model'\n")
    (own / "data").mkdir()
    (own / "data/x.txt").write_text("1.5")
    program = (
        (
            "import json, os, model; open('model.pt', 'w').write('x')\n"
            "json.dump({'loss': float(open('data/x.txt').read())}, open(os.environ['SEEDWISE_RESULTS'], 'w'))"
        )
        .replace("{", "{{")
        .replace("}", "}}")
    )
    asked = request(tmp_path, [PYTHON, "-c", program], isolate="copy", link=("data",))
    record = run(asked)
    assert record.metrics == {"loss": 1.5}
    assert record.wrote == []
    assert not (own / "model.pt").exists()
    assert not (asked.folder / "code").exists()


def test_an_isolated_run_imports_from_its_copy_what_is_installed_editable(tmp_path: Path) -> None:
    """Also where the copy is in no git repository, and the environment imports from other folders, too."""
    (tmp_path / "program/src/own").mkdir(parents=True)
    (tmp_path / "program/src/own/__init__.py").touch()
    environment = Environment(editable=(str(tmp_path / "program"), str(tmp_path / "elsewhere")))
    asked = request(
        tmp_path, [PYTHON, "-P", "-c", "import own; print(own.__file__)"], isolate="copy", environment=environment
    )
    with pytest.raises(UserError, match="has not written"):
        run(asked)
    assert output(asked).strip() == str(asked.folder / "code/src/own/__init__.py")


def test_code_that_changed_since_the_start_is_refused(tmp_path: Path) -> None:
    def changed() -> None:
        raise UserError("the program's code has changed")

    asked = request(tmp_path, writes("{{'loss': 1.0}}"))
    with pytest.raises(UserError, match="has changed"):
        run(asked, verify=changed)
    assert not asked.out.exists()


def test_a_link_or_a_file_in_place_of_the_out_folder_is_removed_before_the_next_run(tmp_path: Path) -> None:
    elsewhere = tmp_path / "scratch"
    elsewhere.mkdir()
    (elsewhere / "f.json").write_text('{"loss": 0.1}')
    source = {"json": "{out}/f.json"}
    asked = request(tmp_path, [PYTHON, "-c", "print('I write nothing')"], results=[source])
    asked.folder.mkdir(parents=True)
    asked.out.symlink_to(elsewhere)
    with pytest.raises(UserError, match="there is no file"):
        run(asked)
    assert (elsewhere / "f.json").exists(), "what the link led to is not ours"
    asked.out.rmdir()
    asked.out.write_text("a file")
    with pytest.raises(UserError, match="there is no file"):
        run(asked)


def test_a_results_file_that_another_run_has_left_does_not_count(tmp_path: Path) -> None:
    asked = request(tmp_path, [PYTHON, "-c", "pass"], results=[{"json": "final.json"}], reads=["final.json"])
    (tmp_path / "program/final.json").write_text('{"loss": 0.1}')
    os.utime(tmp_path / "program/final.json", (4e9, 4e9))  # in the future, as after a clock that was wrong
    with pytest.raises(UserError, match="was there before this run and has not changed"):
        run(asked)


def test_a_background_process_does_not_outlive_its_run(tmp_path: Path) -> None:
    child = (
        (
            "import os, time\n"
            "if os.fork() == 0:\n"
            "    os.setsid()\n"
            "    if os.fork() == 0: open('pid', 'w').write(str(os.getpid())); time.sleep(600)\n"
            "    os._exit(0)\n"
            "while not os.path.exists('pid') or not open('pid').read(): time.sleep(0.02)\n"
            "import json; json.dump({'loss': 1.0}, open(os.environ['SEEDWISE_RESULTS'], 'w'))"
        )
        .replace("{", "{{")
        .replace("}", "}}")
    )
    asked = request(tmp_path, [PYTHON, "-c", child])
    assert run(asked).status == "finished"
    assert not alive(int((tmp_path / "program/pid").read_text()))
    with hold_lock(asked.folder / ".lock"):
        pass


def test_a_failure_counts_only_when_no_retry_is_left(tmp_path: Path) -> None:
    asked = request(tmp_path, [PYTHON, "-c", "raise ValueError('x')"], failures="count", retries=1)
    with pytest.raises(UserError):
        run(asked)
    record = run(asked)
    assert (record.status, record.failures) == ("failed", ["exit status 1: ValueError: x"])


def test_a_checkpoint_is_found_below_a_folder_with_the_signs_of_a_pattern(tmp_path: Path) -> None:
    odd = tmp_path / "a [b] *"
    odd.mkdir()
    fails = "import os, sys; open(os.environ['SEEDWISE_OUT'] + '/1.pt', 'w'); sys.exit(1)"
    asked = request(odd, [PYTHON, "-c", fails], **RESUME, failures="count")
    with pytest.raises(UserError):
        run(replace(asked, place=replace(asked.place, retries=1)))
    assert "--resume" in (run(asked).command or [])


def test_5e_4_is_passed_as_it_is_written_and_is_a_number_in_the_settings_file(tmp_path: Path) -> None:
    settings = {"lr": "5e-4", "betas": ("9e-1", "x"), "tag": "e5", "warmup": "1e"}
    asked = request(tmp_path, [*writes("{{'loss': 0.5}}"), "{lr}", "{settings}"], settings)
    run(asked)
    assert command_of(asked, None)[0][-2] == "5e-4"
    read = json.loads((asked.folder / "settings.json").read_text())
    assert read == {"lr": 0.0005, "betas": [0.9, "x"], "tag": "e5", "warmup": "1e"}
