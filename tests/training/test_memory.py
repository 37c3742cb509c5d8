"""Memory that a training step frees is not given back to the system, to be cleared and handed out again."""

import json
import os
import subprocess
import sys

import pytest

STEPS = """
import json, resource, sys, torch
from seedwise.trainers.image_classifier.training.memory import keep_freed_memory

torch.set_num_threads(1)
if sys.argv[1] == "keep":
    keep_freed_memory()

def step():
    layers = [torch.ones(400_000) for _ in range(5)]
    while layers:
        layers.pop()

for _ in range(10):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before))
"""


def page_faults(how, **environment):
    done = subprocess.run(
        [sys.executable, "-c", STEPS, how], capture_output=True, text=True, check=True, timeout=120, env=environment
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc gives memory back in this way")
def test_steps_that_free_what_they_take_cause_no_page_faults():
    plain = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}  # without it, the C library learns a bit by itself
    given_back = page_faults("give back", **plain)
    if given_back < 1000:
        pytest.skip(f"only {given_back} page faults here, where pages are large")
    assert page_faults("keep", **plain) < given_back / 5
