"""Send to W&B what was recorded offline, or was not sent in full: each run once, from where the last attempt ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from seedwise.basics.errors import UserError
from seedwise.tracking.weights_and_biases import key_is_there, quiet_environment

CONNECT_SECONDS = 5.0
GIVE_UP_AFTER = 3  # failures in a row: then it is the server, not the run


class Failure(NamedTuple):
    """A run that was not sent, and why."""

    folder: Path
    reason: str


def unsent(folder: Path) -> list[Path]:
    """Directories of a study's W&B runs that have not been sent in full, oldest first.

    What was sent has a marker beside its log, `run-<id>.wandb.synced`, as `wandb sync` leaves it.
    """
    logs = [*folder.glob("wandb/offline-run-*/run-*.wandb"), *folder.glob("wandb/run-*/run-*.wandb")]
    runs = {log.parent for log in logs if not _marker(log).exists()}
    return sorted(runs, key=lambda run: run.name.removeprefix("offline-"))


def sync(
    runs: Sequence[Path], report: Callable[[str], None], send: Callable[[Path], str | None]
) -> tuple[int, list[Failure]]:
    """Send runs one after the other; return how many were sent, and what was not.

    Args:
        runs: directories, as `unsent` lists them.
        report: takes a line of progress.
        send: sends one directory, and returns why that failed, or None.
    """
    failures: list[Failure] = []
    in_a_row = 0
    for position, run in enumerate(runs, start=1):
        reason = send(run) if in_a_row < GIVE_UP_AFTER else f"not tried after {GIVE_UP_AFTER} failures in a row"
        in_a_row = 0 if reason is None else in_a_row + 1
        report(f"{position}/{len(runs)} {run.name}: {reason or 'sent'}")
        if reason is not None:
            failures.append(Failure(run, reason))
    return len(runs) - len(failures), failures


def send_run(run: Path, timeout: float) -> str | None:
    """Send one directory with `wandb sync`; return why that failed, or None.

    Its exit status says nothing: it is 0 even where the server refused everything.
    """
    command = [sys.executable, "-m", "wandb", "sync", "--include-online", str(run)]
    # wandb would make a folder of its own for a log of the command, and keep artifacts in the home: let both be here.
    own = {"WANDB_MODE": "online", "WANDB_DIR": str(run.parents[1].resolve())}
    own["WANDB_CACHE_DIR"] = str((run.parent / "artifacts").resolve())
    environment = {**os.environ, **own, **quiet_environment(), "WANDB_SILENT": "false"}
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return f"the server has not taken it in {timeout:g} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the command and the wandb-core that it started
            process.communicate()
    errors = [line.split("ERROR", 1)[1].strip() for line in output.splitlines() if "ERROR" in line]
    markers = [_marker(log) for log in run.glob("run-*.wandb")]
    if errors:
        for marker in markers:
            marker.unlink(missing_ok=True)
        return errors[0]
    if all(marker.exists() for marker in markers):
        return None
    lines = [line.removeprefix("wandb: ").strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "wandb sync gave no reason"


def check_server() -> None:
    """Raise UserError if there is no key, or if nothing answers where the server should be."""
    url = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
    if not key_is_there():
        raise UserError("no W&B API key; set WANDB_API_KEY, or run: wandb login")
    parts = urlsplit(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        raise UserError(f"no W&B server answers at {url} ({error.strerror or error}); nothing was sent") from error


def _marker(log: Path) -> Path:
    return log.with_name(f"{log.name}.synced")
