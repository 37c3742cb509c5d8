"""Resuming: runs that are killed at random moments end with the same numbers as one that is not, bit for bit."""

import csv
import pickle
import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from seedwise.runs.record import read_record
from tests.conftest import ROOT

# One process imports everything once and forks a child per life, so that no kill costs a start of Python. It trains the
# first request without interruption, and then each of the others with kills at the given moments, in units of the
# uninterrupted run's seconds. A life that ends before its kill is started again and killed sooner.
LIVES = """
import os, pickle, signal, sys, time
import torch._dynamo  # what torch imports at the first step
from seedwise.tracking import Mirrors
from seedwise.trainers.image_classifier.training.run import train_run

def live(request, seconds=None):
    child = os.fork()
    if child == 0:
        train_run(request, Mirrors([]), lambda line: print(line, flush=True))
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    print("\\nkilled" if status else "\\nended", flush=True)  # on its own line, even after an incomplete one
    return status == 0

whole, torn = pickle.load(sys.stdin.buffer)
began = time.perf_counter()
live(whole)
length = time.perf_counter() - began
for request, moments in torn:
    for moment in moments:
        while live(request, moment * length):
            moment *= 0.8
    live(request)
"""
EVERYTHING = {
    "model": {"dropout": 0.3, "trainable": {"freeze_epochs": 1}},
    "augmentation": ["random_crop", "random_horizontal_flip", "random_erasing"],
    "mixup": 0.2,
    "label_smoothing": 0.1,
    "gradient_clipping": 1.0,
    "learning_rate_ratio": 0.5,
    "ema": 0.99,
}


def live_through(whole, torn):
    """Train one request without interruption and others with kills; return the lines of output."""
    answer = subprocess.run(
        [sys.executable, "-c", LIVES], input=pickle.dumps((whole, torn)), cwd=ROOT, capture_output=True, check=False
    )
    assert answer.returncode == 0, answer.stderr.decode()
    return answer.stdout.decode().splitlines()


def outcome(request):
    """Everything that a run saves except its seconds."""
    with np.load(request.folder / "predictions.npz") as predictions:
        arrays = {name: predictions[name].tobytes() for name in predictions.files}
    with request.history.open() as table:
        history = [{**row, "seconds": None} for row in csv.DictReader(table)]
    assert not list(request.folder.glob("checkpoint*"))
    record = read_record(request.record)
    return record.status, record.reason, record.metrics, record.epochs, history, arrays


@pytest.mark.slow
@pytest.mark.parametrize("changes", [EVERYTHING, {"optimizer": "adamw", "ema": 0.9}], ids=["everything", "adamw"])
def test_runs_killed_once_at_a_random_moment_all_end_like_the_uninterrupted_one(request_run, changes):
    whole = request_run("whole", **{"epochs": 3, "dataset": {"subset": 200}, **changes})
    moments = random.Random(0)
    torn = [(replace(whole, folder=whole.folder.with_name(f"torn{i}")), [moments.uniform(0, 1)]) for i in range(25)]
    said = live_through(whole, torn)
    assert said.count("killed") == 25  # 50 in both cases together
    assert sum(line.startswith("resuming after epoch") for line in said) >= 5
    expected = outcome(whole)
    for request, _ in torn:
        assert outcome(request) == expected


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_like_an_uninterrupted_one(request_run):
    whole = request_run("whole", **{"epochs": 12, **EVERYTHING})
    moments = random.Random(1)
    torn = replace(whole, folder=whole.folder.with_name("torn"))
    said = live_through(whole, [(torn, [moments.uniform(0.02, 0.3) for _ in range(6)])])
    assert said.count("killed") == 6
    assert sum(line.startswith("resuming after epoch") for line in said) >= 2
    assert outcome(torn) == outcome(whole)
