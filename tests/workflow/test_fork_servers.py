"""Jobs that start as forks do what they would do as processes of the shell: output, end, environment, command line."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedwise.basics.interrupts import INTERRUPTED
from seedwise.workflow import fork_server, internals
from seedwise.workflow.forks import ROOM, ForkServers, Job, read_command
from seedwise.workflow.preload import IMPORTING_NUMPY, modules_of
from tests.workflow.conftest import ROOT, Project, stop_everything, training_processes, wait_for
from tests.workflow.programs import COMMAND, make_program

BASH = shutil.which("bash")
PREFIX = "set -euo pipefail; "
ENDS = """\
import os, random, signal, sys, tempfile, time
import numpy
from seedwise.basics.errors import UserError, run_script


def main():
    how, *rest = sys.argv[1:]
    print("begins", flush=True)
    if how == "status":
        return int(rest[0])
    if how == "says":
        raise UserError("is wrong")
    if how == "raises":
        raise ValueError("is broken")
    if how == "signal":
        os.kill(os.getpid(), int(rest[0]))
    if how == "random":
        print(random.random(), numpy.random.random())
    if how == "environment":
        print(sorted(os.environ.items()))
    if how == "words":
        print(sys.argv, __file__, os.getcwd())
    if how == "waits":
        time.sleep(600)
    if how == "until":
        while not os.path.exists(rest[0]):
            time.sleep(0.02)
        return int(rest[1])
    if how == "folder":
        globals()["OWN"] = tempfile.TemporaryDirectory(prefix="own", dir=rest[0])
        return int(rest[1])


if __name__ == "__main__":
    run_script(main)
"""
FOLDER = """\
import os, tempfile
IMPORTED = tempfile.TemporaryDirectory(prefix="imported", dir=os.environ["FOLDERS"])
"""
CHANGED = "import pathlib, time\ntime.sleep(0.05)\npathlib.Path(__file__).touch()\n"
THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("with space") / "scripts"
    folder.mkdir()
    shutil.copy2(ROOT / "workflow/scripts/fork_server.py", folder)
    (folder / "ends.py").write_text(ENDS)
    (folder / "threaded.py").write_text(THREADED)
    (folder / "folder.py").write_text(FOLDER)
    (folder / "changed.py").write_text(CHANGED)
    (folder / "broken.py").write_text("import no_such_package\n")
    return folder


def environment_of_jobs(scripts):
    """What seedwise/workflow/environment.py sets; `python` may be another one where the tests are started."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    own = {"SEEDWISE_SCRIPTS": str(scripts), "PYTHONPATH": str(ROOT), "PATH": path, "OPENBLAS_NUM_THREADS": "1"}
    return {**os.environ, **own}


@pytest.fixture(scope="module")
def environment(scripts):
    return {**environment_of_jobs(scripts), "ODD": "a 'b'\n\"ü"}


def fork_servers(modules):
    return ForkServers(modules, IMPORTING_NUMPY, BASH, Path("/"))


@pytest.fixture(autouse=True)
def no_process_is_left():
    """Kill the forks that a failed test leaves: a fork server that ends leaves them to themselves."""
    yield
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "ends.py" in " ".join(process.cmdline()):
                process.kill()


@pytest.fixture(scope="module")
def servers():
    made = fork_servers({name: (name, "numpy") for name in ("ends", "threaded", "broken", "changed")})
    yield made
    made.close()


def command_of(log, *words, script="ends"):
    return f'{PREFIX}python "$SEEDWISE_SCRIPTS"/{script}.py {shlex.join(words)} > {shlex.quote(str(log))} 2>&1'


@pytest.fixture
def start(servers, environment, tmp_path):
    def start(*words, log=tmp_path / "a log"):
        return servers.start(command_of(log, *words), environment, BASH)

    return start


def by_shell(log, environment, *words):
    """The exit status of a command that the shell starts, as Snakemake does."""
    command = command_of(log, *words)
    return subprocess.run(command, shell=True, executable=BASH, env=environment, check=False, timeout=60).returncode


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    st.text("a b'\"$\\>&;", min_size=1),
)
def test_a_command_of_a_rule_is_read_as_the_shell_reads_it(words, log):
    assert read_command(command_of(log, *words)) == Job("ends", words, log)


