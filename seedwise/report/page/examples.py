"""page.html of an evaluation: the report in one file that needs no network."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path

import jinja2
from markupsafe import Markup

from seedwise.basics.html import shown
from seedwise.report.page.markdown import block

_IMAGE = re.compile(r'<img src="figures/(\w+)\.png"')


def render_examples_page(title: str, text: str, figures: Mapping[str, bytes]) -> str:
    """Write the page.

    Args:
        title: of the report.
        text: of results.md.
        figures: each figure as SVG, by its name.
    """
    here = Path(__file__).parent
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(here),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        finalize=shown,
        trim_blocks=True,
    )
    body = str(block(text))
    body = _IMAGE.sub(lambda found: f'<img src="{_embedded(figures[found[1]])}"', body)
    body = body.replace("<table>", '<div class="wide" tabindex="0" role="region" aria-label="table"><table>')
    body = body.replace("</table>", "</table></div>")
    css = Markup((here / "page.css").read_text(encoding="utf-8"))  # noqa: S704 -- a file of ours
    return environment.get_template("examples.html.j2").render(title=title, css=css, body=Markup(body))  # noqa: S704 -- made by block()


def _embedded(svg: bytes) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
