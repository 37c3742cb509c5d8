"""Markdown of a report as HTML; HTML in the text is escaped."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def inline(text: str) -> Markup:
    """Markdown within a paragraph as HTML."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704 -- markdown-it escapes HTML


def block(text: str) -> Markup:
    """Markdown blocks, such as a table, as HTML."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704 -- markdown-it escapes HTML
