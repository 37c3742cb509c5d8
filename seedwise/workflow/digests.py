"""Digests of the code and data on which each rule and each run depends.

A rule's code digest covers its script and everything that it imports. A run's code digest covers the files that its
trainer lists, because rerunning it is expensive.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from seedwise.basics.code_digest import combine, own_code
from seedwise.basics.file_digests import FILES_CACHE, folder_digest
from seedwise.config.study import Study
from seedwise.config.study_file import Expected
from seedwise.sources.places import find_files, place_of
from seedwise.trainers import Inputs
from seedwise.trainers.image_classifier.datasets.identity import RunData
from seedwise.trainers.image_classifier.trainer import ImageClassifier


class Digests:
    """Digests of the code of rules and runs, and of the data of a study.

    Args:
        home: folder that contains the package.
        scripts: folder of the scripts that rules call.
        folder: folder of the user's own functions.
    """

    def __init__(self, home: Path, scripts: Path, folder: Path) -> None:
        self._home, self._scripts = home, scripts
        self._files = own_code(home, folder)
        self.script = functools.cache(self._script)

    def _script(self, name: str) -> str:
        """Return the digest of a script and of everything that it imports."""
        imported = self._files.imported([self._scripts.resolve() / f"{name}.py"])
        return combine(self._files.digests(imported))

    def package(self) -> str:
        """Return the digest of the whole package."""
        return combine(self._files.digests(sorted((self._home.resolve() / "seedwise").rglob("*.py"))))

    def data(self, study: Study) -> RunData:
        """Return the data that a study's runs read; raises UserError."""
        settings = study.image_settings(study.variants[0].name)
        return ImageClassifier().data(settings, self._files, self._home.resolve(), FILES_CACHE)

    def table(self, study: Study, base: Path) -> str:
        """Return the digest of the tables that a study's runs are read from; empty where they come from elsewhere.

        `base` is the folder of the config. Raises UserError if there is no such file.
        """
        path = study.source.path if study.source else None
        if not path:
            return ""
        return combine({str(file): folder_digest(file, FILES_CACHE) for file in find_files(place_of(path, base))})

    def runs(self, study: Study) -> dict[str, dict[str, str]]:
        """Digest each file that affects the numbers of a run, by variant; raises UserError."""
        home = self._home.resolve()
        return {
            variant.name: ImageClassifier().code(study.image_settings(variant.name), self._files, home)
            for variant in study.variants
        }

    def save(self) -> None:
        """Cache the digests of files for the next start."""
        self._files.save()


def expected_runs(
    study: Study, code: Mapping[str, Mapping[str, str]], data: Inputs, environments: Mapping[str, str]
) -> dict[str, Expected]:
    """Return the digests that a valid run of each variant has; `environments` has those of programs."""
    return {
        name: Expected(
            settings=study.settings(name).digest(),
            code=combine(files),
            data=data.digest,
            environment=environments.get(name, ""),
        )
        for name, files in code.items()
    }
