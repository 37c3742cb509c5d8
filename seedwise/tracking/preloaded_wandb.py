"""Imports wandb for forks, with the environment in which their runs would import it: without telemetry."""

import os

from seedwise.tracking.weights_and_biases import quiet_environment

_before = dict(os.environ)
os.environ.update(quiet_environment())
try:
    import wandb  # noqa: F401
finally:
    os.environ.clear()
    os.environ.update(_before)
