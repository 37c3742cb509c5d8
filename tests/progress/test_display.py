"""The display while a study runs: its text, the estimate of the time left, and fixed lines."""

import io
import logging
import re
from types import SimpleNamespace

import pytest

from seedwise.config.study import Run
from seedwise.progress import failures
from seedwise.progress import session as session_module
from seedwise.progress.banner import banner, finding, plan
from seedwise.progress.display import Display, pause
from seedwise.progress.failures import Remedies, blocks, explained, reason_of, was_interrupted
from seedwise.progress.quiet import Quiet
from seedwise.progress.session import Job, Session, Snapshot, Training, time_left
from seedwise.progress.states import RunState, StateReader
from seedwise.progress.table import UNICODE, block, log_line
from seedwise.progress.terminal import Terminal
from seedwise.progress.words import duration, seed_ranges
from seedwise.runs.attempt import ENDED
from tests.progress.test_states import HISTORY, asked, put_attempt, put_record, record, study  # noqa: F401 - a fixture


def training(variant="a", seed=0, epoch=1, mean_seconds=10.0, started=80.0, latest=100.0, phase=None):
    return Training(Run(variant, seed), phase, epoch, 3, mean_seconds, started, latest)


def shot(*trainings, places=None, done=5, total=9, failed=1, left=80.0, others=()):
    return Snapshot("epoch", places or {}, done, total, failed, trainings, others, left, now=100.0)


def places(**variants):
    """Where the runs of variants are, one letter per seed: done, failed, running, waiting."""
    words = {"d": "done", "f": "failed", "r": "running", "w": "waiting", "x": "diverged"}
    return {Run(name, seed): words[letter] for name, own in variants.items() for seed, letter in enumerate(own)}


def test_the_table_fits_a_terminal_of_80_columns():
    trainings = [
        training("augment", 1),
        training("dropout", 0, None, None, phase="importing"),
        training("dropout", 1, None, None, None),
    ]
    seen = shot(*trainings, places=places(baseline="ddx", augment="drf", dropout="rrw"))
    assert block(seen, 80) == [
        "####....  5 of 9 runs done, 2 running, 1 failed, 1 to go; about 1 min 20 s left",
        "  baseline  ++!",
        "  augment   +>x  seed 1: epoch 2 of 3, 20 s",
        "  dropout   >>.  seed 0: importing, 20 s; seed 1: starting",
    ]
    wide = block(seen, 120, marks=UNICODE)
    assert wide[0].startswith("███████████░░░░░░░░░  5 of 9 runs done")
    assert wide[2] == "  augment   ✓▸✗  seed 1: epoch 2 of 3, 20 s"


def test_of_many_variants_with_one_seed_the_running_one_is_shown():
    variants = places(**{f"v{number}": "w" for number in range(40)}, late="r")
    assert block(shot(training("late", 0), places=variants), 80)[1:] == [
        "  late  >  seed 0: epoch 2 of 3, 20 s",
        "  and 40 more variants",
    ]


