"""W&B failures: each costs a run one warning and a bounded time, and changes none of its numbers."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.tracking.conftest import Trained, train
from tests.tracking.wandb_server import KEY, WandbServer

pytestmark = pytest.mark.slow

TIMEOUT = 15.0  # the default, whose bound the tests marked `timing` measure
SHORT = 8.0  # where W&B cannot be reached whatever the timeout: saves waiting
NOISE = 3.0  # seconds by which two equal runs may differ on a quiet machine
STARTED_LATE = "this run was recorded offline because W&B could not be used"
NOT_ALL = "the server did not take all of this run"
WRONG = "f" * 40
FAULTS = [
    ("hang", 0, STARTED_LATE),
    (401, 0, f"{STARTED_LATE} (made to answer 401)"),
    (429, 0, f"{STARTED_LATE} (Timed out while retrying: HTTP 429"),
    (500, 0, f"{STARTED_LATE} (Timed out while retrying: HTTP 500"),
    ("hang", 2, NOT_ALL),
    ("dead", 2, NOT_ALL),
    (401, 2, NOT_ALL),
    (429, 2, NOT_ALL),
    (500, 2, NOT_ALL),
]
KEYS = {"unknown": (WRONG, "invalid API key"), "too short": ("too-short", "WANDB_API_KEY invalid")}
KEYS |= {"none": ("", "No API key configured")}
DISKS = [(mode, room) for mode in ("offline", "online") for room in (0, 4096)]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tracking(timeout: float, mode: str = "online") -> dict:
    return {"wandb": {"mode": mode, "timeout": timeout}}


def with_a_failing_server(folder: Path, data: Path, timeout: float, fault: str | int, after: int) -> Trained:
    with WandbServer(fault, after) as server:
        return train(folder, data, tracking(timeout), server.environment())


def without_a_server(folder: Path, data: Path, timeout: float) -> Trained:
    environment = {"WANDB_BASE_URL": f"http://127.0.0.1:{unused_port()}", "WANDB_API_KEY": KEY}
    return train(folder, data, tracking(timeout), environment)


def with_a_key(folder: Path, data: Path, timeout: float, key: str) -> Trained:
    with WandbServer() as server:
        return train(folder, data, tracking(timeout), server.environment(key))


def on_a_full_disk(folder: Path, data: Path, timeout: float, mode: str, room: int) -> Trained:
    small = folder / "results" / "tiny" / "wandb"
    small.mkdir(parents=True)
    mount = f'mount -t tmpfs -o size=64k none "{small}" && head -c {65536 - room} /dev/zero > "{small}/full"'
    prefix = ("unshare", "-rm", "sh", "-c", f'{mount}; exec "$@"', "sh")
    with WandbServer() as server:
        return train(folder, data, tracking(timeout, mode), server.environment(), prefix)


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    answer = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return answer.returncode == 0


small_disk = pytest.mark.skipif(not can_mount(), reason="a small disk to fill needs user namespaces")


def check(trained: Trained, untracked: Trained, said: str) -> None:
    assert trained.record.metrics == untracked.record.metrics
    assert trained.record.status == "finished"
    assert len(trained.warnings) == 1, trained.stderr
    assert trained.warnings[0].startswith(f"Warning: wandb: {said}")
    assert trained.warnings[0].endswith("The run continues; its record is complete.")


@pytest.mark.parametrize(("fault", "after", "said"), FAULTS)
def test_a_failing_server(fault, after, said, tmp_path, tiny_data, untracked):
    timeout = SHORT if fault in ("hang", 429, 500) and not after else TIMEOUT
    trained = with_a_failing_server(tmp_path, tiny_data, timeout, fault, after)
    check(trained, untracked, said)
    assert "Send it later: snakemake --cores 1 sync_wandb" in trained.stderr


def test_no_server_at_all(tmp_path, tiny_data, untracked):
    check(without_a_server(tmp_path, tiny_data, SHORT), untracked, STARTED_LATE)


@pytest.mark.parametrize(("key", "why"), KEYS.values(), ids=KEYS)
def test_a_wrong_key(key, why, tmp_path, tiny_data, untracked):
    trained = with_a_key(tmp_path, tiny_data, TIMEOUT, key)
    check(trained, untracked, f"{STARTED_LATE} ({why}")
    if key:
        assert key not in trained.stderr


@small_disk
@pytest.mark.parametrize(("mode", "room"), DISKS)
def test_a_full_disk_under_the_wandb_folder(mode, room, tmp_path, tiny_data, untracked):
    trained = on_a_full_disk(tmp_path, tiny_data, TIMEOUT, mode, room)
    assert trained.record.metrics == untracked.record.metrics
    assert len(trained.warnings) == 1, trained.stderr
    assert "No space left on device" in trained.warnings[0]


WAYS = [pytest.param(with_a_failing_server, case[:2], id=f"{case[0]} after {case[1]}") for case in FAULTS]
WAYS += [pytest.param(without_a_server, (), id="no server")]
WAYS += [pytest.param(with_a_key, (key,), id=f"key {name}") for name, (key, _) in KEYS.items()]
WAYS += [pytest.param(on_a_full_disk, disk, marks=small_disk, id=f"full disk {disk}") for disk in DISKS]


@pytest.mark.timing
@pytest.mark.parametrize(("way", "more"), WAYS)
def test_a_failure_costs_at_most_the_timeout(way, more, tmp_path, tiny_data, usual_seconds, record_property):
    trained = way(tmp_path, tiny_data, TIMEOUT, *more)
    extra = trained.seconds - usual_seconds
    record_property("extra_seconds", round(extra, 2))
    print(f"extra time {extra:.1f} s, of which in the run {trained.record.timing.tracking:.1f} s")
    assert trained.record.timing.tracking < TIMEOUT
    assert extra < TIMEOUT + NOISE
