"""The view model: what it computes, and that renderers read only it and not each other."""

from __future__ import annotations

import ast
from pathlib import Path

import pandas as pd
import pytest
from made_studies import REGISTRATION, A, B, make_report

from seedwise.analysis.looks import Look
from tests.plans import accuracy_plan

REPORT = Path(__file__).resolve().parents[2] / "seedwise" / "report"
RENDERERS = {"text.results", "text.paper", "text.terminal", "text.two_studies", "page.page"}


def modules():
    return {
        path.relative_to(REPORT).with_suffix("").as_posix().replace("/", "."): path for path in REPORT.rglob("*.py")
    }


def imports(path):
    """Return the modules of the report that a module imports, by their path within it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{name}" for name in names)]
        found |= {name.removeprefix("seedwise.report.") for name in names if name.startswith("seedwise.report.")}
    return found


@pytest.mark.parametrize("name", sorted(modules()))
def test_nothing_imports_a_renderer_and_only_figures_import_matplotlib(name):
    path = modules()[name]
    assert not imports(path) & RENDERERS
    if not name.startswith("figures."):
        assert "import matplotlib" not in path.read_text(encoding="utf-8")
        assert "from matplotlib" not in path.read_text(encoding="utf-8")


def test_no_module_of_the_report_knows_a_metric():
    for path in [*modules().values(), *REPORT.rglob("*.j2"), *REPORT.rglob("*.js")]:
        text = path.read_text(encoding="utf-8")
        assert "test_accuracy" not in text, path
        assert "validation_accuracy" not in text, path


def test_columns_of_runs_are_the_numbers_in_order_the_compared_one_first():
    report = make_report({"A": A, "B": B}, accuracy_plan("A", metric="train_loss"))
    runs = report.runs.assign(
        test_accuracy=[0.5] * 6, empty=[None] * 6, text="x", epochs=3, seconds=1.25, threads=1, code_digest="1"
    )
    runs["from_csv"] = ["0.5", "", "nan", "1e-3", "2", "3"]
    changed = make_report({"A": A, "B": B}, report.plan, runs=runs)
    assert changed.metric_columns == ["train_loss", "test_accuracy", "from_csv"]
    assert changed.run_columns == ["train_loss", "test_accuracy", "from_csv", "epochs", "seconds"]


def test_cells_of_runs_are_exact_for_the_compared_metric_and_rounded_for_others():
    report = make_report({"A": [0.8419999999999999, None, 0.85], "B": B})
    runs = report.runs.assign(seconds=[1.25, None, 3.0] * 2, lost=[float("inf"), 1.0, 2.0] * 2)
    first, second, *_ = make_report({"A": [0.8419999999999999, None, 0.85], "B": B}, runs=runs).run_rows
    assert [cell.shown for cell in first.cells] == ["0.8419999999999999", "0.7370", "—", "1.2"]
    assert [cell.exact for cell in first.cells] == ["0.8419999999999999", "0.7370000000000001", "", "1.25"]
    assert (second.status, second.value, second.cells[0].shown) == ("diverged", None, "—")


def test_at_a_look_differences_use_its_level_and_single_variants_that_of_the_plan():
    look = Look(
        number=1,
        looks=(3, 5),
        nominal_alpha=0.001,
        spent=0.001,
        alpha=0.05,
        seeds=(0, 1, 2),
        undecided=("B",),
        decision="go on",
    )
    report = make_report({"A": A, "B": B}, accuracy_plan("A", looks=(3, 5)), look=look, planned_seeds=range(5))
    assert report.deciding.alpha == pytest.approx(0.001)
    assert report.wording.plan.alpha == pytest.approx(0.05)
    assert report.next_look == 5
    assert dict(report.declared)["seeds"] == "[0, 1, 2, 3, 4]"
    assert dict(report.declared)["margin"] is None


def test_a_plan_is_called_older_than_the_results_only_if_that_is_known():
    scores = {"A": A, "B": B}
    assert make_report(scores).declared_first
    assert not make_report(scores, exploratory=["seeds were added"]).declared_first
    assert not make_report(scores, pulled=True).declared_first
    assert not make_report(scores, study=None).declared_first
    assert not make_report(scores, registration=None).declared_first
    late = REGISTRATION.model_copy(update={"before_results": False})
    assert not make_report(scores, registration=late).declared_first


def test_a_variant_that_lost_all_runs_still_has_a_row():
    report = make_report({"A": A, "B": [None] * 3})
    assert [row.variant for row in report.summary_rows] == ["A", "B"]
    assert isinstance(report.runs, pd.DataFrame)
    assert report.summary_rows[1].mean is None
