"""Names that a config may use, and messages about a name that is not one of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedwise.basics.plugins import PATTERN, is_plugin

if TYPE_CHECKING:  # a run of a program needs messages, and pydantic takes longer to import than a short run
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
    from pydantic_core import CoreSchema, PydanticCustomError

# Names from other programs, and ours for the same.
SYNONYMS = {
    "gpu": "cuda",
    "float32": "fp32",
    "bfloat16": "bf16",
    "lr": "learning_rate",
    "wd": "weight_decay",
    "bs": "batch_size",
    "overrides": "set",
}

_COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")

PROBLEM = "seedwise"  # pydantic's error type of messages that are already written for the user


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `word` probably stands for, ignoring case; None if none is close."""
    by_lower = {choice.lower(): choice for choice in choices}
    if SYNONYMS.get(word.lower()) in by_lower:
        return by_lower[SYNONYMS[word.lower()]]
    import difflib  # only mistakes need it

    found = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[found[0]] if found else None


def quote(text: str) -> str:
    """Put a text in quotes, on one line whatever it contains."""
    return json.dumps(text, ensure_ascii=not text.isprintable())


def plain(text: str) -> str:
    """Write a name as it is, unless it would break the line."""
    return text if text.isprintable() else quote(text)


def visible(text: str) -> str:
    """Write lines so that no character of a name can move the cursor, change colours or turn the text around."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    shown = (x if x.isprintable() or x == "\n" else " " if x.isspace() else ascii(x)[1:-1] for x in text)
    return "".join(shown)


def without_colours(text: str) -> str:
    """Leave out the sequences by which a program colours its output."""
    return _COLOUR.sub("", text)


def one_line(text: str) -> str:
    """As `visible`, without line ends too."""
    return visible(text).replace("\n", r"\n")


def not_known(found: str, choices: Sequence[str], what: str = "Known", more: str = "") -> str:
    """Say that `found` is not one of `choices`, which one was probably meant, and what all of them are."""
    guess = nearest(found, choices)
    hint = f"; did you mean {quote(guess)}?" if guess else "."
    return f"found {quote(found)}{hint} {what}: {', '.join(map(plain, choices))}{more}"


def unknown_key(key: str, valid: Sequence[str], guess: str | None = None, otherwise: str = ".") -> str:
    """Say that a mapping has no such key, which one was probably meant (or else `otherwise`), and which keys it has."""
    guess = guess or nearest(key, valid)
    hint = f"; did you mean {quote(guess)}?" if guess else otherwise
    return f"unknown key{hint} Valid keys: {', '.join(map(plain, valid))}"


def problem(message: str) -> PydanticCustomError:
    """Make a validation error whose message is shown unchanged."""
    from pydantic_core import PydanticCustomError

    return PydanticCustomError(PROBLEM, "{message}", {"message": message})


def located(title: str, problems: Iterable[tuple[tuple[str | int, ...], str]]) -> ValidationError:
    """Make one validation error out of messages, each with its place inside the model named `title`."""
    from pydantic_core import InitErrorDetails, ValidationError

    details = [InitErrorDetails(type=problem(message), loc=place, input=None) for place, message in problems]
    return ValidationError.from_exception_data(title, details)


@dataclass(frozen=True)
class Named:
    """Annotation of a field that takes one of `names` or `package.module:function`."""

    names: tuple[str, ...]

    def _check(self, name: str) -> str:
        if name in self.names or is_plugin(name):
            return name
        raise problem(not_known(name, self.names, more=", or a function of your own: package.module:function"))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        own = {"type": "string", "pattern": f"^{PATTERN}$", "description": "Your own package.module:function."}
        return {"anyOf": [{"enum": list(self.names)}, own]}
