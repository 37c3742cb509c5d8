"""The Markdown templates of reports, which lie beside this file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2


def markdown_template(name: str, filters: Mapping[str, Callable[[str], str]] | None = None) -> jinja2.Template:
    """Return a template; what a user wrote must have been escaped by `escape` or `code`, or by one of `filters`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 -- Markdown, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters or {}
    return environment.get_template(name)
