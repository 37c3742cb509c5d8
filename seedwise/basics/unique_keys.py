"""JSON whose objects have each key once: of a key that is there twice, Python would keep the last value silently."""

from __future__ import annotations

import json
from typing import Any

from seedwise.basics.names import quote


class KeyTwiceError(ValueError):
    """An object has a key twice; the message names it."""


def load_json(text: str | bytes) -> Any:
    """Read JSON.

    Raises:
        KeyTwiceError: an object has a key twice.
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise KeyTwiceError(f"an object has the key {quote(twice)} twice; which counts, JSON does not say")
    return found