@pytest.mark.parametrize(
    "command",
    [
        PREFIX + 'python "$SEEDWISE_SCRIPTS"/sync_wandb.py --folder a 2>&1 | tee log',
        PREFIX + 'source activate x; set -euo pipefail; python "$SEEDWISE_SCRIPTS"/train_run.py > log 2>&1',
        PREFIX + "python other.py > log 2>&1",
        PREFIX + "python 'unfinished > log 2>&1",
        'module load x; python "$SEEDWISE_SCRIPTS"/train_run.py > log 2>&1',
        "",
    ],
)
def test_other_commands_are_left_to_the_shell(command, servers, environment):
    assert servers.start(command, environment, BASH) is None


def test_another_shell_and_a_job_of_another_study_are_left_to_do_it(servers, environment, tmp_path):
    command = command_of(tmp_path / "log", "status", "0")
    assert servers.start(command, environment, "/bin/other") is None
    of_another = ForkServers({"ends": ("ends",)}, (), BASH, tmp_path / "another")
    assert of_another.start(command, environment, BASH) is None


@pytest.mark.parametrize(
    "words", [("status", "0"), ("status", "3"), ("says",), ("signal", "9"), ("signal", "15"), ("raises",)]
)
def test_a_fork_ends_and_prints_as_a_process_of_the_shell(start, environment, tmp_path, words):
    log = tmp_path / "a log"
    log.write_text("from before")
    forked, printed = start(*words).wait(), log.read_text()
    assert forked == by_shell(tmp_path / "other", environment, *words)
    last = (tmp_path / "other").read_text().splitlines()[-1]
    assert printed.splitlines()[0] == "begins"
    assert printed.splitlines()[-1] == last


def test_a_log_that_cannot_be_written_is_left_to_the_shell_which_says_why(start, tmp_path):
    assert start("status", "0", log=tmp_path / "no folder/log") is None
    assert start("status", "0", log=tmp_path) is None


def test_words_folder_and_environment_are_those_that_the_shell_gives(start, environment, tmp_path):
    log, other = tmp_path / "a log", tmp_path / "other"
    for words in (["words", "a b", "--x='$HOME'", "*", ""], ["environment"]):
        assert start(*words).wait() == by_shell(other, environment, *words) == 0
        assert log.read_text() == other.read_text()


def test_forks_draw_different_random_numbers(start, tmp_path):
    printed = []
    for i in range(3):
        log = tmp_path / str(i)
        assert start("random", log=log).wait() == 0
        printed += log.read_text().splitlines()[1].split()
    assert len(set(printed)) == 6


def test_many_forks_at_once_each_tell_their_own_status_and_leave_nothing_open(start, tmp_path):
    first = start("status", "0")
    server = psutil.Process(first.pid).parent()
    assert first.wait() == first.wait() == 0
    wait_for(lambda: not server.children(), 30)
    time.sleep(0.5)
    before = psutil.Process().num_fds(), server.num_fds()
    statuses = {}

    def run(i):
        statuses[i] = start("status", str(i), log=tmp_path / str(i)).wait()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert statuses == {i: i for i in range(60)}
    wait_for(lambda: (psutil.Process().num_fds(), server.num_fds()) == before, 30)
    assert server.children() == []


def test_a_process_can_be_looked_at_until_it_has_been_waited_for(start):
    fork = start("status", "0")
    process = psutil.Process(fork.pid)
    wait_for(lambda: process.status() == psutil.STATUS_ZOMBIE, 30)
    assert fork.wait() == 0
    wait_for(lambda: not process.is_running(), 30)


def test_a_fork_shows_its_own_command_line_and_can_be_stopped(start, scripts):
    fork = start("waits", "for ever")
    wait_for(lambda: "waits" in psutil.Process(fork.pid).cmdline(), 30)
    assert " ".join(psutil.Process(fork.pid).cmdline()) == f"python {scripts / 'ends.py'} waits for ever"
    assert psutil.Process(fork.pid).parent().cmdline()[-1].endswith("fork_server.py")
    fork.terminate()
    assert fork.wait() == 128 + signal.SIGTERM


