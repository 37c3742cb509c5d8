"""page.html of a study, written once more to be compared with the one that is there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.report.examples import ExamplesReport
from seedwise.report.model import Report
from seedwise.report.page.examples import render_examples_page
from seedwise.report.page.page import render_page
from seedwise.runs.history import read_history_of_runs
from seedwise.verification.evidence import Evidence

PAGE = "page.html"
_DRAWING = re.compile(r'(<script type="text/plain" id="vega">).*?(?=</script>)', re.DOTALL)
_DATA = re.compile(r'(?<=<script type="application/json" id="study">).*?(?=</script>)', re.DOTALL)
_REPRODUCE = re.compile(r'<section id="reproduce".*?</section>', re.DOTALL)
_SETUP = re.compile(r"<h3>Setup</h3>\s*<dl>.*?</dl>", re.DOTALL)
_FIGURE = re.compile(r"\s*<figure>.*?</figure>", re.DOTALL)


def page_again(found: Evidence, report: Report) -> str:
    """Return page.html as the tables and the run records give it.

    Args:
        found: what the study's folder holds.
        report: of its tables.

    Raises:
        UserError: what draws it is not installed, or a history cannot be read.
    """
    assert found.runs is not None
    histories: Mapping[tuple[str, int], pd.DataFrame] = read_history_of_runs(found.runs, found.folder / "runs")
    return render_page(replace(report, histories=histories))


def evaluation_page_again(found: Evidence, report: ExamplesReport) -> str:
    """Return page.html of an evaluation, with its results.md and its figures as they are in the folder.

    Raises:
        UserError: one of them is not there.
    """
    try:
        figures = {path.stem: path.read_bytes() for path in (found.folder / "figures").glob("*.svg")}
        return render_examples_page(report, (found.folder / "results.md").read_text(encoding="utf-8"), figures)
    except (KeyError, FileNotFoundError) as error:
        raise UserError(f"results.md or a figure that it shows is not here ({error})") from error


def comparable(page: str, *, records: bool) -> str:
    """Return a page without what depends on where it was made and, without run records, without what they fill.

    Raises:
        ValueError: its data are no JSON.
    """
    page = _REPRODUCE.sub("", _DRAWING.sub(r"\1", page))
    if records:
        return page
    page = _FIGURE.sub(lambda figure: "" if 'id="curves"' in figure[0] else figure[0], _SETUP.sub("", page))
    return _DATA.sub(lambda data: _without_curves(data[0]), page)


def drawing_of(page: str) -> str:
    """Return the program in a page that draws its plots."""
    found = _DRAWING.search(page)
    return found[0] if found else ""


def _without_curves(data: str) -> str:
    content = json.loads(data)
    runs = [{key: value for key, value in run.items() if key != "curve"} for run in content["runs"]]
    kept = {key: value for key, value in content.items() if key not in ("columns", "step")}
    return json.dumps({**kept, "runs": runs}, ensure_ascii=False)
