"""Programs of a user's own, as a command and as a function, each in a project folder with a tiny study."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.workflow.conftest import LIMIT, ROOT, Project

COMMAND = """\
study: tiny
title: "Tiny study"
command:
  run: python train.py --rate {rate} --dropout {dropout} --steps {steps} --seed {seed} --out {out}
  settings: {rate: 0.05, dropout: 0.0, steps: 1}
  data: [data.txt]
  resume: {checkpoint: "{out}/step.txt", args: --resume}
variants:
  - {name: baseline, label: Baseline}
  - {name: dropout, label: + Dropout, set: {dropout: 0.2, rate: 0.1}}
seeds: [0, 1]
analysis: {metric: loss, higher_is_better: false, baseline: baseline}
"""
FUNCTION = COMMAND.replace(
    "command:\n  run: python train.py --rate {rate} --dropout {dropout} --steps {steps} --seed {seed} --out {out}\n",
    "function:\n  call: train:run\n",
).replace(", args: --resume", "")
PROGRAM = '''\
"""A program that takes its time, can go on from a checkpoint, and needs nothing but Python."""
import argparse, json, os, random, time
from pathlib import Path

from scale import SCALE


def train(rate, dropout, steps, seed, out, resume):
    """Leave one number."""
    offset = float(Path("data.txt").read_text())
    checkpoint, start = Path(out) / "step.txt", 0
    if resume and checkpoint.exists():
        start = int(checkpoint.read_text())
        print("resuming after step", start, flush=True)
    for step in range(start, steps):
        time.sleep(0.05 if steps > 1 else 0)
        temporary = Path(out) / "step.tmp"
        temporary.write_text(str(step + 1))
        temporary.replace(checkpoint)
    return SCALE * (offset + random.Random(seed).gauss(0, 0.01) - dropout + rate / 10)


def run(settings, seed, run):
    return {"loss": train(seed=seed, out=run.folder, resume=run.checkpoint is not None, **settings)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("rate", float), ("dropout", float), ("steps", int), ("seed", int), ("out", str)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--resume", action="store_true")
    loss = train(**vars(parser.parse_args()))
    Path(os.environ["SEEDWISE_RESULTS"]).write_text(json.dumps({"loss": loss}))
'''


@dataclass(frozen=True)
class ProgramProject(Project):
    """A folder of the user's own: a program, its data and a study; nothing of Seedwise is in it."""

    def command(self, *options: str) -> list[str]:
        study = ["--configfile", "config.yaml", "--snakefile", str(ROOT / "Snakefile")]
        return [*super().command(), *study, *options]

    def environment(self) -> dict[str, str]:
        """As the test's, with `python` the one that runs the tests."""
        folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
        return super().environment() | {"PATH": os.pathsep.join(folders)}

    def git(self, *arguments: str) -> None:
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
        subprocess.run(git, cwd=self.folder, check=True, capture_output=True, timeout=LIMIT)


def make_program(folder: Path, config: str = COMMAND) -> ProgramProject:
    folder.mkdir(parents=True)
    for name, text in (
        ("train.py", PROGRAM),
        ("scale.py", "SCALE = 1.0\n"),
        ("data.txt", "1.5\n"),
        ("config.yaml", config),
    ):
        (folder / name).write_text(text)
    return ProgramProject(folder)
