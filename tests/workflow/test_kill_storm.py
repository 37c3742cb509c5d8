"""Whatever is killed at whatever moment, the same plain command ends with the numbers of a study that nobody killed.

`SEEDWISE_KILLS=70 pytest tests/workflow/test_kill_storm.py` kills 70 times for each trainer; the default is few.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.workflow.conftest import make_project
from tests.workflow.programs import COMMAND, FUNCTION, make_program
from tests.workflow.storms import kill_everything, kill_one, kill_snakemake, live_through

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("SEEDWISE_KILLS", "4"))
REPORT = "results/tiny/results.md"  # no figures, no page
SEED = int(os.environ.get("SEEDWISE_KILLS_SEED", "0"))


@pytest.mark.parametrize("trainer", ["image", "command", "function"])
def test_a_study_that_is_killed_again_and_again_ends_as_one_that_is_not(trainer, tmp_path):
    if trainer == "image":
        template = make_project(tmp_path / "template")
        template.edit("config.yaml", "epochs: 1", "epochs: 4")
    else:
        template = make_program(tmp_path / "template", {"command": COMMAND, "function": FUNCTION}[trainer])
        template.edit("config.yaml", "steps: 1", "steps: 30")
    seed = random.Random(f"{trainer} {SEED}").randrange(2**32)
    strikes = [kill_everything, kill_snakemake, kill_one]
    struck = live_through(template, tmp_path, KILLS, seed, strikes, lambda project: project.start("--", REPORT))
    print(dict(struck))
    assert struck.total() == KILLS