def test_a_command_line_that_is_too_long_is_cut(start):
    fork = start("waits", "x" * 3 * ROOM)
    wait_for(lambda: "waits" in psutil.Process(fork.pid).cmdline(), 30)
    assert 1000 < psutil.Process(fork.pid).cmdline()[-1].count("x") < 2 * ROOM
    fork.kill()
    assert fork.wait() == 128 + signal.SIGKILL


@pytest.mark.parametrize("script", ["threaded", "broken", "changed"])
def test_what_cannot_be_forked_is_left_to_the_shell(servers, environment, tmp_path, script):
    for _ in range(2):
        assert servers.start(command_of(tmp_path / "log", script=script), environment, BASH) is None


def test_jobs_outlive_their_fork_server_and_say_themselves_that_they_ended_well(scripts, environment, tmp_path):
    servers = fork_servers({"ends": ("ends",)})
    go_on = tmp_path / "go on"
    forks = [
        servers.start(command_of(tmp_path / "log", "until", str(go_on), status), environment, BASH)
        for status in ("0", "1")
    ]
    psutil.Process(forks[0].pid).parent().kill()
    answers = {}
    waiting = [threading.Thread(target=lambda i=i: answers.update({i: forks[i].wait()})) for i in (0, 1)]
    for thread in waiting:
        thread.start()
    waiting[0].join(0.5)
    assert answers == {}
    go_on.touch()
    for thread in waiting:
        thread.join(30)
    assert answers == {0: 0, 1: 128 + signal.SIGKILL}
    assert servers.start(command_of(tmp_path / "log", "status", "0"), environment, BASH) is None
    servers.close()


@pytest.mark.parametrize("restored", [False, True])
def test_code_that_was_changed_is_not_forked_even_if_it_is_as_before_again(scripts, environment, tmp_path, restored):
    shutil.copytree(scripts, own := tmp_path / "scripts")
    environment = environment | {"SEEDWISE_SCRIPTS": str(own)}
    servers, script = fork_servers({"ends": ("ends",)}), own / "ends.py"
    assert servers.start(command_of(tmp_path / "log", "status", "0"), environment, BASH).wait() == 0
    if restored:
        script.rename(own / "kept")
        script.write_text("# another\n")
        (own / "kept").rename(script)
    else:
        script.write_text(f"{ENDS}# and more\n")
    assert servers.start(command_of(tmp_path / "log", "status", "0"), environment, BASH) is None
    servers.close()


def test_temporary_folders_go_when_those_that_made_them_do(scripts, environment, tmp_path):
    environment = environment | {"FOLDERS": str(tmp_path)}
    servers = fork_servers({"ends": ("ends", "folder")})

    def folders():
        return sorted(path.name[:3] for path in tmp_path.iterdir() if path.is_dir())

    for status in (0, 1, 0):
        command = command_of(tmp_path / "log", "folder", str(tmp_path), str(status))
        assert servers.start(command, environment, BASH).wait() == status
        assert folders() == ["imp"]
    servers.close()
    assert folders() == []


def test_an_interrupt_that_is_ignored_is_ignored_by_forks(scripts, environment, tmp_path):
    servers = fork_servers({"ends": ("ends",)})
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        servers.prepare("ends", environment)
    finally:
        signal.signal(signal.SIGINT, before)
    fork = servers.start(command_of(tmp_path / "log", "until", str(tmp_path / "end"), "0"), environment, BASH)
    wait_for(lambda: "until" in psutil.Process(fork.pid).cmdline(), 30)
    psutil.Process(fork.pid).send_signal(signal.SIGINT)
    time.sleep(0.3)
    (tmp_path / "end").touch()
    assert fork.wait() == 0
    servers.close()


def test_a_job_is_interrupted_as_a_process_of_the_shell(start):
    fork = start("waits")
    wait_for(lambda: "waits" in psutil.Process(fork.pid).cmdline(), 30)
    psutil.Process(fork.pid).parent().send_signal(signal.SIGINT)
    psutil.Process(fork.pid).send_signal(signal.SIGINT)
    assert fork.wait() == INTERRUPTED
    assert start("status", "0").wait() == 0


