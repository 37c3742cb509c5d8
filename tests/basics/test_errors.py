"""What a script says that may not write a file."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import os, sys
from pathlib import Path
import seedwise.basics.names
from seedwise.basics.errors import run_script

if os.getuid() == 0:  # whom no permission stops
    os.setuid(65534)
run_script(lambda: Path(sys.argv[1]).write_text("x"))
"""


def test_a_folder_without_write_permission_is_named_with_a_remedy(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    for above in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        above.chmod(0o755)
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder / "runs.csv")], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr == (
        f"Error: {folder}/runs.csv: Permission denied; `ls -ld` shows who has access to it; give it to yourself, or "
        "run the study in a folder of your own\n"
    )
