"""A short run is not slowed down by what it does not need: the script of a plain run imports no heavy package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seedwise.basics.code_digest import combine
from seedwise.config.context import Context, write_context
from seedwise.config.study import Study
from seedwise.runs.record import read_record
from seedwise.workflow.programs import ProgramCode

SCRIPT = Path(__file__).resolve().parents[2] / "workflow/scripts/run_program.py"
PROGRAM = """\
import json, os, sys
json.dump({"test": {"loss": 0.25}}, open(sys.argv[1] + "/final.json", "w"))
json.dump({"loss": 0.25}, open(os.environ["SEEDWISE_RESULTS"], "w"))
"""
HEAVY = {"pydantic", "pydantic_core", "importlib.metadata", "numpy", "pandas", "yaml"}


def imports(study: Study, folder: Path) -> set[str]:
    """Do a run of a study as its workflow does, and return the modules that the script has imported."""
    code = ProgramCode(study, folder, study.folder())
    context = Context(tracking=study.tracking, program=code.place())
    command = [sys.executable, "-X", "importtime", SCRIPT, "--study", study.study, "--variant", "a", "--seed", "0"]
    command += ["--settings", study.program_settings("a").canonical(), "--code", combine(code.code["a"])]
    command += ["--data", code.data.digest, "--context", write_context(study.folder(), context)]
    done = subprocess.run([*command, "--out", study.record_path("a", 0)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    times = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in times}


def study(results: Any, **more: Any) -> Study:
    command = {"run": [sys.executable, "program.py", "{out}"], "results": results}
    analysis = {"metric": "loss", "higher_is_better": False, "baseline": "a"}
    content = {"study": "light", "title": "Light", "command": command, "variants": [{"name": "a"}], "seeds": [0]}
    return Study.model_validate({**content, "analysis": analysis, "tracking": {"wandb": {"mode": "disabled"}}, **more})


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("results", [None, {"json": "{out}/final.json", "keys": {"loss": "test.loss"}}])
def test_a_run_with_results_in_json_imports_nothing_heavy(tmp_path: Path, results: Any) -> None:
    asked = study(results)
    imported = imports(asked, tmp_path)
    assert "seedwise.trainers.command.run" in imported
    assert HEAVY & imported == set()
    assert read_record(asked.record_path("a", 0)).metrics == {"loss": 0.25}


def test_a_run_with_other_results_imports_what_reads_them(tmp_path: Path) -> None:
    asked = study({"json": "{out}/final.json", "keys": {"loss": "loss"}, "rows": "test"})
    (tmp_path / "program.py").write_text(PROGRAM.replace('{"loss": 0.25}}', '[{"loss": 1}, {"loss": 0.5}]}'))
    assert "pydantic" in imports(asked, tmp_path)
    assert read_record(asked.record_path("a", 0)).metrics == {"loss": 0.5}
