"""One run of a program, from settings to record."""

from __future__ import annotations

import glob
import hashlib
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from seedwise.basics.errors import UserError, full_disk
from seedwise.basics.file_digests import FILES_CACHE
from seedwise.basics.files import hold_lock, write_text
from seedwise.basics.numerals import exponent_number
from seedwise.runs.commit import git_state
from seedwise.runs.cpu import cpu_model
from seedwise.runs.digest_parts import read_parts
from seedwise.runs.record import Provenance, RecordError, RunRecord, Status, Timing, read_record, write_record
from seedwise.tracking import Mirrors, TrackedRun
from seedwise.trainers.command.command_line import Scalar, Value, fill
from seedwise.trainers.command.failure import FAILURES, Failure, describe_failure, describe_timeout
from seedwise.trainers.command.launch import launch
from seedwise.trainers.command.request import Request, command_of, program_variables
from seedwise.trainers.command.undeclared import Named, Undeclared, named_by

if TYPE_CHECKING:
    from seedwise.trainers.command.isolation import Snapshot
    from seedwise.trainers.command.outputs.place import Note
    from seedwise.trainers.command.reading import Left

IDENTITY = "identity.json"
"""File in the run's folder with the digests of a run that has not ended: its checkpoints belong to these."""
COPY = "code"
"""Folder in the run's folder with its own copy of the program, where runs are isolated."""


def run_program(
    request: Request, mirrors: Mirrors, say: Callable[[str], None] = print, verify: Callable[[], None] | None = None
) -> RunRecord:
    """Run the program, read its numbers, and write metrics.json and what else it left into the run's folder.

    Only one process at a time can do a run. A second one waits, and returns the first one's record if it fits.

    Args:
        request: what to run.
        mirrors: trackers.
        say: takes lines of progress.
        verify: called before the program starts; raises UserError if its code is no longer what the digest says.

    Raises:
        UserError: the program failed, or left no numbers; the message says why and names the log.
    """
    waited = False

    def wait() -> None:
        nonlocal waited
        waited = True
        say(f"{request.variant} seed {request.seed}: another process is doing this run; waiting for it")

    with hold_lock(request.folder / ".lock", wait) as lock:
        if waited and (record := fitting_record(request, request.record)) is not None:
            say("the other process finished it")
            return record
        with _turns(request, say) as turns:
            if verify:
                verify()
            return _run(request, mirrors, say, [lock, *turns])


@contextmanager
def _turns(request: Request, say: Callable[[str], None]) -> Iterator[list[int]]:
    """Wait until no other run may write the files outside its folder that this one's numbers are read from.

    Otherwise each might be given the numbers of the other. Yields the descriptors of the locks that are held.
    """
    folder = request.folder / COPY if request.settings.isolate else Path(request.there.folder)
    filled = {request.fill(template).removeprefix("sqlite:///") for template in request.place.reads}
    shared = sorted(os.path.realpath(folder / name) for name in filled if "://" not in name)
    with ExitStack() as held:
        yield [
            held.enter_context(hold_lock(_lock_of(path), partial(_say_turn, request, path, say)))
            for path in shared
            if not Path(path).is_relative_to(request.folder)
        ]


def _lock_of(path: str) -> Path:
    return Path(".snakemake/seedwise/shared") / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}.lock"


def _say_turn(request: Request, path: str, say: Callable[[str], None]) -> None:
    say(
        f"{request.variant} seed {request.seed}: another run leaves its numbers in {path} too; waiting for its end. "
        "With {out} in that path, runs need not wait"
    )


@dataclass(frozen=True)
class Execution:
    """A program that ran to its end, was stopped, or could not be started.

    Attributes:
        shown: the words of its command, as the record shows them.
        folder: where it ran.
        reason: why it failed; None if it ended well.
        timed_out: whether it was stopped after its time limit.
        seconds: how long it ran.
        log: file with what it printed.
        log_start: where in the file that begins.
        since: when it was started, in seconds since 1970.
        wrote: files in its own folder that changed while it ran.
        before: files that results could be read from, outside the run's folder, as they were before it was started.
        exported: digests of variables that its code reads and the study does not set.
        named_files: digests of files that its code names, and that are neither code nor data and have not changed.
    """

    shown: list[str]
    folder: Path
    reason: str | None
    timed_out: bool
    seconds: float
    log: Path
    log_start: int
    since: float
    wrote: list[str]
    before: dict[Path, Note]
    exported: dict[str, str | None]
    named_files: dict[str, str]


