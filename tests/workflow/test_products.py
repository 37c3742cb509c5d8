"""Every file that the documentation calls a product is asked for: a deleted one is made again."""

import re

import pytest

from tests.workflow.conftest import jobs

pytestmark = pytest.mark.slow

PRODUCTS = (
    *("runs.csv", "summary.csv", "comparisons.csv", "findings.json", "results.md", "page.html", "summary.txt"),
    *("tables/results.tex", "tables/results.csv", "tables/comparisons.tex"),
    *(
        f"figures/{name}.{kind}"
        for name in ("means", "differences", "power", "pairing", "curves")
        for kind in ("png", "svg")
    ),
)


def test_these_are_all_that_a_study_leaves(finished):
    made = {
        path.relative_to(finished.results).as_posix()
        for path in finished.results.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    # What runs leave, the study as scripts read it, and the record of the first plan, which must not be made again.
    own = ("runs/", "logs/", "benchmarks/", "data/", "digests/", "study-", "registration.jsonl")
    assert {name for name in made if not name.startswith(own)} == set(PRODUCTS)


def test_every_product_is_asked_for_so_that_a_deleted_one_is_made_again(project):
    """Snakemake makes whatever file the target rule lists and finds missing: shown on one file, and on all at once."""
    (project.results / "figures/power.svg").unlink()
    assert project.planned() == {"plot_figures": 1, "all": 1}
    for name in PRODUCTS:
        (project.results / name).unlink(missing_ok=True)
    printed = project.run("-p")
    asked = re.search(r"^(?:local)?rule all:\n +input: (.*)$", printed, re.MULTILINE)[1].split(", ")
    assert {f"results/tiny/{name}" for name in PRODUCTS} <= set(asked)
    assert all((project.results / name).exists() for name in PRODUCTS)
    assert "train_run" not in jobs(printed)


def test_a_study_of_very_many_variants_can_be_asked_for_its_status(fresh):
    """1 200 variants, whose study is larger than the longest argument of a command."""
    variants = "\n".join(
        f"  - {{name: v{number:04d}, label: A variant with quite a long label {number}, "
        f"set: {{model.dropout: {number / 2000}}}}}"
        for number in range(1200)
    )
    text = fresh.config.read_text()
    start, end = text.index("variants:"), text.index("seeds:")
    fresh.config.write_text(
        f"{text[:start]}variants:\n{variants}\n{text[end:]}".replace("baseline: baseline", "baseline: v0000")
    )
    printed = fresh.run("--", "status")
    assert "Study tiny: 0 of 2400 runs finished, 2400 missing" in printed
