"""One run of each variant goes first: if it fails, the other runs of the variant would fail in the same way."""

from __future__ import annotations

from seedwise.basics.errors import UserError
from seedwise.runs.attempt import read_attempt
from seedwise.trainers.command.failure import NOT_STARTED, failures_since
from seedwise.trainers.command.request import Request
from seedwise.trainers.command.run import fitting_record


def refuse_after_canary(request: Request) -> None:
    """Refuse a run if the first run of its variant has failed since the current command was started.

    It is not refused if a run of the variant has a result with the same settings, code, data and environment: then the
    failure is about the seed, not about the command.

    Args:
        request: the run.

    Raises:
        UserError: the first run failed; the message says why.
    """
    place, variant = request.place, request.folder.parent
    first = place.first_seed
    if first is None or first == request.seed:
        return
    canary = read_attempt(variant / f"seed{first}")
    if canary is None or canary.error is None or canary.interrupted or canary.started < place.started:
        return
    if 0 < failures_since(variant / f"seed{first}", place.started) <= place.retries:
        return  # it is tried again
    if any(fitting_record(request, record) for record in variant.glob("seed*/metrics.json")):
        return
    raise UserError(f"{NOT_STARTED}, seed {first}, failed: {canary.error}. To run all seeds in any case: canary: false")
