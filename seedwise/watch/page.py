"""The live page: one HTML document that draws itself from the state within it, and asks for what changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from seedwise import report
from seedwise.basics.html import json_in_script, shown
from seedwise.watch.live import Live

_HERE = Path(__file__).parent
_LOOK = Path(report.__file__).parent / "page" / "page.css"
MOST_DETAILS = 50


def render_page(state: Mapping[str, Any], *, nonce: str, details: Mapping[int, Any] | None = None) -> str:
    """Write the page.

    Args:
        state: the answer of `Live` for version 0.
        nonce: names the scripts and styles that the browser may use.
        details: of runs, for a page that is saved; None for one that asks for them.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=shown,
        keep_trailing_newline=True,
    )
    environment.filters["json"] = lambda value: Markup(json_in_script(value))  # noqa: S704 -- it escapes
    styles = "\n".join(path.read_text(encoding="utf-8") for path in (_LOOK, _HERE / "watch.css"))
    return environment.get_template("watch.html.j2").render(
        layout=state["layout"],
        data={"state": state, "details": details},
        nonce=nonce,
        styles=Markup(styles),  # noqa: S704 -- files of ours
        script=Markup((_HERE / "watch.js").read_text(encoding="utf-8")),  # noqa: S704 -- a file of ours
        saved=time.strftime("%d %B %Y, %H:%M:%S").lstrip("0") if details is not None else None,
    )


def render_snapshot(live: Live) -> str:
    """Write the page as it is now, for a file: it asks nobody."""
    state = live.answer()
    shown = [run["n"] for run in state["runs"] if run["state"] in ("failed", "running")][:MOST_DETAILS]
    return render_page(state, nonce="page", details={number: live.detail(number) for number in shown})
