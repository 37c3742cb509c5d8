"""One run of each variant goes first: if it fails, the other runs of the variant would fail in the same way."""

from __future__ import annotations

from pathlib import Path

from seedwise.basics.errors import UserError
from seedwise.runs.attempt import read_attempt
from seedwise.trainers.command.failure import failures_since
from seedwise.trainers.command.place import ProgramPlace


def refuse_after_canary(place: ProgramPlace, folder: Path, seed: int) -> None:
    """Refuse a run if the first run of its variant has failed since the current command was started.

    It is not refused if any run of the variant has a result: then the failure is about the seed, not about the command.

    Args:
        place: where and how the program is run.
        folder: folder of the run.
        seed: of the run.

    Raises:
        UserError: the first run failed; the message says why.
    """
    first = place.first_seed
    if first is None or first == seed:
        return
    canary = read_attempt(folder.parent / f"seed{first}")
    if canary is None or canary.error is None or canary.interrupted or canary.started < place.started:
        return
    if 0 < failures_since(folder.parent / f"seed{first}", place.started) <= place.retries:
        return  # it is tried again
    if any(folder.parent.glob("seed*/metrics.json")):
        return
    raise UserError(
        f"not started, because the first run of this variant, seed {first}, failed: {canary.error}. "
        "To run all seeds in any case: canary: false"
    )
