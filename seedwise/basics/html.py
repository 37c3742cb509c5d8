"""Text and data inside HTML."""

from __future__ import annotations

import json
from typing import Any

from seedwise.basics.names import visible


def json_in_script(value: object) -> str:
    """Return JSON for a script element: nothing in it can end the element, and texts are `shown`."""
    text = json.dumps(shown(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def shown(value: Any) -> Any:
    """Return a value of a page with every text as `visible` makes it, for data and for Jinja's `finalize`."""
    if type(value) is str:  # not Markup, which is HTML
        return visible(value)
    if isinstance(value, dict):
        return {shown(key): shown(inner) for key, inner in value.items()}
    return [shown(inner) for inner in value] if isinstance(value, (list, tuple)) else value