def execute(request: Request, say: Callable[[str], None], keep_open: Sequence[int] = ()) -> Execution:
    """Prepare the run's folder and run the program in it, without reading what it leaves.

    Args:
        request: what to run.
        say: takes lines of progress.
        keep_open: descriptors that the program inherits.

    Raises:
        UserError: the folder or the copy of the program cannot be made, or a variable that it needs is not set.
    """
    checkpoint = _prepare_folder(request)
    words, shown = command_of(request, checkpoint)
    folder = _copied(request) if request.settings.isolate else Path(request.there.folder)
    limit = request.place.time_limit
    say(f"running in {folder}: {json.dumps(shown, ensure_ascii=False)}")
    variables = program_variables(request, checkpoint, folder)
    watched = _Watched(request, folder)
    output, log, start = _output(request)
    before = _files_outside(request, folder, log, start)
    undeclared = Undeclared(partial(_named, request, folder), variables, FILES_CACHE, say)
    began, since = time.monotonic(), time.time()
    reason, timed_out = None, False
    try:
        ended = launch(words, folder, variables, output, keep_open, limit)
        timed_out = ended.timed_out
        if timed_out and limit is not None:
            reason = describe_timeout(limit, log, start)
        elif ended.status:
            reason = describe_failure(ended.status, log, start)
    except UserError as error:
        reason = str(full_disk(error, log.parent) or error)
    finally:
        os.close(output)
    seconds = time.monotonic() - began
    return Execution(
        shown=shown,
        folder=folder,
        reason=reason,
        timed_out=timed_out,
        seconds=seconds,
        log=log,
        log_start=start,
        since=since,
        wrote=watched.changed(),
        before=before,
        exported=undeclared.exported,
        named_files=undeclared.unchanged_files(),
    )


def _named(request: Request, folder: Path) -> Named:
    """Return what the program's code names and the study does not."""
    study = request.folder.parents[2]
    code = [folder / name for name in read_parts(study, request.digests.code)]
    data = [Path(request.place.common.original) / name for name in read_parts(study, request.digests.data)]
    named = named_by(code, folder, [*data, request.out])
    given = {*request.settings.env, *request.there.environment.variables}
    return named._replace(variables=[name for name in named.variables if name not in given])


def _run(request: Request, mirrors: Mirrors, say: Callable[[str], None], locks: Sequence[int]) -> RunRecord:
    # This reads what the program leaves, and is needed only once it has ended.
    from seedwise.trainers.command.reading import read_what_it_left

    began = time.perf_counter()
    failures = _earlier_failures(request)
    done = execute(request, say, locks)
    left, reason = None, done.reason
    if reason is None:
        try:
            left = read_what_it_left(request, done)
        except UserError as error:
            reason = str(error)
    if reason is not None:
        now = [*failures, Failure(reason, time.time())]
        _remember_failures(request, now)
        tried = sum(failure.ended >= request.place.started for failure in now)
        if request.place.failures != "count" or tried <= request.place.retries:
            raise UserError(reason)
    record = _record(request, done, left, reason, failures, time.perf_counter() - began)
    _mirror(request, record, left.history if left else [], mirrors)
    record = replace(record, tracking=mirrors.ids)
    write_record(request.record, record)
    (request.folder / FAILURES).unlink(missing_ok=True)
    # A run that is repeated after it has ended starts from the beginning: from its last checkpoint, nothing is left to
    # train, and what the program computes while it trains, such as a mean loss, would be of no step at all.
    (request.folder / IDENTITY).unlink()
    if request.settings.isolate:
        import shutil

        shutil.rmtree(request.folder / COPY, ignore_errors=True)
    numbers = ", ".join(f"{name} {value}" for name, value in record.metrics.items() if value is not None)
    why = f": {record.reason}" if record.reason else ""
    say(f"{request.variant} seed {request.seed}: {record.status}{why}, {numbers or 'no numbers'}")
    return record


def _prepare_folder(request: Request) -> Path | None:
    """Empty the run's folder, unless it goes on from a checkpoint; return that checkpoint."""
    request.folder.mkdir(parents=True, exist_ok=True)
    mark, identity = request.folder / IDENTITY, json.dumps(request.identity, sort_keys=True)
    checkpoint = None
    if request.place.checkpoint is not None and mark.exists() and mark.read_text(encoding="utf-8") == identity:
        checkpoint = _checkpoint(request, request.place.checkpoint)
    if checkpoint is None:
        _remove(request.out)
        for name in ("results.json", "history.jsonl", "scores.jsonl", "history.csv", "scores.csv", COPY):
            _remove(request.folder / name)
        write_text(mark, identity)
    request.out.mkdir(exist_ok=True)
    write_text(request.path("SEEDWISE_SETTINGS"), json.dumps(_with_numbers(request.settings.settings), indent=1) + "\n")
    return checkpoint


def _with_numbers(settings: Mapping[str, Value]) -> dict[str, Value]:
    """Return settings with 5e-4, which YAML takes for text and a command line gets as it is written, as a number."""

    def number(value: Scalar) -> Scalar:
        found = exponent_number(value)
        return value if found is None else found

    return {
        name: tuple(map(number, value)) if isinstance(value, tuple) else number(value)
        for name, value in settings.items()
    }


def _remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; raises UserError if something stays.

    What an earlier attempt has left would be read as the results of this one.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            import shutil  # a run that is the first in its folder does not need it

            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{path}: what an earlier attempt has left cannot be removed ({error.strerror or error}); remove it"
        ) from error


