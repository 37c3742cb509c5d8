"""What a study may say of secrets: where they are refused, and that messages and files do not show them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from seedwise.basics.secrets import hold
from seedwise.cli import main
from seedwise.config.reading import ConfigError, read_study
from seedwise.config.revisions import write_revisions
from tests.command.projects import repository

SECRET = "no-message-shows-this"
ADDRESS = f"postgresql://me:{SECRET}@host/runs"


def write(folder: Path, **more: Any) -> Path:
    study = {
        "study": "s",
        "title": "A study",
        "command": {"run": "python train.py {seed}", **more.pop("command", {})},
        "variants": [{"name": "baseline"}],
        "seeds": [0],
        "analysis": {"metric": "loss", "higher_is_better": False, "baseline": "baseline"},
        **more,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study))
    return path


def mistake(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_study(path)
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("value", [12345678, True, 1.5, f"{SECRET}\0"])
def test_a_mistake_in_a_secret_does_not_show_it(tmp_path: Path, value: object) -> None:
    said = mistake(write(tmp_path, command={"env": {"API_KEY": value}}))
    assert "command.env.API_KEY: " in said
    assert str(value) not in said


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ({"command": {"run": f"python train.py {{seed}} {ADDRESS}"}}, "command.run"),
        ({"command": {"run": "python train.py {seed} {a}", "settings": {"a": ADDRESS}}}, "command.settings.a"),
        ({"tracking": {"mlflow": {"enabled": True, "uri": ADDRESS}}}, "tracking.mlflow.uri"),
        ({"tracking": {"own": {"mine:Tracker": {"api_key": SECRET}}}}, "tracking.own"),
    ],
)
def test_what_files_of_the_results_would_show_is_refused(tmp_path: Path, section: dict[str, Any], place: str) -> None:
    said = mistake(write(tmp_path, **section))
    assert place in said
    assert "password" in said or "looks like a secret" in said


def test_the_resolved_study_has_no_secret(tmp_path: Path) -> None:
    study = read_study(write(tmp_path, command={"env": {"API_KEY": SECRET, "STORAGE": ADDRESS, "HOME_KEY": None}}))
    dumped = study.model_dump(mode="json")["command"]["env"]
    assert dumped == {"API_KEY": "***", "STORAGE": "postgresql://***@host/runs", "HOME_KEY": None}
    assert SECRET not in study.program_settings("baseline").canonical()


def test_a_study_of_revisions_does_not_repeat_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "another")
    path = write(tmp_path, command={"env": {"API_KEY": SECRET, "MODE": "fast"}})
    (tmp_path / "train.py").write_text("")
    repository(tmp_path)
    made, _ = write_revisions(path, ["main", "HEAD"])
    assert SECRET not in made.read_text()
    assert read_study(made).program.env == {"API_KEY": None, "MODE": "fast"}  # type: ignore[union-attr]
    assert os.environ["API_KEY"] == SECRET, "what is run next finds it there"


def test_a_check_names_secrets_in_the_study_and_variables_that_are_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("")
    write(tmp_path, command={"env": {"API_KEY": SECRET}})
    assert main(["check", "study.yaml"]) == 0
    printed = capsys.readouterr().out
    assert "API_KEY looks like a secret" in printed
    assert "write API_KEY: null, and export API_KEY" in printed
    assert SECRET not in printed
    write(tmp_path, command={"env": {"SEEDLESS_KEY": None}})
    assert main(["check", "study.yaml"]) == 2
    assert "env: SEEDLESS_KEY: null asks for a variable that is not set" in "".join(capsys.readouterr())
    hold({})
