"""The settings of one run of a program, without pydantic: a short run would take longer to import it than to compute.

They were checked when the workflow started, and reach the run as JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self

from seedwise.trainers.command.command_line import Value

Logged = Literal["logged"]
LOGGED: Logged = "logged"
"""What the program reported itself, through `seedwise.result`, `seedwise.log` and `seedwise.scores`."""
PlainSource = Mapping[str, Any] | str
"""A source of numbers as a study writes it, without what has its default: `logged`, or its keys."""


@dataclass(frozen=True, kw_only=True)
class ProgramSettings:
    """Everything that decides what one run computes, except its seed, its code, its data and its environment.

    Attributes:
        words: of the command, with placeholders.
        settings: by name.
        args: how `{args}` writes them, where it is not the default: `style` and `booleans`.
        env: environment variables, with placeholders.
        results: where the metrics are; None if the program reports them itself.
        scores: where the scores are.
        isolate: whether each run has a copy of the code; runs that shared files are not as good as runs that did not.
        best: the metric by which `take: best` chooses, with its direction; None where nothing is chosen so.
        threads: CPU threads, where the command names them.
        revision: the git revision that a variant names, as it is written.
    """

    words: tuple[str, ...]
    settings: Mapping[str, Value] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    results: Sequence[PlainSource] | None = None
    scores: PlainSource | None = None
    isolate: Literal["copy"] | None = None
    best: str | None = None
    threads: int | None = None
    revision: str | None = None

    def canonical(self) -> str:
        """Return canonical JSON: sorted keys, no spaces, without what has its default."""
        given = {name: value for name, value in vars(self).items() if value is not None and value != {}}
        given.pop("revision", None)  # the commit decides, which is part of the code's digest
        return json.dumps({"settings": {}, **given}, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """12 hex digits of the SHA-256 of `canonical()`."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:12]

    def named(self) -> list[str]:
        """Return all words of the command and all texts of the settings: files among them are code."""
        values = [
            part for value in self.settings.values() for part in (value if isinstance(value, tuple) else (value,))
        ]
        return [*self.words, *(part for part in values if isinstance(part, str))]

    def flat(self) -> dict[str, Value]:
        """Return the settings by name, and the revision where there is one."""
        return {**self.settings, **({"revision": self.revision} if self.revision else {})}

    @classmethod
    def from_canonical(cls, text: str) -> Self:
        """Parse the output of `canonical`.

        Raises:
            ValueError: it is anything else.
        """
        found = json.loads(text)
        if not isinstance(found, dict) or not {"words", "settings"} <= found.keys() <= {f.name for f in fields(cls)}:
            raise ValueError(f"not the settings of a program: {text}")
        settings = {key: tuple(value) if isinstance(value, list) else value for key, value in found["settings"].items()}
        return cls(**{**found, "words": tuple(found["words"]), "settings": settings})
