"""The changes since a record was made: which settings, files or data differ."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seedwise.basics.nested import flat
from seedwise.basics.words import shortened
from seedwise.config.study import Run
from seedwise.config.study_file import StudyFile
from seedwise.runs.digest_parts import FOLDER, changed_parts, read_parts
from seedwise.runs.fit import Misfit

MOST_NAMED = 4
MOST_PACKAGES = 40
_ABSENT = "absent"


class Changes:
    """Explains why records do not fit a study.

    Args:
        study: the study.
        folder: folder of its results; the files in `digests/` list the parts of each digest.
    """

    def __init__(self, study: StudyFile, folder: Path) -> None:
        self._study, self._folder = study, folder
        self._settings = functools.cache(self._read_settings)
        self._parts = functools.cache(functools.partial(read_parts, folder))

    def explain(self, record: Mapping[str, Any], run: Run, wrong: Misfit) -> str:
        """Return in one line why a record does not fit; it names settings, files and data where they are known."""
        reasons = []
        if "settings" in wrong.kinds:
            reasons += setting_changes(record.get("settings"), self._settings(run.variant))
        if "code" in wrong.kinds:
            reasons += self._file_changes("code", record, "code_digest", self._study.expected[run.variant].code)
        if "data" in wrong.kinds:
            reasons += self._file_changes("data", record, "data", self._study.expected[run.variant].data)
        if "environment" in wrong.kinds:
            reasons += self._file_changes(
                "environment", record, "environment_digest", self._study.expected[run.variant].environment
            )
        if not reasons or set(wrong.kinds) - {"settings", "code", "data", "environment"}:
            reasons.append(wrong.reason)
        return "; ".join(reasons)

    def packages(self, record: Mapping[str, Any], run: Run) -> dict[str, tuple[str | None, str | None]]:
        """Return the packages that differ, each with its version then and now; None where it was or is absent."""
        was = self._parts(record["provenance"].get("environment_digest"))
        now = self._parts(self._study.expected[run.variant].environment)
        return {name: (was.get(name), now.get(name)) for name in changed_parts(was, now)}

    def _file_changes(self, what: str, record: Mapping[str, Any], key: str, now: str) -> list[str]:
        was = record["provenance"].get(key)
        if was == now:
            return ["its data were prepared again and are different now"]
        changed = changed_parts(self._parts(was), self._parts(now))
        if not changed:
            return [f"{what} changed ({self._folder / FOLDER} does not say which files)"]
        # Packages may have to be copied into the study.
        return [f"{what} changed: {shortened(changed, MOST_PACKAGES if what == 'environment' else MOST_NAMED)}"]

    def _read_settings(self, variant: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._study.study.settings(variant).canonical())
        return found


def setting_changes(was: object, now: Mapping[str, Any]) -> list[str]:
    """List the settings that differ between two nested mappings, with both values."""
    before, after = _texts(was if isinstance(was, Mapping) else {}), _texts(now)
    changed = [
        f"{key} was {before.get(key, _ABSENT)} and is now {after.get(key, _ABSENT)}"
        for key in sorted({*before, *after})
        if before.get(key, _ABSENT) != after.get(key, _ABSENT)
    ]
    more = len(changed) - MOST_NAMED
    return [*changed[:MOST_NAMED], *([f"{more} more settings changed"] if more > 0 else [])]


def _texts(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return every setting as JSON, by its dotted path."""
    return {name: json.dumps(value) for name, value in flat(settings)}
