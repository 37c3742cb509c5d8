"""The recipe for CI, docs/ci.md: its shell steps do what the page says, on a repository with a history."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from benchmarks.ci_recipe import EXAMPLE, RECIPE, Repository, no_change, regression
from seedwise.config.reading import load_study

GITLAB = EXAMPLE / "gitlab-ci.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path, "test")


@pytest.mark.slow
def test_a_regression_fails_the_gate_with_main_from_the_cache(repository: Repository) -> None:
    pushed = repository.job(repository.checkout("push"), "push")
    assert (pushed.status, pushed.step) == (0, ""), pushed.printed
    (cached,) = repository.cache.iterdir()
    assert sorted(path.name for path in cached.iterdir()) == sorted(f"seed{seed}" for seed in range(12))

    change = regression("test") | {"SKILL = 0.90": "SKILL = 0.80"}  # so large that the first look decides
    place = repository.checkout("pull-request", change)
    job = repository.job(place, "pull_request")
    assert (job.status, job.step) == (1, "Gate"), job.printed
    assert "4 of 8 runs to do; 4 are there already" in job.printed
    assert "::error title=seedwise gate%3A This change::This change is worse than main" in job.printed
    comment = (repository.folder / "comment.md").read_text(encoding="utf-8")
    assert comment.startswith("## Gate failed: gate, 1 of 1 comparison\n")
    assert (repository.folder / "pull-request.summary").read_text(encoding="utf-8") == comment
    findings = json.loads((place / "results/gate/findings.json").read_text(encoding="utf-8"))
    assert (findings["look"]["number"], findings["look"]["decision"]) == (1, "stop")
    assert findings["exploratory"] == []


@pytest.mark.slow
def test_the_recipe_for_gitlab_does_the_same(repository: Repository) -> None:
    place = repository.checkout("push")
    pushed = gitlab_job(repository, place, "main")
    assert pushed.returncode == 0, pushed.stdout
    (cached,) = (place / ".seedwise-cache").iterdir()
    assert sorted(path.name for path in (cached / "main").iterdir()) == sorted(f"seed{seed}" for seed in range(12))

    other = repository.checkout("merge-request", regression("test") | {"SKILL = 0.90": "SKILL = 0.80"})
    (place / ".seedwise-cache").rename(other / ".seedwise-cache")  # as GitLab does, under a key that never changes
    job = gitlab_job(repository, other, "gate", GATE_TOKEN="secret")
    assert job.returncode == 1, job.stdout
    assert "4 of 8 runs to do; 4 are there already" in job.stdout
    assert (
        (repository.folder / "comment.md").read_text(encoding="utf-8").startswith("## Gate failed: gate, 1 of 1 comp")
    )
    sent = (repository.folder / "curl.txt").read_text(encoding="utf-8")
    assert sent.endswith("--data-urlencode body@gate.md https://gitlab.example/api/projects/7/merge_requests/3/notes\n")
    assert 'failures="1"' in (other / "gate.xml").read_text(encoding="utf-8")
    kept = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["gate"]["artifacts"]["paths"]
    assert [path for path in kept if not (other / path).exists()] == []


def gitlab_job(repository: Repository, place: Path, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Do the lines of a job of GitLab's in one shell, as its runner does, but for the installation."""
    recipe = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    common = recipe[recipe[name]["extends"]]
    lines = [line for line in common["before_script"] if not line.startswith("pip install")]
    assert len(lines) == len(common["before_script"]) - 1
    given = {key: str(value) for key, value in common["variables"].items()}
    given |= {"CI_API_V4_URL": "https://gitlab.example/api", "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "3"}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "\n".join([*lines, *recipe[name]["script"]])],
        cwd=place,
        env=os.environ | given | variables | {"PATH": repository.path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_change_that_changes_nothing_passes_without_a_cache(repository: Repository) -> None:
    """One look, because three take three times as long; the last one is what the measurement is about."""
    study = repository.folder / "first" / "gate.yaml"
    assert "looks: [4, 8, 12]" in study.read_text(encoding="utf-8")
    change = no_change("test")
    place = repository.checkout("pull-request", change)
    text = (place / "gate.yaml").read_text(encoding="utf-8")
    text = text.replace("looks: [4, 8, 12]", "looks: [3]").replace(", 3, 4, 5, 6, 7, 8, 9, 10, 11]", "]")
    (place / "gate.yaml").write_text(text, encoding="utf-8")
    job = repository.job(place, "pull_request")
    assert (job.status, job.step) == (0, ""), job.printed
    assert "6 of 6 runs done" in job.printed
    assert "::notice title=seedwise gate%3A This change::This change is not shown to differ from main" in job.printed
    assert (repository.folder / "comment.md").read_text(encoding="utf-8").startswith("## Gate passed: gate\n")


def scripts() -> list[str]:
    """Every line of shell of both recipes."""
    (github,) = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["jobs"].values()
    gitlab = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    jobs = [job for job in gitlab.values() if isinstance(job, dict)]
    steps = [step["run"] for step in github["steps"] if "run" in step]
    return [*steps, *(line for job in jobs for line in job.get("script", []))]


def test_both_recipes_are_shell_and_name_what_the_study_has() -> None:
    study = load_study(yaml.safe_load((EXAMPLE / "gate.yaml").read_text(encoding="utf-8")))
    lines = scripts()
    assert len(lines) > 10
    for line in lines:
        subprocess.run(["bash", "-n", "-c", line], check=True)
    seeds = {line for text in lines for line in re.findall(r"seed\{(.*?)\}", text)}
    assert seeds == {f"{study.seeds[0]}..{study.seeds[-1]}"}
    looks = {line for text in lines for line in re.findall(r"for look in (.*?);", text)}
    assert looks == {" ".join(str(number + 1) for number in range(len(study.analysis.looks)))}
    text = RECIPE.read_text(encoding="utf-8") + GITLAB.read_text(encoding="utf-8")
    assert set(re.findall(r"results/(\w+)/", text)) == {study.study}
    flags = {word for line in lines for word in shlex.split(line, comments=True) if word.startswith("--format")}
    assert flags == {"--format"}
