"""How often the recipe for CI catches a regression, and how often it stops a change that changes nothing.

Runs the shell steps of examples/ci/github-actions.yml, as they stand there, on repositories with a history: main's
runs are made by a push and cached, then a pull request is compared with them. As each takes a minute, the decisions of
many more studies are also taken without the workflow: the same scores and looks, by the same analysis.

    python -m benchmarks.ci_recipe --repeats 10 --decisions 300
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from seedwise.analysis.looks import conclude
from seedwise.plan import Plan
from seedwise.statistics import Verdict, analyse, power_table
from seedwise.statistics.spending import last_level, spending_at

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "ci"
RECIPE = EXAMPLE / "github-actions.yml"
OUT = Path(__file__).with_suffix(".json")
SKILL, NOISE, LOSS = 0.90, 0.01, 0.015
"""Of train.py: its score, the standard deviation of its noise, and how much a planted regression costs."""
NEEDED = ("train.py", "gate.yaml")


@dataclass(frozen=True)
class Job:
    """A job of the recipe that has run.

    Attributes:
        status: exit status of the first step that failed, or 0.
        step: its name; empty if all succeeded.
        printed: by all steps.
    """

    status: int
    step: str
    printed: str


class Repository:
    """A repository of a program, with a remote, in a folder that a runner of CI would have."""

    def __init__(self, folder: Path, salt: str) -> None:
        """Make a repository whose main is the example, and whose noise depends on `salt`."""
        self.remote, self.cache, self.folder = folder / "remote.git", folder / "cache", folder
        first = folder / "first"
        first.mkdir(parents=True)
        for name in NEEDED:
            shutil.copy2(EXAMPLE / name, first / name)
        program = first / "train.py"
        program.write_text(program.read_text(encoding="utf-8").replace('ORDER = "a"', f'ORDER = "{salt} main "'))
        (first / ".gitignore").write_text("results/\n.snakemake/\ngate.md\n", encoding="utf-8")
        git(first, "init", "--quiet", "--initial-branch=main")
        commit(first, "Add a program")
        git(folder, "clone", "--quiet", "--bare", str(first), str(self.remote))

    def checkout(self, name: str, change: Mapping[str, str] | None = None) -> Path:
        """Clone it as a runner does; a change of train.py is committed as a pull request's."""
        place = self.folder / name
        git(self.folder, "clone", "--quiet", str(self.remote), str(place))
        if change:
            text = (place / "train.py").read_text(encoding="utf-8")
            for old, new in change.items():
                assert old in text
                text = text.replace(old, new)
            (place / "train.py").write_text(text, encoding="utf-8")
            commit(place, "Change it")
        return place

    def job(self, place: Path, event: str) -> Job:
        """Do the steps of the recipe for `push` or `pull_request` in a checkout, with the cache of this repository."""
        (job,) = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["jobs"].values()
        recipe = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))
        output, summary = self.folder / f"{place.name}.output", self.folder / f"{place.name}.summary"
        output.touch()
        outer = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
        fixed = outer | {name: str(value) for name, value in recipe["env"].items()}
        fixed |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "PATH": self.path()}
        printed = ""
        for step in job["steps"]:
            if step.get("name") == "Install" or not applies(step, event, hit=self._hit(output)):
                continue
            if "uses" in step:
                self._use(step, place, output)
                continue
            given = {name: f"value of {name}" for name in step.get("env", {})}
            line = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]  # as GitHub does
            done = subprocess.run(line, cwd=place, env=fixed | given, capture_output=True, text=True, check=False)
            printed += done.stdout + done.stderr
            if done.returncode:
                return Job(done.returncode, step["name"], printed)
        return Job(0, "", printed)

    def path(self) -> str:
        """The path of a runner: seedwise of this Python, and a `gh` and a `curl` that keep the comment."""
        tools = self.folder / "tools"
        tools.mkdir(exist_ok=True)
        scripts = {
            "seedwise": f'exec "{sys.executable}" -m seedwise.cli "$@"',
            "gh": f'while [ "$1" != --body-file ]; do shift; done; cp "$2" "{self.folder}/comment.md"',
            "curl": f'echo "$*" > "{self.folder}/curl.txt"; cp gate.md "{self.folder}/comment.md"',
        }
        for name, text in scripts.items():
            (tools / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
            (tools / name).chmod(0o755)
        return os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])

    def _key(self, output: Path) -> str:
        lines = output.read_text(encoding="utf-8").splitlines()
        return next((line.removeprefix("key=") for line in lines if line.startswith("key=")), "")

    def _hit(self, output: Path) -> bool:
        key = self._key(output)
        return bool(key) and (self.cache / key).exists()

    def _use(self, step: Mapping[str, Any], place: Path, output: Path) -> None:
        """Stand in for the actions that restore and save a cache."""
        action = step["uses"].partition("@")[0]
        if not action.startswith("actions/cache/"):
            return
        stored, used = self.cache / self._key(output), place / step["with"]["path"]
        if action.endswith("save"):
            shutil.copytree(used, stored)
        elif stored.exists():
            shutil.copytree(stored, used)


