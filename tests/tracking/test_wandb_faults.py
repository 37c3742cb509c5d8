"""W&B failures: each costs a run a bounded time and one warning, and changes none of its numbers."""

from __future__ import annotations

import shutil
import socket
import subprocess

import pytest

from tests.tracking.conftest import train
from tests.tracking.wandb_server import KEY, WandbServer

pytestmark = pytest.mark.slow

TIMEOUT = 15.0  # the default
NOISE = 3.0  # seconds by which two equal runs may differ on a busy machine
ONLINE = {"wandb": {"mode": "online", "timeout": TIMEOUT}}
STARTED_LATE = "this run was recorded offline because W&B could not be used"
NOT_ALL = "the server did not take all of this run"
WRONG = "f" * 40


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check(trained, untracked, record_property, said: str) -> None:
    extra = trained.seconds - untracked.seconds
    record_property("extra_seconds", round(extra, 2))
    print(f"extra time {extra:.1f} s, of which in the run {trained.record.timing.tracking:.1f} s")
    assert trained.record.metrics == untracked.record.metrics
    assert trained.record.status == "finished"
    assert len(trained.warnings) == 1, trained.stderr
    assert trained.warnings[0].startswith(f"Warning: wandb: {said}")
    assert trained.warnings[0].endswith("The run continues; its record is complete.")
    assert trained.record.timing.tracking < TIMEOUT
    assert extra < TIMEOUT + NOISE


@pytest.mark.parametrize(
    ("fault", "after", "said"),
    [
        ("hang", 0, STARTED_LATE),
        (401, 0, f"{STARTED_LATE} (made to answer 401)"),
        (429, 0, f"{STARTED_LATE} (Timed out while retrying: HTTP 429"),
        (500, 0, f"{STARTED_LATE} (Timed out while retrying: HTTP 500"),
        ("hang", 2, NOT_ALL),
        ("dead", 2, NOT_ALL),
        (401, 2, NOT_ALL),
        (429, 2, NOT_ALL),
        (500, 2, NOT_ALL),
    ],
)
def test_a_failing_server(fault, after, said, tmp_path, tiny_data, untracked, record_property):
    with WandbServer(fault, after) as server:
        trained = train(tmp_path, tiny_data, ONLINE, server.environment())
    check(trained, untracked, record_property, said)
    assert "Send it later: snakemake --cores 1 sync_wandb" in trained.stderr


def test_no_server_at_all(tmp_path, tiny_data, untracked, record_property):
    environment = {"WANDB_BASE_URL": f"http://127.0.0.1:{unused_port()}", "WANDB_API_KEY": KEY}
    check(train(tmp_path, tiny_data, ONLINE, environment), untracked, record_property, STARTED_LATE)


@pytest.mark.parametrize(
    ("key", "why"),
    [(WRONG, "invalid API key"), ("too-short", "WANDB_API_KEY invalid"), ("", "No API key configured")],
    ids=["unknown", "too short", "none"],
)
def test_a_wrong_key(key, why, tmp_path, tiny_data, untracked, record_property):
    with WandbServer() as server:
        trained = train(tmp_path, tiny_data, ONLINE, server.environment(key))
    check(trained, untracked, record_property, f"{STARTED_LATE} ({why}")
    if key:
        assert key not in trained.stderr


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    answer = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return answer.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="a small disk to fill needs user namespaces")
@pytest.mark.parametrize("mode", ["offline", "online"])
@pytest.mark.parametrize("room", [0, 4096], ids=["no room", "little room"])
def test_a_full_disk_under_the_wandb_folder(mode, room, tmp_path, tiny_data, untracked, record_property):
    folder = tmp_path / "results" / "tiny" / "wandb"
    folder.mkdir(parents=True)
    mount = f'mount -t tmpfs -o size=64k none "{folder}" && head -c {65536 - room} /dev/zero > "{folder}/full"'
    prefix = ("unshare", "-rm", "sh", "-c", f'{mount}; exec "$@"', "sh")
    with WandbServer() as server:
        trained = train(tmp_path, tiny_data, {"wandb": {"mode": mode}}, server.environment(), prefix)
    assert trained.record.metrics == untracked.record.metrics
    assert len(trained.warnings) == 1, trained.stderr
    assert "No space left on device" in trained.warnings[0]
    extra = trained.seconds - untracked.seconds
    record_property("extra_seconds", round(extra, 2))
    print(f"extra time {extra:.1f} s")
    assert extra < TIMEOUT + NOISE
