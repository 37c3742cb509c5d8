"""Studies of a program with secrets in `env:` and in the environment: what is left and shown, and what they repeat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.workflow.programs import ProgramProject, make_program
from tests.workflow.test_programs import seedwise

SECRETS = {
    "API_KEY": "value-of-the-api-key-0",
    "DB_PASSWORD": "$(touch pwned) 'x' \"y\"",
    "STORAGE": "sqlite://me:password-in-an-address@nowhere/runs",
}
"""What the study gives to the program."""
AMBIENT = {
    "WANDB_API_KEY": "0123456789abcdef0123456789abcdef01234567",
    "MLFLOW_TRACKING_PASSWORD": "mlflow-password-0",
    "MLFLOW_TRACKING_TOKEN": "mlflow-token-0",
    "HF_TOKEN": "hf_token_of_the_user",
    "PASSED_ON_KEY": "passed-on-by-null",
}
"""What the user has exported."""
HIDDEN = [*AMBIENT.values(), SECRETS["API_KEY"], SECRETS["DB_PASSWORD"], "password-in-an-address"]
PROGRAM = f"""\
import os, sys
import seedwise
x, seed = map(int, sys.argv[1:])
given = {{**{SECRETS | AMBIENT!r}, "TOKENIZERS_PARALLELISM": "false", "RUN_KEY": f"run-{{seed}}"}}
for name, value in given.items():
    assert os.environ[name] == value, name
    print(name, "is", os.environ[name], flush=True)
if x == 2 and seed == 1:
    raise ValueError(f"401: the key {{os.environ['API_KEY']}} for {{os.environ['STORAGE']}} is wrong")
seedwise.result(loss=x + seed)
"""
CONFIG = {
    "study": "tiny",
    "title": "Tiny",
    "command": {
        "run": "python train.py {x} {seed}",
        "settings": {"x": 1},
        "failures": "count",
        "env": {**SECRETS, "PASSED_ON_KEY": None, "TOKENIZERS_PARALLELISM": "false", "RUN_KEY": "run-{seed}"},
    },
    "variants": [{"name": "baseline"}, {"name": "other", "set": {"x": 2}}],
    "seeds": [0, 1],
    "analysis": {"metric": "loss", "higher_is_better": False, "baseline": "baseline"},
}


class SecretProject(ProgramProject):
    """A project whose user has exported keys, and which keeps all that is printed."""

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in super().environment().items() if not name.startswith("WANDB_")}
        return kept | AMBIENT | {"WANDB_MODE": "offline"}

    def change(self, **env: str | None) -> None:
        """Write the study with other variables."""
        command = {**CONFIG["command"], "env": {**CONFIG["command"]["env"], **env}}  # type: ignore[dict-item]
        self.config.write_text(yaml.safe_dump({**CONFIG, "command": command}))

    def settings_digests(self) -> set[str]:
        records = [json.loads(path.read_text()) for path in self.results.glob("runs/*/*/metrics.json")]
        return {record["provenance"]["settings_digest"] for record in records}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SecretProject:
    made = SecretProject(make_program(tmp_path_factory.mktemp("secrets") / "p").folder)
    (made.folder / "train.py").write_text(PROGRAM)
    made.change()
    return made


@pytest.fixture(scope="module")
def printed(project: SecretProject) -> str:
    """The study done, looked at and reported on; all that was printed."""
    said = [project.run("--verbose", "--printshellcmds", "--show-failed-logs")]
    said += [seedwise(project, command, "config.yaml") for command in ("status", "try")]
    said.append(seedwise(project, "watch", "--once", "live.html", "config.yaml"))
    said.append(project.run("--report", "report.html"))
    return "\n".join(said)


def leaks(project: SecretProject) -> list[str]:
    """Files, without those of the user, that contain a secret."""
    own = {project.config, project.folder / "train.py"}
    files = [path for path in project.folder.rglob("*") if path.is_file() and not path.is_symlink() and path not in own]
    return [f"{path}: {text}" for path in files for text in HIDDEN if text.encode() in path.read_bytes()]


@pytest.mark.slow
def test_no_secret_is_in_what_a_study_leaves_or_prints(project: SecretProject, printed: str) -> None:
    text = "".join(path.read_text() for path in project.results.glob("logs/**/*.log"))
    assert "API_KEY is ***" in text
    assert "TOKENIZERS_PARALLELISM is false" in text
    assert (project.results / "results.md").exists()
    assert (project.folder / "live.html").exists()
    assert (project.folder / "report.html").exists()
    assert list((project.folder / ".snakemake").glob("metadata/**/*")), "Snakemake's own records are searched too"
    failed = json.loads(project.record("other", 1).read_text())
    assert failed["status"] == "failed"
    assert "ValueError: 401: the key *** for sqlite://***@nowhere/runs is wrong" in failed["reason"]
    assert failed["settings"]["env"] == {
        "RUN_KEY": "run-{seed}",
        "STORAGE": "sqlite://***@nowhere/runs",
        "TOKENIZERS_PARALLELISM": "false",
    }
    assert leaks(project) == []
    assert [text for text in HIDDEN if text in printed] == []
    assert not (project.folder / "pwned").exists()


@pytest.mark.slow
def test_another_key_repeats_no_run_and_another_address_does(project: SecretProject, printed: str) -> None:
    before = project.settings_digests()
    project.change(API_KEY="rotated-key-0", STORAGE=SECRETS["STORAGE"].replace("password", "other"), DB_PASSWORD=None)
    assert "train_run" not in project.planned()
    project.change(STORAGE=SECRETS["STORAGE"].replace("nowhere", "elsewhere"))
    assert project.planned()["train_run"] == 4
    project.change()
    assert project.settings_digests() == before


@pytest.mark.slow
def test_a_variable_that_is_asked_for_and_not_set_is_said(tmp_path: Path) -> None:
    project = SecretProject(make_program(tmp_path / "p").folder)
    (project.folder / "train.py").write_text(PROGRAM)
    project.change(NOBODY_HAS_THIS_KEY=None)
    assert "env: NOBODY_HAS_THIS_KEY: null asks for a variable that is not set" in seedwise(project, "check")
    answer = project.attempt("--", str(project.record("baseline", 0).relative_to(project.folder)))
    assert answer.returncode == 1, "it is no lost run, although failures count"
    assert not project.record("baseline", 0).exists()
    assert "set it first: export NOBODY_HAS_THIS_KEY=…" in answer.stdout
    assert leaks(project) == []


@pytest.mark.slow
def test_a_job_of_a_cluster_has_the_secrets_and_its_script_does_not(tmp_path: Path) -> None:
    project = SecretProject(make_program(tmp_path / "p").folder)
    (project.folder / "train.py").write_text(PROGRAM)
    (project.folder / "submit.sh").write_text('mkdir -p jobs && cp "$1" jobs/ && exec sh "$1"\n')
    project.change()
    submit = ["--executor", "cluster-sync", "--jobs", "1", "--cluster-sync-submit-cmd", "sh submit.sh"]
    printed = project.run(*submit, "--verbose", "--", str(project.record("baseline", 0).relative_to(project.folder)))
    assert json.loads(project.record("baseline", 0).read_text())["status"] == "finished"
    assert "train_run" in "".join(path.read_text() for path in (project.folder / "jobs").iterdir())
    assert leaks(project) == []
    assert [text for text in HIDDEN if text in printed] == []
