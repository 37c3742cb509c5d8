"""A full disk is one line that names the folder, whatever was being written; nothing is torn."""

import errno
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from seedwise.basics import errors
from seedwise.basics.errors import DiskFullError, full_disk_here
from tests.workflow.conftest import ROOT

OPERATIONS = {
    "text": "files.write_text(small / 'metrics.json', 'x' * 10**6)",
    "checkpoint": "import torch\n    with files.atomic_write(small / 'a.pt') as s: torch.save(torch.zeros(10**6), s)",
    "array": "import numpy\n    with files.atomic_write(small / 'a.npz') as s: numpy.savez(s, a=numpy.zeros(10**6))",
    "log": "stream = (small / 'log').open('w'); stream.write('x' * 10**6); stream.flush()",
}

FULL = "the disk is full (No space left on device). Make room there"
MOUNT = 'mount -t tmpfs -o size=64k none "$1"; exec "$2" "$3"'


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    mount = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="a small disk to fill needs user namespaces")
@pytest.mark.parametrize("what", OPERATIONS)
def test_a_full_disk_is_one_line_with_the_folder(what, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    script = tmp_path / "write.py"
    script.write_text(
        "from pathlib import Path\nfrom seedwise.basics import files\nfrom seedwise.basics.errors import run_script\n"
        f"small = Path({str(small)!r})\ndef main():\n    {OPERATIONS[what]}\n"
        "try:\n    run_script(main)\nfinally:\n    print(sorted(path.name for path in small.iterdir()))\n"
    )
    answer = subprocess.run(
        ["unshare", "-rm", "sh", "-c", MOUNT, "sh", small, sys.executable, script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    begin = "a disk is full (No space left on device). Make room on it" if what == "log" else f"{small}: {FULL}"
    assert answer.stderr.startswith(f"Error: {begin}"), "of a file that was open nobody knows the name"
    assert answer.stderr.count("\n") == 1
    assert answer.stdout == ("['log']\n" if what == "log" else "[]\n")


def full(file=None):
    return OSError(errno.ENOSPC, "No space left on device", file)


def test_an_error_that_names_no_file_blames_no_disk_that_has_room(tmp_path, monkeypatch):
    """Such as of shared memory or of semaphores."""
    monkeypatch.chdir(tmp_path)
    assert str(full_disk_here(full())) == (
        "a disk is full (No space left on device). Make room on it, `df -h` shows which one it is, and give the same "
        "command again: it goes on from what is done"
    )
    assert str(full_disk_here(full("/other/file"))).startswith(f"/other/file: {FULL}")
    monkeypatch.setattr(errors, "no_room", lambda folder: DiskFullError(f"{folder}: {FULL}"))
    monkeypatch.setattr(errors, "_folder_of_output", lambda: None)
    assert str(full_disk_here(full())).startswith(f"{tmp_path}: {FULL}")
    monkeypatch.setattr(errors, "_folder_of_output", lambda: Path("logs"))
    assert str(full_disk_here(full())).startswith(f"logs: {FULL}")


def raised_while_handling(error):
    """Return an error as it is when it was raised while a full disk was handled."""
    with suppress(type(error)):
        try:
            raise full()
        except OSError:
            raise error  # noqa: B904 - as a library does that names no cause
    return error


def raised_from(error, cause):
    with suppress(type(error)):
        raise error from cause
    return error


def test_a_mistake_in_handling_a_full_disk_is_no_full_disk():
    assert full_disk_here(raised_while_handling(KeyError("metric"))) is None
    assert full_disk_here(raised_from(KeyError("metric"), full())) is not None, "somebody says that it is the cause"
    assert full_disk_here(raised_from(raised_while_handling(OSError("closed")), ValueError())) is None
    hidden = raised_while_handling(OSError("closed"))
    hidden.__suppress_context__ = True
    assert full_disk_here(hidden) is None


@pytest.mark.parametrize("error", [OSError(errno.EBADF, "Bad file descriptor"), RuntimeError("unexpected pos 7")])
def test_what_a_library_raises_in_its_place_is_a_full_disk(error):
    assert full_disk_here(raised_while_handling(error)) is not None