def test_many_seeds_are_counted_and_of_many_variants_the_active_ones_are_shown():
    many = places(a="d" * 100 + "w" * 100, b="w" * 200)
    assert block(shot(places=many), 80)[1:] == ["  a  100 of 200", "  b  0 of 200"]
    variants = places(**{f"v{number}": "dd" for number in range(40)}, late="dr")
    assert block(shot(training("late", 1), places=variants), 80)[1:] == [
        "  late  +>  seed 1: epoch 2 of 3, 20 s",
        "  and 40 more variants",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_table_is_never_wider_or_higher_than_the_terminal(width):
    many = [training(f"a-variant-with-a-very-long-name-{number}", 0) for number in range(50)]
    where = places(**{each.run.variant: "rw" for each in many})
    for height in (6, 24):
        lines = block(shot(*many, places=where, total=100), width, height=height)
        assert max(map(len, lines)) < width
        assert len(lines) == 1 + min(12, height - 4)
        assert lines[-1].startswith("  and ")


def test_a_log_line_names_the_first_few_and_no_score():
    line = log_line(shot(*[training(seed=seed) for seed in range(6)], total=14, others=[Job("fetch_data", None, 90.0)]))
    assert line.startswith(
        "5 of 14 runs done, 6 running, 1 failed, 2 to go; about 1 min 20 s left | a seed 0: epoch 2 of 3 | a seed 1"
    )
    assert line.endswith("a seed 3: epoch 2 of 3 | getting the data for 10 s | and 2 more")


def test_the_banner_says_what_is_there_and_what_is_to_do(tmp_path):
    runs = [Run(name, seed) for name in ("a", "b") for seed in range(3)]
    assert banner("tiny", "Tiny study", tmp_path, runs, runs) == [
        "tiny: Tiny study",
        "6 runs to do: 2 variants × 3 seeds",
        f"results will be in {tmp_path}; no score is shown before all runs are in",
    ]
    assert banner("tiny", "", tmp_path, runs, runs[:2])[:2] == ["tiny", "2 of 6 runs to do; 4 are there already"]
    assert banner("tiny", "", tmp_path, runs, [])[1:] == [
        "no run to do: all 6 runs are there already",
        f"results will be in {tmp_path}",
    ]
    assert banner("tiny", "", tmp_path, [], [], elsewhere=True)[1] == "no run to do: they were recorded elsewhere"
    assert plan({"train_run": 2, "all": 1}, runs[1:3])[:-1] == [
        "would run:",
        "  train_run  2",
        "    a: seeds 1, 2",
        "  all        1",
    ]


def test_a_run_that_a_signal_stops_while_it_imports_is_interrupted(tmp_path):
    log = tmp_path / "seed0.log"
    log.write_text("Traceback (most recent call last):\n  File x\nKeyboardInterrupt\n")
    _, failed_state = failed("a", 0, "x")
    missing = failed_state.model_copy(update={"state": "missing", "reason": None})
    assert was_interrupted(missing, [str(log)])
    assert not was_interrupted(failed_state, [str(log)]), "the program itself says so"
    log.write_text("python: not found\n")
    assert not was_interrupted(missing, [str(log)])


def test_the_finding_is_the_headline_of_the_report(tmp_path):
    report = tmp_path / "results.md"
    assert finding(report) is None
    report.write_text("# T\n\n**Asked:** Is it **b**\n\n## In short\n\n**`b` is better than a.**\n\n**b** is\n")
    assert finding(report) == "b is better than a."
    report.write_text("**\\[b\\] \\| \\`c\\` is worse than `a`.**\n")
    assert finding(report) == "[b] | `c` is worse than a."


def failed(variant, seed, reason):
    return Run(variant, seed), RunState(
        variant=variant, seed=seed, state="failed", unit="step", steps=None, reason=reason
    )


def test_a_failure_is_told_once_however_many_seeds_it_hit():
    refused = "not started, because the first run of this variant, seed 0, failed: exit status 1: ValueError: no 2"
    runs = dict(
        [
            failed("a", 2, refused),
            failed("a", 0, "exit status 1: ValueError: no 2"),
            failed("a", 1, refused),
            failed("b", 0, "killed by SIGKILL (often: out of memory), and printed nothing; pid 7"),
            failed("b", 4, "killed by SIGKILL (often: out of memory), and printed nothing; pid 8"),
            failed("c", 0, "exit status 1: ValueError: no 3"),
        ]
    )
    assert blocks(runs, [], "seedwise status") == [
        "FAILED  a seed 0: exit status 1: ValueError: no 2",
        "  not started after that: a seeds 1, 2 (`canary: false` in the study starts them anyway)",
        "FAILED  b seeds 0, 4: killed by SIGKILL (often: out of memory), and printed nothing; pid 7",
        "  If it was memory: fewer runs at a time (--cores 1), or more memory (resources: train_run: mem_mb).",
        "FAILED  c seed 0: exit status 1: ValueError: no 3",
        "Fix the cause, then run the same command again: it does what is missing, and what the fix concerns.",
    ]


@pytest.mark.parametrize(
    ("remedies", "advice"),
    [
        (Remedies("command"), "one run on each GPU at a time (resources: train_run: gpu: 1)"),
        (Remedies("command", gpu=1, slots=3), "fewer runs on one GPU (resources: train_run: gpu_slots, now 3)"),
        (Remedies("command", gpu=1), "a larger GPU, with nothing else on it"),
        (Remedies(), "a larger GPU, with nothing else on it"),
    ],
)
@pytest.mark.parametrize(
    "reason",
    [
        "RuntimeError: CUDA error: out of memory",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB",
        "RuntimeError: MPS backend out of memory",
        "XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes",
    ],
)
def test_memory_of_a_gpu_is_not_that_of_the_machine(reason, remedies, advice):
    lines = blocks(dict([failed("b", 0, f"exit status 1: {reason}")]), [], "seedwise status", remedies)
    assert f"  If it was memory of the GPU: a smaller batch, or {advice}." in lines
    assert "mem_mb" not in " ".join(lines)


@pytest.mark.parametrize(
    ("remedies", "advised"),
    [
        (Remedies("command", succeeded=frozenset("a")), True),
        (Remedies("command", succeeded=frozenset("b")), False),
        (Remedies("command", retries=1, succeeded=frozenset("a")), False),
        (Remedies(succeeded=frozenset("a")), False),
    ],
)
def test_a_run_that_may_have_failed_by_chance_can_be_tried_again_or_counted(remedies, advised):
    lines = blocks(dict([failed("a", 1, "exit status 1: lost")]), [], "seedwise status", remedies)
    assert (
        "If it may succeed at another time: retries: 2 under command: in the study tries it again." in lines
    ) == advised
    assert any("failures: count there makes it a lost run" in line for line in lines) == advised


def test_a_message_of_ours_is_told_in_full_and_a_traceback_by_its_last_line(tmp_path):
    ours, traceback, empty = tmp_path / "ours.log", tmp_path / "traceback.log", tmp_path / "empty.log"
    ours.write_text("reading\nError: 2 records cannot be used:\n  one\n  rm one\n")
    traceback.write_text("Traceback (most recent call last):\n  File ...\nValueError: of no use\n")
    empty.write_text("")
    assert reason_of([str(empty), str(ours)]) == ("2 records cannot be used:\n  one\n  rm one", str(ours))
    assert reason_of([str(traceback)]) == ("ValueError: of no use", str(traceback))
    assert reason_of([str(empty), str(tmp_path / "none.log")]) is None
    long = f"runs: answers.csv: {'what is wrong, ' * 40}and at the end the remedy"
    ours.write_text(f"Error: {long}\n")
    assert reason_of([str(ours)]) == (long, str(ours)), "the remedy is not cut off"


def test_a_run_that_left_no_word_is_explained_by_the_logs_of_its_job(tmp_path):
    own, cluster = tmp_path / "seed0.log", tmp_path / "slurm.log"
    cluster.write_text("slurmstepd: error: Detected 1 oom_kill event\n")
    _, missing = failed("a", 0, None)
    told = explained(missing, [str(own), str(cluster)])
    assert (told.reason, told.log) == ("slurmstepd: error: Detected 1 oom_kill event", str(cluster))
    own.write_text("Error: .context.json: not the context of a study\n")
    told = explained(missing, [str(own), str(cluster)])
    assert (told.reason, told.log) == (".context.json: not the context of a study", str(own))
    _, killed = failed("a", 0, ENDED)
    assert (explained(killed, [str(cluster)]).reason, explained(killed, [str(cluster)]).log) == (ENDED, str(cluster))
    assert explained(missing, []) == missing
    own.write_text("baseline seed 0: finished, accuracy 0.75\n")
    told = explained(missing.model_copy(update={"state": "finished"}), [str(own)])
    assert (told.reason, told.log) == ("its job failed after the run had ended", str(own))


def test_a_disk_is_asked_once_for_each_job_that_failed(tmp_path, monkeypatch):
    """To ask means to write to it."""
    asked_for = []
    monkeypatch.setattr(failures, "no_room", lambda folder: asked_for.append(folder))
    monkeypatch.setattr(failures.time, "monotonic", lambda: 1000.0)
    log = tmp_path / "seed0.log"
    log.write_text("ValueError: of no use\n")
    _, missing = failed("a", 0, None)
    _, killed = failed("a", 0, ENDED)
    for state in (missing, killed):
        assert not was_interrupted(state, [str(log)])
        assert explained(state, [str(log)]).log == str(log)
    assert asked_for == [tmp_path]
    monkeypatch.setattr(failures.time, "monotonic", lambda: 1010.0)
    explained(missing, [str(log)])
    assert asked_for == [tmp_path, tmp_path], "it may have filled up since"


def started(file, folder):
    """A display of a study's runs, the logger whose events it follows, and what both print to."""
    stream = io.StringIO()
    handler, logger = logging.StreamHandler(stream), logging.Logger("snakemake")
    quiet = Quiet(lambda counts: None)
    handler.addFilter(quiet)
    logger.addHandler(handler)
    display = Display(Session(StateReader(file, folder), file.runs(), set(file.runs())), handler)
    display.start(logger, quiet)
    return display, logger, stream


def test_a_failure_is_hidden_only_where_the_display_knows_why(study, tmp_path):  # noqa: F811
    display, logger, stream = started(asked(study, tmp_path), tmp_path)
    log = tmp_path / "seed1.log"
    log.write_text("Traceback\nModuleNotFoundError: No module named 'torch'\n")
    for seed, logs in enumerate(([], [str(log)])):
        wildcards = {"variant": "dropout", "seed": str(seed)}
        begun = {"jobid": seed, "rule_name": "train_run", "wildcards": wildcards}
        logger.info("rule train_run", extra={"event": "job_info", **begun})
        failure = {"event": "job_error", "jobid": seed, "log": logs, "rule_msg": None}
        logger.error(f"Error in rule train_run, jobid: {seed}", extra=failure)
    logger.error("odd", extra={"event": "job_error", "jobid": 0})
    group = {"event": "group_error", "aux_logs": ["slurm/7.log"], "job_error_info": [{"jobid": 9, "log": []}]}
    logger.error("Error in group 1", extra=group)
    display.stop()
    shown = stream.getvalue()
    assert "Error in rule train_run, jobid: 0" in shown, "neither the run nor a log says why"
    assert "Error in rule train_run, jobid: 1" not in shown
    assert re.search(
        r"\] dropout seed 1: failed after \d s: ModuleNotFoundError: No module named 'torch'\n  log: ", shown
    )
    assert "FAILED  dropout seed 1: ModuleNotFoundError: No module named 'torch'" in shown
    assert "odd" in shown
    assert "its log: slurm/7.log" in shown


def test_a_run_that_ctrl_c_met_before_its_first_word_did_not_fail(study, tmp_path):  # noqa: F811
    display, logger, stream = started(asked(study, tmp_path), tmp_path)
    begun = {"jobid": 0, "rule_name": "train_run", "wildcards": {"variant": "dropout", "seed": "0"}}
    logger.info("rule train_run", extra={"event": "job_info", **begun})
    logger.info("Terminating processes on user request, this might take some time.")
    (tmp_path / "empty.log").touch()
    failure = {"event": "job_error", "jobid": 0, "log": [str(tmp_path / "empty.log")], "rule_msg": None}
    logger.error("Error in rule train_run, jobid: 0", extra=failure)
    display.stop()
    logger.error("WorkflowError:\nAt least one job did not complete successfully.")
    shown = stream.getvalue()
    assert "dropout seed 0: interrupted after 0 s" in shown
    assert "To go on, run the same command again" in shown
    assert not re.search("failed|FAILED|Error", shown)


@pytest.mark.parametrize(("asked_before", "end"), [(False, "missing."), (True, "missing, and asks again before it")])
def test_it_says_how_to_go_on_and_whether_there_will_be_a_question(study, tmp_path, asked_before, end):  # noqa: F811
    file = asked(study, tmp_path)
    stream = io.StringIO()
    session = Session(StateReader(file, tmp_path), file.runs(), set(file.runs()))
    display = Display(session, logging.StreamHandler(stream), asked=asked_before)
    display.start(logging.Logger("snakemake"), None)
    display.stop()
    assert f"To go on, run the same command again: it does only what is {end}" in stream.getvalue()


def message(text, level=logging.INFO, **fields):
    record = logging.LogRecord("snakemake", level, "", 0, text, (), None)
    record.__dict__.update(fields)
    return record


def test_only_known_messages_are_hidden_and_never_an_error():
    said = []
    quiet = Quiet(said.append)
    hidden = (
        "Building DAG of jobs...",
        "Select jobs to execute...",
        "Job 3 has been submitted with SLURM jobid 7 (x)",
    )
    assert not any(quiet.filter(message(text)) for text in hidden)
    stats = {"train_run": 4, "total": 4}
    assert not any(quiet.filter(message("Job stats: ...", event="run_info", stats=stats)) for _ in range(2))
    assert said == [{"train_run": 4}]
    assert quiet.filter(message("Creating conda environment envs/training.yaml..."))
    assert quiet.filter(message("something new in a later version"))
    errors = [
        message("Error in rule x", logging.ERROR, event="job_error", jobid=1, log=[]),
        message("RuleException:\nCalledProcessError in file x:\n... returned non-zero exit status 1.", logging.ERROR),
        message("Exiting because a job execution failed. Look below for error messages", logging.ERROR),
        message("RuleException:\nCalledProcessError in file x:\n... died with <Signals.SIGINT: 2>.", logging.ERROR),
    ]
    assert all(quiet.filter(record) for record in errors), "nothing else reports them"
    quiet.reports = lambda fields: False
    assert quiet.filter(errors[0])
    assert quiet.filter(errors[2])
    quiet.reports = lambda fields: True
    assert not any(quiet.filter(record) for record in errors)
    assert quiet.filter(message("WorkflowError:\nNo space left on device", logging.ERROR))


def test_lines_of_a_plain_log_become_less_frequent():
    assert [pause(elapsed) for elapsed in (0, 600, 3600, 86400)] == [30, 30, 180, 600]


def test_the_time_left_follows_the_epochs_and_then_the_completed_runs():
    assert time_left([training(epoch=None, mean_seconds=None)], {"a": 3}, {}, 1, now=100.0) is None
    # Two epochs of 10 s are left of one run, and three of one run to come.
    assert time_left([training(latest=100.0)], {"a": 1}, {}, 1, now=100.0) == 20 + 30
    assert time_left([training(latest=95.0)], {"a": 1}, {}, 1, now=100.0) == 15 + 30
    # A run took 50 s in all; an unknown variant is assumed to take as long.
    assert time_left([], {"a": 2, "b": 2}, {"a": [50.0]}, 2, now=100.0) == 4 * 50 / 2
    # The last run takes its time, however many run at once.
    assert time_left([training(latest=100.0)], {}, {}, 4, now=100.0) == 20


def test_a_session_follows_snakemakes_events(study, tmp_path):  # noqa: F811
    file = asked(study, tmp_path)
    runs = [run for run in file.runs() if run.seed < 4]
    session = Session(StateReader(file, tmp_path), runs, {*runs} - {Run("baseline", 0)})
    assert session.done == 1
    session.begin(1, "train_run", {"variant": "baseline", "seed": "1"})
    session.begin(2, "train_run", {"variant": "dropout", "seed": "0"})
    session.begin(3, "prepare_data", {})
    (put_attempt(study, tmp_path, "dropout", 0) / "history.csv").write_text(HISTORY)
    seen = session.snapshot()
    assert (seen.done, seen.running, seen.to_go) == (1, 1, 6)
    assert [(line.run, line.step, line.started) for line in seen.trainings] == [
        (Run("baseline", 1), None, None),
        (Run("dropout", 0), 1, 1000.0),
    ]
    assert [job.rule for job in seen.others] == ["prepare_data"]

    put_record(study, tmp_path, "baseline", 1, accuracy=0.75)
    job, state = session.finish(1)
    assert (job.run, state.state) == (Run("baseline", 1), "finished")
    assert session.finish(3)[1] is None
    assert session.finish(99) is None

    mark = study.run_folder("dropout", 0, tmp_path) / "attempt.json"
    mark.write_text(mark.read_text().replace("}", ', "error": "ValueError: no"}'))
    session.fail(2)
    assert session.failed[Run("dropout", 0)].reason == "ValueError: no"
    assert (session.snapshot().failed, session.snapshot().to_go) == (1, 5)
    session.begin(4, "train_run", {"variant": "dropout", "seed": "0"})  # with --retries
    assert not session.failed
    mark.write_text(mark.read_text().replace("}", ', "interrupted": true}'))
    session.fail(4)
    assert (session.snapshot().failed, session.snapshot().to_go) == (0, 6)


def test_a_run_of_a_cluster_is_timed_without_the_queue_and_the_queue_by_its_pace(study, tmp_path, monkeypatch):  # noqa: F811
    file = asked(study, tmp_path)
    clock = SimpleNamespace(time=lambda: clock.now, now=10_000.0)
    monkeypatch.setattr(session_module, "time", clock)
    session = Session(StateReader(file, tmp_path), file.runs(), set(file.runs()), queues=True)
    for jobid, run in enumerate(file.runs()):
        session.begin(jobid, "train_run", {"variant": run.variant, "seed": str(run.seed)})
    names, spent = file.runs(), record().timing.total
    for number, run in enumerate(names[:4]):  # an hour in the queue, then one job each minute
        clock.now = 13_600.0 + 60 * (number + 1)
        put_record(study, tmp_path, run.variant, run.seed)
        assert session.took(*session.finish(number)) == spent
        queued = len(names) - number - 1
        pace = (60 * number + spent) / (number + 1) if number else spent
        assert session.snapshot().left == pytest.approx(queued * pace)
    put_attempt(study, tmp_path, names[4].variant, names[4].seed, started=clock.now - 7, error="ValueError: no")
    assert session.took(*session.fail(4)) == pytest.approx(7)


def screen(text):
    """Return what a terminal shows after `text`; only moves up and clears below are supported."""
    lines = [""]
    for part in re.findall(r"\r|\n|\x1b\[\d*[AJ]|[^\r\n\x1b]+", text):
        if part == "\n":
            lines.append("")
        elif part.endswith("A") and part.startswith("\x1b"):
            lines = lines[: len(lines) - int(part[2:-1])]
            lines[-1:] = [""]
        elif not part.startswith(("\x1b", "\r")):
            lines[-1] += part
    return lines


def test_output_goes_above_the_fixed_lines():
    stream = io.StringIO()
    terminal = Terminal(stream)
    terminal.write("before\n")
    terminal.show(["one", "two"])
    terminal.write("half a line, ")
    terminal.show(["three"])
    terminal.write("and its end")
    terminal.write("\n")
    assert screen(stream.getvalue()) == ["before", "half a line, and its end", "three", ""]
    terminal.show(())
    assert screen(stream.getvalue()) == ["before", "half a line, and its end", ""]


def test_durations_and_seeds_are_readable():
    assert [duration(seconds) for seconds in (0, 8.4, 125, 3600, 12000, 187000)] == [
        *("0 s", "8 s", "2 min 5 s", "1 h", "3 h 20 min", "2 d 3 h"),
    ]
    assert seed_ranges([3]) == "seed 3"
    assert seed_ranges([9, 0, 1, 2, 4, 5]) == "seeds 0 to 2, 4, 5, 9"
