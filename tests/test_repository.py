"""What the repository shows to its host, to the package index and to Snakemake's workflow catalogue."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import seedwise
from tests.workflow.conftest import jobs

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.github-issue-forms": [ROOT / ".github/ISSUE_TEMPLATE" / name for name in ("bug.yml", "idea.yml")],
    "vendor.github-issue-config": [ROOT / ".github/ISSUE_TEMPLATE/config.yml"],
    "vendor.dependabot": [ROOT / ".github/dependabot.yml"],
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
    "custom.github-workflows-require-timeout": WORKFLOWS,
}


def steps() -> list[dict[str, Any]]:
    """Every step of every workflow on GitHub."""
    workflows = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in WORKFLOWS]
    return [step for workflow in workflows for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_for_the_host_have_the_form_that_it_documents(schema: str) -> None:
    pytest.importorskip("check_jsonschema", reason="there is no check-jsonschema; make test installs it")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, SCHEMAS[schema])]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_workflows_use_no_secret_and_only_targets_and_versions_that_exist() -> None:
    assert [file.name for file in WORKFLOWS if "secrets." in file.read_text(encoding="utf-8")] == []
    run = "\n".join(step["run"] for step in steps() if "run" in step)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = set(re.findall(r"^make ([a-z-]+)", run, re.MULTILINE))
    assert {"check", "test", "notebooks", "docs"} <= asked
    assert asked <= targets
    pinned = set((ROOT / "requirements-dev.txt").read_text(encoding="utf-8").split())
    versions = set(re.findall(r"[\w-]+==[\w.]+", run))
    assert versions
    assert versions <= pinned


def release(tag: str, folder: Path) -> tuple[int, str]:
    """Run the check of the release workflow on a copy of the files that it reads; return its status and the notes."""
    (folder / "seedwise").mkdir()
    for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md", "seedwise/__init__.py"):
        shutil.copy2(ROOT / name, folder / name)
    (script,) = (step["run"] for step in steps() if step.get("id") == "notes")
    environment = {"TAG": tag, "PATH": os.environ["PATH"]}
    answer = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, timeout=60, check=False)
    notes = folder / "notes.md"
    return answer.returncode, notes.read_text(encoding="utf-8") if notes.exists() else ""


def test_a_tag_of_the_version_makes_a_release_with_its_section_of_the_changelog(tmp_path: Path) -> None:
    status, notes = release(f"v{seedwise.__version__}", tmp_path)
    assert status == 0
    assert len(notes.split()) > 20
    assert "\n## " not in notes


def test_a_tag_that_is_not_the_version_makes_no_release(tmp_path: Path) -> None:
    assert release("v99.0.0", tmp_path) == (1, "")


def test_hooks_before_a_commit_are_the_pinned_tools() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    programs = {hook["entry"].split()[0] for repo in config["repos"] for hook in repo["hooks"]} - {"make"}
    pinned = {line.split("==")[0] for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").split()}
    assert programs == {f".venv/bin/{name}" for name in ("ruff", "snakefmt", "codespell")}
    assert {program.rpartition("/")[2] for program in programs} <= pinned


def test_the_catalogue_finds_what_it_asks_for() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert "snakemake" in readme
    assert "workflow" in readme
    for file in ("workflow/Snakefile", "config/README.md", ".test/config/config.yaml"):
        assert (ROOT / file).is_file()
    assert (ROOT / "config/config.yaml").resolve() == (ROOT / "config.yaml").resolve()
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))["usage"]
    assert usage["software-stack-deployment"]["report"] is True
    assert usage["mandatory-flags"]["flags"] == "--workflow-profile profiles/default"
    assert (ROOT / "profiles/default").is_dir()
    keywords = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["keywords"]
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["keywords"] == keywords


@pytest.mark.slow
def test_the_study_of_the_catalogue_is_found_in_its_folder(tmp_path: Path) -> None:
    """Continuous integration on the host runs it; here it is planned, in a copy of its folder."""
    shutil.copytree(ROOT / ".test/config", tmp_path / "config")
    command = [str(Path(sys.executable).parent / "snakemake"), "--snakefile", str(ROOT / "workflow/Snakefile")]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEEDWISE_")}
    answer = subprocess.run(
        [*command, "--directory", str(tmp_path), "--cores", "2", "--dry-run"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert jobs(answer.stdout)["train_run"] == 4
    assert "results will be in results/test;" in answer.stdout
    assert jobs(answer.stdout)["render_report"] == 1
