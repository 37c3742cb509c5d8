"""A full disk is one line that names the folder, whatever was being written; nothing is torn."""

import shutil
import subprocess
import sys

import pytest

from tests.workflow.conftest import ROOT

OPERATIONS = {
    "text": "files.write_text(small / 'metrics.json', 'x' * 10**6)",
    "checkpoint": "import torch\n    with files.atomic_write(small / 'a.pt') as s: torch.save(torch.zeros(10**6), s)",
    "array": "import numpy\n    with files.atomic_write(small / 'a.npz') as s: numpy.savez(s, a=numpy.zeros(10**6))",
    "log": "stream = (small / 'log').open('w'); stream.write('x' * 10**6); stream.flush()",
}

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
    place = ROOT if what == "log" else small
    assert answer.stderr.startswith(f"Error: {place}: the disk is full (No space left on device). Make room there")
    assert answer.stderr.count("\n") == 1
    assert answer.stdout == ("['log']\n" if what == "log" else "[]\n")
