"""The templates of the pages, and what they share."""

from __future__ import annotations

from pathlib import Path

import jinja2
from markupsafe import Markup

from seedwise.basics.html import json_in_script, shown
from seedwise.basics.words import capital
from seedwise.report.page.markdown import block, inline
from seedwise.runs.metrics import metric_label
from seedwise.statistics.verdict import Verdict

SIGNS = {Verdict.BETTER: "▲", Verdict.WORSE: "▼", Verdict.EQUIVALENT: "≈", Verdict.NON_INFERIOR: "≳"}
"""What shows a verdict without colour; the others have a circle."""


def page_template(name: str) -> jinja2.Template:
    """A template of this folder, in which text is escaped."""
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"json": _json, "inline": inline, "block": block, "label": metric_label, "capital": capital}
    environment.globals["asset"] = lambda name: Markup((here / name).read_text(encoding="utf-8"))  # noqa: S704 -- a file of ours
    return environment.get_template(name)


def _json(value: object) -> Markup:
    return Markup(json_in_script(value))  # noqa: S704 -- it escapes
