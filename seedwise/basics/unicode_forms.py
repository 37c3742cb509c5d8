"""Names that look the same and are not the same characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def same_text(text: str) -> str:
    """Return a text in one Unicode form, because é can be one character or two, and nobody sees which."""
    return unicodedata.normalize("NFC", text)


def as_written(name: str, names: Iterable[str]) -> str:
    """Return `name` as it stands among some names, perhaps in another Unicode form; itself if it is not there."""
    known = list(names)
    alike = [other for other in known if same_text(other) == same_text(name)]
    return alike[0] if name not in known and len(alike) == 1 else name
