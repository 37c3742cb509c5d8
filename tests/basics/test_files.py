"""Files: atomic writes, content digests, and locks that are released with their owner."""

import signal
import subprocess
import sys

import pytest

from seedwise.basics.files import LockHeldError, atomic_write, hold_lock, write_text


def test_a_crash_during_a_write_keeps_the_old_file_and_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "record.json"
    write_text(path, "old")

    def write_until_the_power_fails():
        with atomic_write(path) as stream:
            stream.write(b"half of the ne")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_until_the_power_fails()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["record.json"]


HOLDER = "import sys, time; from pathlib import Path; from seedwise.basics.files import hold_lock\n"
HOLDER += "with hold_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_a_lock_is_released_when_its_owner_dies(tmp_path):
    lock = tmp_path / ".lock"
    owner = subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE, text=True)
    try:
        assert owner.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError), hold_lock(lock):
            pass
        owner.send_signal(signal.SIGKILL)
        owner.wait(10)
        with hold_lock(lock):
            held = True
        assert held
    finally:
        owner.kill()
        owner.wait(10)


def test_a_second_process_waits_and_says_so(tmp_path):
    lock, said = tmp_path / ".lock", []
    owner = subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE, text=True)

    def wait():
        said.append("waiting")
        owner.kill()

    try:
        owner.stdout.readline()
        with hold_lock(lock, on_wait=wait):
            assert owner.wait(10) == -signal.SIGKILL
        assert said == ["waiting"]
    finally:
        owner.kill()
        owner.wait(10)
