"""The learning companion: notebooks have no outputs, and the numbers in its texts are those of the committed runs.

`make notebooks` checks that the notebooks run and that their statements are true.
"""

import ast
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "workflow" / "notebooks").glob("*.ipynb"))
LOG = (ROOT / "LEARNING_LOG.md").read_text(encoding="utf-8")
COURSE = (ROOT / "docs" / "course.md").read_text(encoding="utf-8")
NOTE = (ROOT / "docs" / "notes" / "exact-bootstrap-at-3.md").read_text(encoding="utf-8")


def words(text):
    return re.sub(r"\s+", " ", text)


PARAGRAPH = words(LOG.split("claims\n", 1)[1].split("\n\n| figure", 1)[0])


@pytest.fixture(scope="module")
def printed():
    """Return the lines that the program in LEARNING_LOG.md prints."""
    program = re.search(r"```python\n(.*?)```", LOG, re.DOTALL).group(1)
    lines = []
    exec(program.replace('"docs/', f'"{ROOT}/docs/'), {"print": lines.append})
    return lines


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_no_outputs_and_checks_its_statements(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert sum(isinstance(node, ast.Assert) for cell in code for node in ast.walk(ast.parse(cell.source))) >= 5
    asked = sum("**Question.**" in cell.source for cell in notebook.cells)
    assert asked >= 3
    assert f"({path.name})" in (path.parent / "README.md").read_text(encoding="utf-8")


def test_the_numbers_of_the_log_are_those_of_the_runs(printed):
    table = re.findall(r"^\| (\d.*?) \|", LOG, re.MULTILINE)[:-1]  # the last row is from docs/calibration.md
    assert len(table) == 7
    assert printed == table
    for figure in ", ".join(table).split(", "):
        assert figure in PARAGRAPH, figure


def test_the_rates_of_three_seed_studies_in_the_log_are_the_measured_ones():
    measured = pd.read_csv(ROOT / "docs" / "calibration" / "measured.csv")
    rates = measured.set_index(["quantity", "setting", "rule", "n"])["rate"]
    for key in (
        ("false_claims", "one_pool", "percentile_difference", 3),
        ("false_claims", "one_pool", "welch", 3),
        ("power", "effect_other_seeds", "welch", 3),
    ):
        assert f"{100 * rates[key]:.1f} %" in PARAGRAPH, key
    thumb = rates["power", "effect_other_seeds", "rule_separate"]
    assert f"in {100 * thumb[3]:.0f} % of studies of three seeds" in words(LOG)
    assert thumb[10] < 0.01


def test_the_logs_statements_on_the_default_study_are_in_its_tables():
    results = ROOT / "results" / "fashion-mnist"
    spread = 100 * pd.read_csv(results / "summary.csv")["std"]
    comparisons = pd.read_csv(results / "comparisons.csv").set_index("variant")
    assert f"{spread.min():.2f} to {spread.max():.2f} points" in words(LOG)
    assert comparisons.loc["augment", ["wins", "pairs", "verdict"]].tolist() == [0, 9, "WORSE"]
    assert comparisons.loc["dropout", ["wins", "pairs", "verdict"]].tolist() == [2, 9, "NOT_SUPPORTED"]


def test_the_note_has_about_200_words_and_two_sources():
    body, sources = NOTE.split("\n\n", 1)[1].split("## Sources")
    assert 180 <= len(body.split()) <= 220
    assert re.findall(r"^(\d)\. ", sources, re.MULTILINE) == ["1", "2"]
    assert {"1", "2"} == set(re.findall(r"\[(\d)\]", body))


def test_the_notebooks_environment_has_the_versions_of_the_requirements():
    pins = set()
    for name in ("requirements", "requirements-efficientnet", "requirements-notebooks"):
        pins |= set(re.findall(r"^[\w-]+==\S+", (ROOT / f"{name}.txt").read_text(encoding="utf-8"), re.MULTILINE))
    environment = (ROOT / "envs" / "notebooks.yaml").read_text(encoding="utf-8")
    pinned = set(re.findall(r"- ([\w-]+==\S+)", environment))
    assert pinned <= pins
    assert {pin for pin in pins if pin.startswith(("nbconvert", "ipykernel", "efficientnet"))} <= pinned


@pytest.mark.parametrize("place", range(3))
def test_what_to_know_by_heart_does_what_the_page_says(place):
    programs = re.findall(r"```python\n(.*?)```", COURSE, re.DOTALL)
    assert len(programs) == 3
    assert "assert" in programs[place]
    exec(programs[place], {})


def test_the_page_for_a_course_takes_its_published_numbers_from_the_notebook():
    notebook = nbformat.read(ROOT / "workflow/notebooks/08-reading-a-paper.ipynb", as_version=4)
    assert any('"CIFAR-10", "ResNet-20", 7.21, 0.17, 6.73, 0.09' in cell.source for cell in notebook.cells)
    assert "7.21, 0.17, 5, 6.73, 0.09, 5" in COURSE