def applies(step: Mapping[str, Any], event: str, *, hit: bool) -> bool:
    """Whether a step's `if` holds, of the kinds that the recipe has."""
    known = {
        "github.event_name == 'push'": event == "push",
        "github.event_name == 'pull_request'": event == "pull_request",
        "steps.restored.outputs.cache-hit != 'true'": not hit,
        "always()": True,
    }
    return all(known[part.strip()] for part in step.get("if", "always()").split("&&"))


def git(folder: Path, *words: str) -> None:
    """Run git with a name of its own, whatever the user's settings are."""
    who = ("-c", "user.name=A Name", "-c", "user.email=name@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    """Commit everything."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def regression(salt: str) -> dict[str, str]:
    """A change that costs `LOSS`, and draws other noise."""
    return {f"SKILL = {SKILL:.2f}": f"SKILL = {SKILL - LOSS:.3f}"} | no_change(salt)


def no_change(salt: str) -> dict[str, str]:
    """A change after which the program draws other noise, and is as good as before."""
    return {f'ORDER = "{salt} main "': f'ORDER = "{salt} change "'}


def example_plan() -> Plan:
    """The plan of the recipe's study."""
    return Plan.model_validate(yaml.safe_load((EXAMPLE / "gate.yaml").read_text(encoding="utf-8"))["analysis"])


def promised() -> float:
    """The power that the study has against the planted loss at its last look."""
    plan = example_plan()
    seeds, alpha = (plan.looks or (0,))[-1], last_level(plan)
    return float(power_table([seeds], [LOSS / NOISE], alpha=alpha or plan.alpha).iloc[0, 0])


def decide(change: float, salt: str) -> tuple[str, int]:
    """The verdict of the study on scores as those of train.py, and the number of seeds at which it stops."""
    plan = example_plan()
    for seeds in plan.looks or ():
        scores = {"main": (SKILL, "main"), "change": (SKILL - change, "change")}
        rows = [
            (variant, seed, "finished", round(skill + random.Random(f"{salt} {order} {seed}").gauss(0, NOISE), 6))
            for variant, (skill, order) in scores.items()
            for seed in range(seeds)
        ]
        runs = pd.DataFrame(rows, columns=["variant", "seed", "status", plan.metric])
        spending = spending_at(plan.looks or (), seeds, plan.alpha)
        verdict = analyse(runs, plan, alpha=spending.nominal_alpha).comparisons["verdict"][0]
        look = conclude(plan, range(seeds), spending.nominal_alpha, spending.spent, {"change": verdict})
        if look.decision == "stop":
            return verdict, seeds
    raise AssertionError("the last look always stops")


def decisions(count: int) -> dict[str, Any]:
    """The shares of studies that stop the change, and their mean numbers of seeds."""
    found: dict[str, Any] = {"studies": count}
    for kind, loss in (("regression", LOSS), ("no change", 0.0)):
        ended = [decide(loss, f"{number} {kind}") for number in range(count)]
        failed = sum(verdict == Verdict.WORSE for verdict, _ in ended)
        found[kind] = {"failed": failed / count, "mean_seeds": sum(seeds for _, seeds in ended) / count}
    return found


def measure(repeats: int) -> dict[str, Any]:
    """Plant a regression, and a change that changes nothing, in as many repositories as asked for."""
    jobs: dict[str, list[dict[str, Any]]] = {"regression": [], "no change": []}
    for number in range(repeats):
        for kind, change in (("regression", regression), ("no change", no_change)):
            with tempfile.TemporaryDirectory() as name:
                salt = f"{number} {kind}"
                repository = Repository(Path(name), salt)
                pushed = repository.job(repository.checkout("push"), "push")
                assert pushed.status == 0, pushed.printed
                place = repository.checkout("pull-request", change(salt))
                job = repository.job(place, "pull_request")
                assert job.step in ("", "Gate"), job.printed
                findings = json.loads((place / "results/gate/findings.json").read_text(encoding="utf-8"))
                (row,) = findings["comparisons"]
                found = {"failed": job.status == 1, "verdict": row["verdict"], "seeds": row["n"]}
                jobs[kind].append(found)
                print(number, kind, found, flush=True)
    return {
        "repeats": {kind: len(found) for kind, found in jobs.items()},
        "loss_in_seed_standard_deviations": LOSS / NOISE,
        "promised_power": promised(),
        **{f"{kind} failed": sum(job["failed"] for job in found) for kind, found in jobs.items()},
        "jobs": jobs,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write benchmarks/ci_recipe.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10, help="of each of the two changes (default 10)")
    parser.add_argument("--decisions", type=int, default=300, help="studies without the workflow (default 300)")
    parser.add_argument("--out", type=Path, default=OUT, help="JSON file (default benchmarks/ci_recipe.json)")
    given = parser.parse_args(arguments)
    measured = measure(given.repeats) | {"decisions": decisions(given.decisions)}
    given.out.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
