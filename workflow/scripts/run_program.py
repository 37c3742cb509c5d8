"""Run a user's own program once, for one variant and one seed, and write its run record."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path

from seedwise.basics.code_digest import combine
from seedwise.basics.errors import UserError, run_script
from seedwise.basics.file_digests import FILES_CACHE
from seedwise.basics.words import shortened
from seedwise.registration.ledger import registration_of_runs
from seedwise.runs.attempt import attempt
from seedwise.runs.digest_parts import changed_parts, read_parts
from seedwise.runs.gpus import take_gpu
from seedwise.runs.hardware import expected_device
from seedwise.tracking import Mirrors, Tracker
from seedwise.trainers.command.canary import refuse_after_canary
from seedwise.trainers.command.data import data_digests
from seedwise.trainers.command.place import read_place, read_uncommitted
from seedwise.trainers.command.program_settings import ProgramSettings
from seedwise.trainers.command.request import Digests, Request
from seedwise.trainers.command.run import run_program
from seedwise.trainers.command.sources import CACHE, code_digests, program_files


def main() -> None:
    """Run the program and write its files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", required=True)
    parser.add_argument("--variant", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="what decides the run's numbers, as JSON")
    parser.add_argument("--context", type=Path, required=True, help="the study's .context.json")
    parser.add_argument("--code", required=True, help="digest of the program's code; other code is refused")
    parser.add_argument("--data", default="", help="digest of its data, for the record")
    parser.add_argument("--environment", default="", help="digest of its environment, for the record")
    parser.add_argument("--threads", type=int, default=1, help="number of its CPU threads (default: 1)")
    parser.add_argument("--gpus", type=int, default=0, help="1 if it may use a GPU (default: 0)")
    parser.add_argument("--gpu-slots", type=int, default=1, help="number of runs that may share one GPU (default: 1)")
    parser.add_argument("--log", type=Path, help="the file that the output of this script goes to")
    parser.add_argument(
        "--out", type=Path, required=True, help="file to write: results/<study>/runs/<variant>/seed<seed>/metrics.json"
    )
    arguments = parser.parse_args()
    say = functools.partial(print, flush=True)
    place, settings = read_place(arguments.context), ProgramSettings.from_canonical(arguments.settings)
    device = expected_device("auto") if arguments.gpus else "cpu"

    def verify() -> None:
        there = Path(place.of(arguments.variant).folder)
        files = program_files(there, place.code, settings.named(), place.without, cached=True).files
        now = {
            "code": (arguments.code, code_digests(there, files, CACHE, FILES_CACHE)),
            "data": (arguments.data, data_digests(Path(place.common.original), place.data, FILES_CACHE)),
        }
        for what, (digest, parts) in now.items():
            if combine(parts) != digest:
                names = changed_parts(read_parts(arguments.out.parents[3], digest), parts)
                changed = f" ({shortened(names)})" if names else ""
                raise UserError(
                    f"the program's {what} has changed since this command was started{changed}, so the record would "
                    f"name {what} that did not produce its numbers. Run the command again: it uses the current {what}"
                )

    with attempt(arguments.out.parent, registration_of_runs(arguments.out.parents[3])) as enter:
        if device == "cuda":
            enter("waiting for a GPU")
        with take_gpu(device, arguments.gpu_slots, say):
            if device == "cuda":
                enter(None)
            request = Request(
                study=arguments.study,
                variant=arguments.variant,
                seed=arguments.seed,
                settings=settings,
                digests=Digests(arguments.code, arguments.data, arguments.environment),
                place=place,
                folder=arguments.out.parent.absolute(),
                log=arguments.log,
                threads=arguments.threads,
                device=device,
                uncommitted=read_uncommitted(arguments.context, arguments.variant),
            )
            refuse_after_canary(request)
            run_program(request, Mirrors(_trackers(arguments.context) if place.mirrored else []), say, verify)


def _trackers(context: Path) -> list[Tracker]:
    from seedwise.config.context import read_context  # these take longer to import than a short run
    from seedwise.tracking.registry import trackers

    return trackers(read_context(context).tracking)


if __name__ == "__main__":
    run_script(main)
