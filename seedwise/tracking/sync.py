"""Send to W&B the runs that were recorded offline or not sent completely, each once."""

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
from seedwise.basics.secrets import hide
from seedwise.tracking.weights_and_biases import key_is_there, quiet_environment

CONNECT_SECONDS = 5.0
GIVE_UP_AFTER = 3  # failures in a row, which are the fault of the server rather than of the runs


class Failure(NamedTuple):
    """A run that was not sent, and why."""

    folder: Path
    reason: str


def unsent(folder: Path) -> list[Path]:
    """Return the directories of a study's W&B runs that have not been sent completely, oldest first.

    Beside the log of a run that was sent is a marker, `run-<id>.wandb.synced`, as `wandb sync` writes it.
    """
    logs = [*folder.glob("wandb/offline-run-*/run-*.wandb"), *folder.glob("wandb/run-*/run-*.wandb")]
    runs = {log.parent for log in logs if not _marker(log).exists()}
    return sorted(runs, key=lambda run: run.name.removeprefix("offline-"))


def sync(
    runs: Sequence[Path], report: Callable[[str], None], send: Callable[[Path], str | None]
) -> tuple[int, list[Failure]]:
    """Send runs one after another; return how many were sent, and which were not.

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

    Its exit status is of no use: it is 0 even if the server refused everything.
    """
    command = [sys.executable, "-m", "wandb", "sync", "--include-online", str(run)]
    # By default wandb makes a folder for a log of the command and keeps artifacts in the user's home: keep both here.
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
        return f"the server did not take it within {timeout:g} s"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # the command and the wandb-core that it started
            process.communicate()
    errors = [line.split("ERROR", 1)[1].strip() for line in output.splitlines() if "ERROR" in line]
    markers = [_marker(log) for log in run.glob("run-*.wandb")]
    if errors:
        for marker in markers:
            marker.unlink(missing_ok=True)
        return hide(errors[0])
    if all(marker.exists() for marker in markers):
        return None
    lines = [line.removeprefix("wandb: ").strip() for line in output.splitlines() if line.strip()]
    return hide(lines[-1]) if lines else "wandb sync gave no reason"


def check_server() -> None:
    """Raise UserError if there is no key, or if no server answers at its address."""
    url = os.environ.get("WANDB_BASE_URL") or "https://api.wandb.ai"
    if not key_is_there():
        raise UserError("no W&B API key; set WANDB_API_KEY, or run: wandb login")
    parts = urlsplit(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        raise UserError(
            f"no W&B server answers at {hide(url)} ({error.strerror or error}); nothing was sent"
        ) from error


def _marker(log: Path) -> Path:
    return log.with_name(f"{log.name}.synced")
