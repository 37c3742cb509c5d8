"""On Windows tables can be analysed, and studies are refused in one line."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", ["run", "try", "status", "interim", "report"])
def test_studies_are_refused_in_one_line(command, tmp_path):
    inside = f"""
import sys
sys.modules["fcntl"] = None
from seedwise.cli import main
sys.platform = "win32"
sys.exit(main(["{command}", "study.yaml"]))
"""
    answer = subprocess.run([sys.executable, "-c", inside], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == (
        "seedwise: studies cannot be run on Windows, which lacks the file locks that they need: use WSL\n"
    )