def test_a_request_that_is_too_long_and_a_system_without_further_processes_are_left_to_the_shell(
    servers, environment, start, tmp_path, monkeypatch
):
    assert servers.start(command_of(tmp_path / "log", "words", "😀" * 65000), environment, BASH) is None
    assert start("status", "0").wait() == 0

    def refuse(*_, **__):
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", refuse)
    assert fork_server._fork() is None
    monkeypatch.setattr(subprocess, "Popen", refuse)
    servers = fork_servers({"ends": ("ends",)})
    assert servers.start(command_of(tmp_path / "log", "status", "0"), environment, BASH) is None
    servers.close()


def test_what_imports_numpy_is_forked_only_where_that_starts_no_threads(environment, tmp_path):
    servers = fork_servers({"ends": ("ends", *IMPORTING_NUMPY)})
    environment = environment | {"OPENBLAS_NUM_THREADS": "2"}
    assert servers.start(command_of(tmp_path / "log", "status", "0"), environment, BASH) is None
    assert servers._servers == {}


def test_a_fork_server_ends_with_whoever_asks_it_and_when_it_is_interrupted_while_it_imports(
    scripts, environment, tmp_path
):
    shutil.copytree(scripts, own := tmp_path / "scripts")
    environment = environment | {"SEEDWISE_SCRIPTS": str(own)}
    (own / "slow.py").write_text("import time\ntime.sleep(120)\n")
    servers = fork_servers({"ends": ("ends",), "slow": ("slow",)})
    fork = servers.start(command_of(tmp_path / "log", "status", "0"), environment, BASH)
    server = psutil.Process(fork.pid).parent()
    assert fork.wait() == 0
    servers.prepare("slow", environment)

    def importing_processes():
        children = psutil.Process().children(recursive=True)
        alive = [child for child in children if child.status() != psutil.STATUS_ZOMBIE]
        return [child for child in alive if child.cmdline()[:1] == ["python"] and "slow" in child.cmdline()]

    wait_for(importing_processes, 30)
    (importing,) = importing_processes()
    time.sleep(1)
    for process in (importing, importing.parent()):
        if process.pid != os.getpid():
            process.send_signal(signal.SIGINT)  # as a terminal does
    with pytest.raises(subprocess.CalledProcessError) as caught:
        servers.start(command_of(tmp_path / "log", script="slow"), environment, BASH)
    assert caught.value.returncode == INTERRUPTED
    servers.close()
    assert not server.is_running()
    assert not importing.is_running()


def test_something_is_done_once_all_but_one_job_have_ended(servers, environment, start):
    done = []
    servers.before_last("ends", 3, lambda: done.append("now"))
    start("status", "1").wait()
    for so_far in ([], ["now"], ["now"]):
        assert start("status", "0").wait() == 0
        assert done == so_far


@pytest.mark.parametrize("run", ["train_run", "run_program"])
@pytest.mark.parametrize("examples", [True, False])
def test_every_script_of_a_run_and_of_a_report_can_be_imported_and_forked(tmp_path, run, examples):
    environment = environment_of_jobs(ROOT / "workflow/scripts")
    modules = modules_of(run, examples=examples, wandb=True)
    servers = fork_servers(modules)
    for script in modules:
        log = tmp_path / script
        fork = servers.start(command_of(log, "--help", script=script), environment, BASH)
        assert fork.wait() == 0, log.read_text()
        assert log.read_text().startswith(f"usage: {script}.py")
    assert len(servers._servers) == 2
    servers.close()


def test_memory_is_measured_at_growing_intervals(monkeypatch):
    from snakemake import benchmark

    intervals = []

    class Timer:
        def __init__(self, interval, _act):
            intervals.append(interval)

        def start(self):
            pass

    class Measuring(benchmark.ScheduledPeriodicTimer):
        def work(self):
            pass

    monkeypatch.setattr(benchmark, "DaemonTimer", Timer)
    monkeypatch.setattr(benchmark.ScheduledPeriodicTimer, "_schedule", benchmark.ScheduledPeriodicTimer._schedule)
    internals.measure_less_often()
    measuring = Measuring(benchmark.BENCHMARK_INTERVAL)
    measuring.start()
    for _ in range(8):
        measuring._action()
    assert intervals == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


