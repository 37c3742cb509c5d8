"""One run of a user's own program, as `seedwise check` shows it and `seedwise try` does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from seedwise.config.study import Study
from seedwise.trainers.command.place import ProgramPlace
from seedwise.trainers.command.request import Digests, Request
from seedwise.trainers.command.settings import SettingValue


def make_request(
    study: Study,
    place: ProgramPlace,
    variant: str,
    seed: int,
    folder: Path,
    *,
    overrides: Mapping[str, SettingValue] | None = None,
) -> Request:
    """Return what one run needs.

    Args:
        study: a study of a program.
        place: where its runs take place.
        variant: of the run.
        seed: of the run.
        folder: the run's folder.
        overrides: settings that replace those of the variant.

    Raises:
        UserError: there is no such variant.
    """
    settings = study.program_settings(variant)
    if overrides:
        settings = replace(settings, settings={**settings.settings, **overrides})
    return Request(
        study=study.study,
        variant=variant,
        seed=seed,
        settings=settings,
        digests=Digests("", "", ""),
        place=place,
        folder=folder.absolute(),
        threads=study.resources.train_run.threads or 1,
    )