def _checkpoint(request: Request, template: str) -> Path | None:
    """Return the latest file or folder that matches the pattern of the checkpoint.

    Only `out` is emptied at the start, so what is elsewhere must be younger than the first attempt at this run.
    """
    # Only what the study wrote is a pattern, not the characters of a filled-in value.
    values = {name: glob.escape(value) for name, value in request.values.items()}
    pattern = Path(glob.escape(request.there.folder)) / fill(template, values)
    since = (request.folder / IDENTITY).stat().st_mtime
    found = [
        path
        for path in map(Path, glob.glob(str(pattern), recursive=True))  # noqa: PTH207
        if path.is_relative_to(request.out) or path.stat().st_mtime >= since
    ]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _copied(request: Request) -> Path:
    """Copy the program into the run's folder; return the copy's working folder."""
    from seedwise.trainers.command.isolation import copy_program

    place = request.place
    return copy_program(Path(request.there.folder), request.folder / COPY, link=place.link, without=place.without)


def _files_outside(request: Request, folder: Path, log: Path, start: int) -> dict[Path, Note]:
    """Note the files that results are read from and that lie outside the run's folder, which is empty."""
    if not request.place.reads:
        return {}
    from seedwise.trainers.command.outputs.place import noted
    from seedwise.trainers.command.reading import place_of

    return noted(request.place.reads, place_of(request, folder, log, start))


def _output(request: Request) -> tuple[int, Path, int]:
    """Return the descriptor that the program prints to, the file behind it, and where in it the output begins."""
    if request.log is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        return os.dup(1), request.log, os.fstat(1).st_size
    log = request.folder / "output.log"
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), log, 0


class _Watched:
    """Which files in the program's own folder change while it runs: two runs at once might read each other's."""

    def __init__(self, request: Request, folder: Path) -> None:
        self._folder = None if request.settings.isolate else folder
        self._without = request.place.without
        self._before = self._snapshot()

    def _snapshot(self) -> Snapshot | None:
        from seedwise.trainers.command.isolation import snapshot

        return snapshot(self._folder, self._without) if self._folder else None

    def changed(self) -> list[str]:
        """Return the names of the files that have changed or appeared."""
        from seedwise.trainers.command.isolation import written

        return written(self._before, self._snapshot())


def _record(
    request: Request, done: Execution, left: Left | None, reason: str | None, failures: list[Failure], seconds: float
) -> RunRecord:
    metrics: Mapping[str, float] = left.metrics if left else {}
    status: Status = "finished" if reason is None else "failed"
    deciding = metrics.get(request.place.metric)
    if deciding is not None and not math.isfinite(deciding):
        status, reason = "diverged", f"its {request.place.metric} is {deciding}"
    environment = request.there.environment
    commit, dirty = (request.there.commit, False) if request.there.commit else git_state(Path(request.there.folder))
    return RunRecord(
        study=request.study,
        variant=request.variant,
        seed=request.seed,
        status=status,
        reason=reason,
        metrics={name: value if math.isfinite(value) else None for name, value in metrics.items()},
        settings=json.loads(request.settings.canonical()),
        started=round(done.since, 3),
        command=done.shown,
        failures=[failure.reason for failure in failures],
        wrote=done.wrote,
        provenance=Provenance(
            commit=commit,
            dirty=dirty,
            uncommitted=None if commit is None or request.uncommitted is None else list(request.uncommitted),
            versions=dict(environment.versions),
            hardware=_hardware(request.device),
            device=request.device,
            threads=request.threads,
            settings_digest=request.settings.digest(),
            code_digest=request.digests.code,
            data_digest=request.digests.data,
            data=request.digests.data,
            environment_digest=request.digests.environment,
            environment=environment.words,
            exported=done.exported,
            named_files=done.named_files,
        ),
        timing=Timing(total=seconds),
    )


def _hardware(device: str) -> str:
    if device != "cuda":
        return cpu_model()
    from seedwise.runs.hardware import gpu_model

    return gpu_model() or "GPU"


def _mirror(request: Request, record: RunRecord, history: list[dict[str, float]], mirrors: Mirrors) -> None:
    """Send a run that has ended to the trackers."""
    mirrors.start(
        TrackedRun(
            request.study,
            request.variant,
            request.seed,
            request.settings.settings,
            request.settings.digest(),
            request.folder.parents[2],
        )
    )
    for row in history:
        (_, step), *rest = row.items()
        mirrors.log(dict(rest), step=int(step))
    mirrors.finish(record.metrics, record.status)


def fitting_record(request: Request, path: Path) -> RunRecord | None:
    """Return the record of a run with the settings, code, data and environment of a request; None if it has others."""
    try:
        record = read_record(path)
    except RecordError:
        return None
    origin = record.provenance
    made_with = {
        "settings": origin.settings_digest,
        "code": origin.code_digest,
        "data": origin.data,
        "environment": origin.environment_digest,
    }
    return record if made_with == request.identity else None


def _earlier_failures(request: Request) -> list[Failure]:
    """Return why earlier attempts at the very same run failed."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((request.folder / FAILURES).read_bytes())
        if found["identity"] == request.identity:
            return [Failure(str(reason), float(ended)) for reason, ended in found["failures"]]
    return []


def _remember_failures(request: Request, failures: list[Failure]) -> None:
    content = {"identity": request.identity, "failures": failures}
    write_text(request.folder / FAILURES, json.dumps(content, indent=1) + "\n")
