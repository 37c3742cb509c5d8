"""Resume: a run that is killed again and again ends in the same metrics as one that never was, to the last digit."""

import pickle
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from seedwise.records import read_record
from seedwise.tracking import Mirrors
from seedwise.training.run import train_run
from tests.conftest import ROOT
from tests.training.conftest import QUIET

KILLS = 8
# One process, imported once; it forks a child for each life, so that a kill costs no start of Python.
LIVES = """
import os, pickle, signal, sys, time
import torch._dynamo  # what torch imports at the first step
from seedwise.tracking import Mirrors
from seedwise.training.run import train_run
request = pickle.load(sys.stdin.buffer)
for delay in [float(text) for text in sys.argv[1:]] + [None]:
    child = os.fork()
    if child == 0:
        train_run(request, Mirrors([]), lambda line: print(line, flush=True))
        os._exit(0)
    if delay is not None:
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print("killed" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}", flush=True)
"""
EVERYTHING = {
    "epochs": 24,
    "model": {"dropout": 0.3, "trainable": {"freeze_epochs": 2}},
    "augmentation": ["random_crop", "random_horizontal_flip", "random_erasing"],
    "mixup": 0.2,
    "label_smoothing": 0.1,
    "gradient_clipping": 1.0,
    "learning_rate_ratio": 0.5,
    "ema": 0.99,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"), [("everything", EVERYTHING), ("adamw", {"epochs": 24, "optimizer": "adamw", "ema": 0.9})]
)
def test_random_sigkills_change_nothing(request_run, name, changes):
    began = time.perf_counter()
    whole = train_run(request_run("whole", **changes), Mirrors([]), QUIET)
    seconds = time.perf_counter() - began
    torn = request_run(name, **changes)
    moments = random.Random(name)
    delays = [str(moments.uniform(0.05, 2 * seconds / KILLS)) for _ in range(KILLS)]
    answer = subprocess.run(
        [sys.executable, "-c", LIVES, *delays], input=pickle.dumps(torn), cwd=ROOT, capture_output=True, check=True
    )
    said = answer.stdout.decode().splitlines()
    assert said.count("killed") >= 3
    assert sum(line.startswith("resuming after epoch") for line in said) >= 2
    record = read_record(torn.record)
    assert record.metrics == whole.metrics
    assert record.epochs == whole.epochs == 24
    for file in ("history.csv", "predictions.npz"):
        assert (torn.folder / file).is_file()
    with (
        np.load(torn.folder / "predictions.npz") as one,
        np.load(torn.record.parents[1] / "whole/predictions.npz") as two,
    ):
        np.testing.assert_array_equal(one["predicted"], two["predicted"])
    assert not list(torn.folder.glob("checkpoint*"))
