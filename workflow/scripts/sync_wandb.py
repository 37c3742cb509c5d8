"""Send the runs that a study recorded offline to W&B, each once; after an interruption, run the same command again."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from seedwise.basics.errors import UserError, run_script
from seedwise.basics.words import quantity
from seedwise.tracking.sync import check_server, send_run, sync, unsent


def main() -> None:
    """Send the unsent runs; an error lists those that could not be sent, and why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the study, results/<study>")
    parser.add_argument("--timeout", type=float, default=120, help="time limit for one run in seconds (default: 120)")
    arguments = parser.parse_args()
    say = functools.partial(print, flush=True)
    runs = unsent(arguments.folder)
    if not runs:
        say(f"nothing to send: {arguments.folder / 'wandb'} has no unsent runs")
        return
    check_server()
    sent, failures = sync(runs, say, functools.partial(send_run, timeout=arguments.timeout))
    say(f"{sent} of {len(runs)} runs sent")
    if failures:
        listed = "\n".join(f"  {failure.folder}: {failure.reason}" for failure in failures)
        raise UserError(f"{quantity(len(failures), 'run')} not sent; run the same command again to retry:\n{listed}")


if __name__ == "__main__":
    run_script(main)
