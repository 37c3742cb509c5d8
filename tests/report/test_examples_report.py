"""The report of an evaluation: what it says, that it fits, and that it is written whole."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from seedwise.analysis.examples import analyse_examples
from seedwise.report.example_files import write_examples_report
from seedwise.report.examples import ExamplesReport
from seedwise.report.text.example_terminal import examples_terminal
from seedwise.report.text.examples import render_examples
from tests.analysis.test_example_analysis import evaluation, passages
from tests.browser import visiting
from tests.plans import accuracy_plan

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "evaluations.md").read_text(encoding="utf-8")
COMMAND = "seedwise analyse samples.csv --example question"


def report(table, baseline="a", *, columns=None, **declared):
    plan = accuracy_plan(baseline, **declared)
    return ExamplesReport("samples.csv", plan, analyse_examples(table, plan), COMMAND, columns or {})


def verdicts(text):
    """The sentences on what was found."""
    return [line for line in text.split("## In short")[1].split("\n<details>")[0].splitlines() if line.startswith("- ")]


@pytest.mark.parametrize(
    "table",
    [
        evaluation(),
        evaluation(gains=(0.0, -0.3)),
        evaluation(gains=(0.0, 0.01)),
        evaluation(400, gains=(0.0, 0.0), noise=0.1),
        evaluation(repeats=3),
        evaluation(repeats=3, level="seed"),
        evaluation(5),
    ],
)
def test_every_verdict_is_about_new_examples_and_never_about_new_seeds(table):
    text = render_examples(report(table, margin=0.05))

    (found,) = verdicts(text)
    assert "new examples" in found
    assert not re.search(r"new seeds|test set|too few seeds", found)
    assert "The intervals cover new *examples*" in text


def test_the_question_can_be_whether_a_variant_is_not_worse_by_more_than_the_margin():
    shown = render_examples(
        report(evaluation(400, gains=(0.0, 0.0), noise=0.1), margin=0.05, question="non-inferiority")
    )
    assert "**Asked:** Is **b** no more than 0.05" in shown
    assert re.search(
        r"\*\*b\*\* is no more than 0\.05\d* worse than \*\*a\*\* on new examples like these: the lower", shown
    )
    assert "NON_INFERIOR needs a lower end of the interval above −0.05" in shown
    assert "EQUIVALENT" not in shown

    left_open = render_examples(report(evaluation(gains=(0.0, 0.0)), margin=0.02, question="non-inferiority"))
    assert "The data do not show that **b** is no more than 0.02" in left_open
    assert "This is not evidence that it is worse" in left_open
    assert re.search(r"About \d+ examples instead of 60 show it with 80% power, if the variant is as good", left_open)
    assert re.search(r"That \*\*b\*\* is more than 0\.02\d* worse than \*\*a\*\*, or that it is not\.", left_open)


def test_a_single_answer_covers_these_variants_as_they_are():
    text = render_examples(report(evaluation()))

    assert "This covers these two as they are, not models that are trained again" in text
    assert "new seeds" not in text.replace("With new seeds or repeats?", "")


def test_passages_are_clusters_in_every_sentence_that_needs_them():
    text = render_examples(report(passages(), "m1", columns={"example": "seed", "cluster": "passage"}))

    assert "The data do not support a difference between **m2** and **m1** on new examples like these" in text
    assert "with 200 examples in 20 clusters only differences above" in text
    assert "About 571 examples instead of 200 (in 58 clusters like these instead of 20)" in text
    assert "`seed` is the example and `passage` is the cluster" in text
    assert "and no cluster was named" not in text


def test_more_repeats_or_more_examples_is_answered():
    text = render_examples(report(evaluation(gains=(0.0, 0.05), noise=1.0, repeats=4)))

    assert "## Would new repeats change this?" in text
    assert "The interval for new examples includes new repeats already." in text
    assert re.search(r"More repeats alone would not do|Or about \d+ repeats of each example instead of 4", text)


def test_a_difference_that_is_shown_is_settled_although_its_power_is_below_80_percent():
    made = report(evaluation(300, gains=(0.0, 0.2), noise=1.0))
    (row,) = made.main
    assert row.verdict == "BETTER"
    assert row.examples_needed > row.n_examples
    text = render_examples(made)
    assert "- *How sure?* Sure enough: equal variants would show a gap this large in" in text
    assert "- *What would settle it?* Nothing more for examples like these" in text
    assert "settle it?\n" not in text
    assert "This is about power and takes no verdict back" in text
    assert "To settle it" not in examples_terminal(made)


def test_an_open_verdict_says_that_it_is_not_sure_and_takes_nothing_back():
    text = render_examples(report(evaluation(gains=(0.0, 0.05), noise=1.0)))
    assert "- *How sure?* Not sure enough: equal variants would show a gap this large in" in text
    assert "This does not show that they are equal." in text
    assert "takes no verdict back" not in text


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"margin": 0.1}, "variants that differ by more than the margin pass this in at most 5%"),
        (
            {"margin": 0.1, "question": "non-inferiority"},
            "variants that are worse by the margin pass this in about 2.5%",
        ),
    ],
)
def test_how_sure_a_margin_makes_it(declared, says):
    text = render_examples(report(evaluation(400, gains=(0.0, 0.0), noise=0.1), **declared))
    assert f"*How sure?* Sure enough: {says}" in text


def test_a_share_of_0_percent_is_called_an_estimate_and_explains_the_wider_interval():
    made = report(evaluation(300, gains=(0.0, 0.3), noise=1.0, repeats=3, seed=1))
    (row,) = made.main
    assert row.variance_example == 0
    assert row.same_examples_high - row.same_examples_low > row.ci_high - row.ci_low
    assert "“From examples 0%” is an estimate" in render_examples(made)
    other = report(evaluation(300, gains=(0.0, 0.3), noise=1.0, repeats=3, seed=0))
    assert other.main[0].variance_example > 0
    assert "is an estimate" not in render_examples(other)


def test_the_words_of_an_evaluation_are_explained():
    text = render_examples(report(evaluation(gains=(0.0, 0.3, 0.1), repeats=3)))
    words = text.split("The words of this page")[1].split("</details>")[0]
    for word in ("Example", "Repeat", "Standard error", "Holm p", "Paired t test", "df", "Detectable difference"):
        assert f"*{word}*" in words
    assert "*Seed*" not in words


def test_no_fewer_examples_than_there_are_are_recommended():
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 1, 400)
    noise = (noise - noise.mean()) / noise.std()
    table = pd.DataFrame(
        [("ab"[place], f"q{i}", place * (0.08 + noise[i])) for place in (0, 1) for i in range(400)],
        columns=["variant", "example", "score"],
    )

    made = report(table, margin=0.16)
    text = render_examples(made)

    (row,) = made.main
    assert row.verdict == "NOT_SUPPORTED"
    assert row.examples_needed < 400
    assert "instead of 400" not in text
    assert re.search(
        "400 examples detect a true difference of the margin, 0.16.*rule out one as large as the margin", text
    )
    assert "As many show in at least 80% of evaluations that equal variants are equivalent." in text


def test_several_data_sets_name_the_correction_of_each():
    table = pd.concat([evaluation().assign(dataset="x"), evaluation(seed=1).assign(dataset="y")])

    text = render_examples(report(table))

    assert "Holm p" in text
    assert "corrected for 1 comparison (for single datasets: 2)" in text


def test_seeds_have_an_interval_for_retrained_models():
    text = render_examples(report(evaluation(gains=(0.0, 0.3), repeats=3, level="seed")))

    assert "With new seeds and new examples at once it is" in text
    assert "so that the difference is shown for retrained models too" in text


def test_judges_disagree_in_the_report():
    table = evaluation(80, gains=(0.0, 0.0))
    kind = table.assign(judge="kind", score=table["score"] + 0.6 * (table["variant"] == "b"))
    text = render_examples(report(pd.concat([table.assign(judge="strict"), kind])))

    assert "they disagree on 50% of the answers" in text
    assert "The verdict on **b** depends on the judge: it would be not settled by strict alone." in text


def test_the_terminal_has_80_columns_with_50_variants_and_long_names():
    base = evaluation(40)
    tables = [base] + [
        base[base["variant"] == "b"].assign(
            variant=f"organisation/a-model-with-a-long-name-{i}", score=np.arange(40) + i
        )
        for i in range(50)
    ]
    text = examples_terminal(report(pd.concat(tables)))

    assert max(map(len, text.splitlines())) <= 80
    assert text.count("BETTER") + text.count("WORSE") + text.count("NOT_SUPPORTED") == 51


def test_everything_is_written_and_the_page_needs_no_network(tmp_path):
    table = evaluation(40, gains=(0.0, 0.3, 0.1), noise=1.0, repeats=3)
    table["score"] = (table["score"] > 0).astype(float)
    table["variant"] = table["variant"].replace("b", "<b>&|_$x$")
    made = report(table, margin=0.1)
    written = write_examples_report(tmp_path, made)

    tables = ["summary.csv", "comparisons.csv", "pass_at_k.csv"]
    assert written == ["results.md", "page.html", "findings.json", *tables, "figures/"]
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("means", "differences", "wins") for kind in ("png", "svg")
    }
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert "<b>&|" not in page
    assert page.count("data:image/svg+xml;base64,") == 3
    comparisons = pd.read_csv(tmp_path / "comparisons.csv")
    assert comparisons["difference"].tolist() == [row.difference for row in made.main]
    assert "571.0" not in (tmp_path / "comparisons.csv").read_text(encoding="utf-8")
    again = write_examples_report(tmp_path / "again", made)
    assert again == written
    assert (tmp_path / "again" / "page.html").read_bytes() == (tmp_path / "page.html").read_bytes()


PHONE = {"width": 360, "height": 740}


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])
def test_the_page_has_verdicts_and_navigation_and_fits(browser, tmp_path, size):
    made = report(evaluation(300, gains=(0.0, 0.2, 0.01), noise=1.0, repeats=2), columns={"example": "question"})
    write_examples_report(tmp_path, made)
    with visiting(browser, tmp_path / "page.html", **size) as visit:
        page = visit.page
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator(".forest .verdict").all_inner_texts() == ["▲\nBetter", "○\nNot settled"]
        assert page.inner_text(".lead").startswith("b is better than a on new examples like these; c is not settled.")
        assert "Decided by: The paired t test over examples with Holm's correction for 2 comp" in page.inner_text(
            "header"
        )
        targets = [link.get_attribute("href") for link in page.locator("nav a, main a").all()]
        assert {"#verdict", "#differences", "#the-plan"} <= set(targets)
        assert all(page.locator(target).count() == 1 for target in targets)
        assert visit.messages == []
        assert visit.requests == []


def test_a_table_with_only_the_baseline_has_a_report(tmp_path):
    made = report(evaluation(gains=(0.0,)))
    write_examples_report(tmp_path, made)

    assert "Nothing is compared with it." in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "Nothing is compared with it." in " ".join(examples_terminal(made).split())


def shipped(name, columns):
    table = pd.read_csv(ROOT / "examples" / "evaluations" / f"{name}.csv")
    return table.rename(columns=columns)


def test_the_documentation_prints_what_the_example_gives():
    columns = {"model": "variant", "question": "example", "paragraph": "cluster", "correct": "score"}
    made = report(shipped("next_character", columns), "order-3", metric="correct", margin=0.01)
    printed = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]

    assert examples_terminal(made).startswith(printed.strip())


def test_the_documentation_tells_the_three_questions_apart_with_real_numbers():
    columns = {"model": "variant", "image": "example", "correct": "score"}
    made = report(shipped("fashion-mnist-long", columns), "baseline", metric="correct")
    (row,) = made.main
    ends = [(row.ci_low, row.ci_high), (row.same_examples_low, row.same_examples_high), (row.both_low, row.both_high)]

    assert row.verdict == "NOT_SUPPORTED"
    assert all(made.digits.interval(low, high) in PAGE for low, high in ends)
    assert "About 21000 examples instead of 2000" in render_examples(made)
    assert row.repeats_needed is None


def test_the_documented_coverage_is_the_stored_one():
    cells = json.loads((ROOT / "benchmarks" / "cluster_coverage.json").read_text(encoding="utf-8"))["clustered"]
    names = {
        "equal": "equal",
        "20 on average, varied": "varied",
        "very unequal": "skewed",
        "one has half of the examples": "one large",
    }
    methods = ("seedwise", "CR1, G - 1", "CR1, normal", "no clusters")
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)

    assert len(rows) == 6
    for clusters, sizes, *shown in rows:
        own = [cell for cell in cells if cell["clusters"] == int(clusters) and cell["sizes"] == names[sizes]]
        for method, text in zip(methods, shown, strict=True):
            places = 0 if method == "no clusters" else 1
            low, high = (end(100 * cell[method] for cell in own) for end in (min, max))
            assert text == f"{low:.{places}f}–{high:.{places}f} %", (clusters, sizes, method)


def test_the_documentation_has_every_column_of_comparisons():
    section = PAGE.split("## comparisons.csv")[1].split("## ")[0]
    columns = [
        name for line in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", line)
    ]

    assert columns == list(report(evaluation()).analysis.comparison_table.columns)
