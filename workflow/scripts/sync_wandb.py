"""Send to W&B what a study recorded offline: each run once; the same command goes on where it ended."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from seedwise.basics.errors import UserError, run_script
from seedwise.tracking.sync import check_server, send_run, sync, unsent


def main() -> None:
    """Parse arguments, send, list what failed and why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="results/<study>, which holds wandb/")
    parser.add_argument("--timeout", type=float, default=120, help="seconds that one run may take (default: 120)")
    arguments = parser.parse_args()
    say = functools.partial(print, flush=True)
    runs = unsent(arguments.folder)
    if not runs:
        say(f"nothing to send: W&B has every run in {arguments.folder / 'wandb'}, or none was recorded")
        return
    check_server()
    sent, failures = sync(runs, say, functools.partial(send_run, timeout=arguments.timeout))
    say(f"{sent} of {len(runs)} runs sent")
    if failures:
        listed = "\n".join(f"  {failure.folder}: {failure.reason}" for failure in failures)
        raise UserError(f"{len(failures)} runs were not sent; the same command tries them again:\n{listed}")


if __name__ == "__main__":
    run_script(main)
