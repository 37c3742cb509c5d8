"""The recording in README: what the terminal showed, as an SVG that plays it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("pyte", reason="recordings need requirements-docs.txt")

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"


def record(folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    (folder / "commands.txt").write_text("\n".join(commands) + "\n")
    script = ROOT / "docs/recording/record.py"
    return subprocess.run(
        [sys.executable, script, "commands.txt", "out.svg", "--columns", "40", "--rows", "8"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_recording_shows_what_was_typed_and_printed(tmp_path: Path) -> None:
    answer = record(tmp_path, r"printf 'one <b>&\r'; sleep 0.4; printf '\033[31mtwo\033[0m      \n'")
    assert answer.returncode == 0, answer.stderr
    tree = ElementTree.parse(tmp_path / "out.svg").getroot()
    texts = {text.text: text.get("fill") for text in tree.iter(f"{SVG}text")}
    assert texts["two"] == "#f7768e", "red"
    assert "one <b>&" in texts
    rows = {group.get("id"): "".join(group.itertext()) for group in tree.iter(f"{SVG}g") if group.get("id")}
    last = tree.findall(f".//{SVG}g[@id='film']/{SVG}g")[-1]
    shown = [rows[use.get("href", "")[1:]] for use in last.iter(f"{SVG}use")]
    assert shown[-1] == "two", "what was overwritten is gone"


def test_a_command_that_fails_makes_no_recording(tmp_path: Path) -> None:
    answer = record(tmp_path, "echo no; exit 3")
    assert answer.returncode == 1
    assert "exit status 3" in answer.stderr
    assert not (tmp_path / "out.svg").exists()
