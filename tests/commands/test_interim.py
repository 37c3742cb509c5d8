"""`seedwise interim` before there is anything to report on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from seedwise.cli import main


def test_runs_that_are_running_are_not_to_be_run(tmp_path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("x = 1\n")
    study = {
        "study": "s",
        "title": "S",
        "command": {
            "run": [sys.executable, "train.py", "--seed", "{seed}"],
            "results": {"stdout": {"acc": "acc (.+)"}},
        },
        "variants": [{"name": "a"}, {"name": "b"}],
        "seeds": [0, 1, 2],
        "analysis": {"metric": "acc", "higher_is_better": True, "baseline": "a"},
    }
    Path("study.yaml").write_text(yaml.safe_dump(study))
    assert main(["interim", "study.yaml"]) == 2
    assert capsys.readouterr().err.endswith("no run has ended yet; run them: seedwise run study.yaml\n")
    for seed in (0, 1):
        folder = Path(f"results/s/runs/a/seed{seed}")
        folder.mkdir(parents=True)
        (folder / "attempt.json").write_text(json.dumps({"host": "node17", "pid": 1, "started": 1000.0}))
    assert main(["interim", "study.yaml"]) == 2
    said = "seedwise: study s: no run has ended yet; 2 runs are running, see seedwise status study.yaml\n"
    assert capsys.readouterr().err == said