PROGRAM = """\
import json, os, sys
parents = []
process = os.getppid()
for _ in range(3):
    stat = open(f"/proc/{process}/stat").read().rpartition(")")[2].split()
    parents.append(open(f"/proc/{process}/cmdline").read().replace("\\0", " "))
    process = int(stat[1])
signals = [line for line in open("/proc/self/status") if line.startswith("Sig")]
servers = 0
for folder in filter(str.isdigit, os.listdir("/proc")):
    try:
        here = os.path.samefile(f"/proc/{folder}/cwd", os.path.dirname(__file__))
        servers += here and "fork_server.py" in open(f"/proc/{folder}/cmdline").read().split(chr(0), 1)[0]
    except OSError:
        pass
seen = {"environment": dict(os.environ), "parents": parents, "signals": signals, "servers": servers}
json.dump(seen, open(sys.argv[1], "w"))
json.dump({"loss": 1.0}, open(os.environ["SEEDWISE_RESULTS"], "w"))
"""
STUDY = """\
study: mine
title: A program
command:
  run: {python} program.py {folder}/{{seed}}.json {{x}}
  settings: {{x: 1}}
variants:
  - {{name: a}}
seeds: {seeds}
resources: {{train_run: {{threads: 3}}}}
analysis: {{metric: loss, higher_is_better: false, baseline: a}}
"""


@pytest.mark.slow
def test_a_program_is_run_by_forks_as_by_processes_of_the_shell(tmp_path):
    """Two runs are forks, a third that is added is not."""
    (tmp_path / "program.py").write_text(PROGRAM)
    for seeds in ([0, 1], [0, 1, 2]):
        (tmp_path / "study.yaml").write_text(STUDY.format(python=sys.executable, folder=tmp_path, seeds=seeds))
        ran = Project(tmp_path).seedwise("run", "study.yaml", "runs", "--cores", "4", SHLVL="7")
        assert ran.returncode == 0, ran.stdout
    seen = [json.loads((tmp_path / f"{seed}.json").read_text()) for seed in range(3)]
    run, above = ([one["parents"][i] for one in seen] for i in (0, 1))
    assert all(f"run_program.py --study mine --variant a --seed {seed} " in line for seed, line in enumerate(run))
    assert [line.rstrip().endswith("fork_server.py") for line in above] == [True, True, False]
    assert [one["servers"] for one in seen] == [1, 1, 0], "the one that was prepared has the jobs' environment"
    forked, other = (
        {key: value.replace(f"seed{seed}", "seed") for key, value in seen[seed]["environment"].items()}
        for seed in (1, 2)
    )
    assert forked["OMP_NUM_THREADS"] == "3"
    assert {key for key in forked.keys() | other.keys() if forked.get(key) != other.get(key)} == {"SEEDWISE_SEED"}
    assert seen[1]["signals"] == seen[2]["signals"]


@pytest.mark.slow
def test_the_imports_of_a_fork_server_are_no_part_of_its_runs_times(finished):
    times = [json.loads(file.read_text())["timing"] for file in finished.results.rglob("metrics.json")]
    assert len(times) == 4
    assert all(time["imports"] < 1 for time in times)
    assert all(time["imports"] + time["train"] < time["total"] < 60 for time in times)


@pytest.mark.slow
def test_a_fork_server_ends_when_snakemake_is_killed_and_its_forks_go_on(tmp_path):
    project = make_program(tmp_path / "project", COMMAND.replace("steps: 1", "steps: 100"))
    record = project.record("baseline", 0)

    def servers():
        return [
            process
            for process in psutil.process_iter(["cwd", "cmdline"])
            if process.info["cwd"] == str(project.folder) and "fork_server.py" in " ".join(process.info["cmdline"])
        ]

    process = project.start("runs")
    try:
        wait_for((record.parent / "attempt.json").exists)
        assert servers()
        process.kill()
        wait_for(lambda: not servers(), 30)
        assert training_processes(project)
        wait_for(record.exists)
    finally:
        stop_everything(project, process)
