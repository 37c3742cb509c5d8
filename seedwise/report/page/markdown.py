"""Markdown of a report as HTML; HTML in the text is escaped."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


def inline(text: str) -> Markup:
    """Markdown within a paragraph as HTML."""
    return _page(_MARKDOWN.renderInline(text))


def block(text: str) -> Markup:
    """Markdown blocks, such as a table, as HTML."""
    return _page(_MARKDOWN.render(text))


def _page(html: str) -> Markup:
    """Leave out `NO_MENTION`, which is for GitHub."""
    return Markup(html.replace("\u2060", ""))  # noqa: S704 -- markdown-it escapes HTML
