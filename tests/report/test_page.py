"""The interactive page, as a reader sees it in a browser."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pandas as pd
import pytest
from made_studies import A, B, make_report

from seedwise.report.page.page import MOST_NUMBERS, render_page, thinned
from tests.browser import visiting
from tests.plans import accuracy_plan

LABELS = {"baseline": "Baseline", "augment": "+ Augment", "dropout": "+ Dropout"}
HOSTILE = '</script><img src=x onerror="alert(1)"> *& $x$'
PHONE = {"width": 360, "height": 740}
LONG = "A label so long that no phone can show it on a single line of text"


def made_curves(report, epochs=4):
    """Return a learning curve for each run; those of diverged runs end in NaN."""
    return {
        (run["variant"], run["seed"]): pd.DataFrame(
            {
                "epoch": range(1, epochs + 1),
                "train_loss": [1.0 / epoch for epoch in range(1, epochs + 1)],
                "validation_accuracy": [
                    None if run["status"] == "diverged" and epoch > 2 else 0.5 + 0.1 * epoch + 0.01 * run["seed"]
                    for epoch in range(1, epochs + 1)
                ],
            }
        )
        for run in report.runs.to_dict("records")
    }


def with_curves(report, epochs=4):
    return replace(report, histories=made_curves(report, epochs), panels=("validation_accuracy", "train_loss"))


def usual():
    return make_report({"baseline": A, "augment": B, "dropout": [0.845, None, 0.849]}, labels=LABELS)


def lost_with_score(score):
    """Return a study with a run that ended at chance: it has a score, and a whole curve."""
    report = make_report({"baseline": A, "augment": [*B, None]})
    runs = report.runs.assign(reason="no better than chance").fillna({report.plan.metric: score})
    return replace(report, runs=runs)


def crowd(variants, seeds):
    scores = {f"v{i}": [0.8 + 0.01 * i + 0.002 * (seed % 7) for seed in range(seeds)] for i in range(variants)}
    return make_report(scores, accuracy_plan("v0", margin=0.02), labels=dict.fromkeys(list(scores)[::3], LONG))


STUDIES = {
    "usual": usual,
    "hostile label": lambda: make_report(
        {"baseline": A, HOSTILE: B}, labels={HOSTILE: HOSTILE}, title=HOSTILE, exploratory=[HOSTILE]
    ),
    "a loss": lambda: make_report(
        {"baseline": [0.3, 0.35, 0.32], "augment": [-0.48, 0.44, 0.41]},
        accuracy_plan("baseline", metric="test_loss", higher_is_better=False, pairing="seed"),
    ),
    "one variant": lambda: make_report({"baseline": A}),
    "one seed": lambda: make_report({"baseline": [0.84], "augment": [0.86]}, commit=None, dirty=None),
    "a lost run with a score": lambda: lost_with_score(0.1),
    "no spread": lambda: make_report({"baseline": A, "augment": [0.905] * 3}),
    "no result": lambda: make_report({"baseline": A, "augment": [None, None, None]}),
    "twelve variants, thirty seeds": lambda: crowd(12, 30),
}


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    """Return a function that writes the page of a study, with or without curves, and returns its path."""
    folder = tmp_path_factory.mktemp("pages")

    def write(name, curves=True):
        report = STUDIES[name]()
        path = folder / f"{name}.html"
        path.write_text(render_page(with_curves(report) if curves else report), encoding="utf-8")
        return path

    return write


@pytest.fixture
def usual_page(browser, page_of):
    """The usual page, open; at the end its console must be empty and it must have made no network request."""
    with visiting(browser, page_of("usual")) as visit:
        visit.page.wait_for_selector("body[data-ready]")
        yield visit.page
        assert visit.messages == []
        assert visit.requests == []


def shown_rows(page):
    return page.locator("#run-table tbody tr:visible").all_inner_texts()


def column(page, index):
    return page.locator(f"#run-table tbody tr td:nth-child({index})").all_inner_texts()


def test_the_same_data_give_the_same_bytes():
    assert render_page(with_curves(usual())) == render_page(with_curves(usual()))


def shown_text(report):
    """Return the text of the page without its markup."""
    body = render_page(report).split("</style>")[1].split("<script")[0]
    return " ".join(html.unescape(re.sub("<[^>]+>", "", body)).split())


@pytest.mark.parametrize(
    ("plan", "scores", "decided"),
    [
        (
            accuracy_plan("baseline"),
            {"baseline": A, "augment": B, "dropout": A[::-1]},
            "Decided by: Welch's t test with Holm's correction for 2 comparisons, two-sided at the 0.05 level. How to "
            "decide was registered on 27 November 2026, 10:31 UTC, before there was any result",
        ),
        (
            accuracy_plan("baseline", pairing="seed", confidence=0.99),
            {"baseline": A, "augment": B},
            "Decided by: The paired t test by seed, two-sided at the 0.01 level.",
        ),
        (
            accuracy_plan("baseline", variance="pooled", margin=0.01),
            {"baseline": A, "augment": B, "dropout": A[::-1]},
            "Decided by: Dunnett's test, which corrects for 2 comparisons, two-sided at the 0.05 level; two one-sided "
            "tests for equivalence within ±0.0100.",
        ),
        (
            accuracy_plan("baseline", margin=0.01, question="non-inferiority"),
            {"baseline": A, "augment": B},
            "Decided by: Welch's t test, two-sided at the 0.05 level; its one-sided form for non-inferiority by "
            "0.0100.",
        ),
    ],
    ids=["Welch", "paired", "Dunnett", "non-inferiority"],
)
def test_the_page_says_at_its_top_what_decides(plan, scores, decided):
    text = shown_text(make_report(scores, plan))
    assert decided in text
    assert text.index("Decided by") < text.index("Differences from")


def test_the_page_says_which_direction_was_assumed():
    table = replace(make_report({"baseline": A, "augment": B}), study=None, direction_assumed=True, registration=None)
    assert "That higher is better was assumed from the name of the metric." in shown_text(table)


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize(("size", "scheme"), [({}, "light"), (PHONE, "dark")], ids=["desktop", "dark phone"])
def test_any_study_fits_without_an_error_or_a_request(browser, page_of, name, size, scheme):
    with visiting(browser, page_of(name, curves=name != "one variant"), **size, scheme=scheme) as visit:
        visit.page.wait_for_selector("body[data-ready]")
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        background = visit.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (max(background) < 60) if scheme == "dark" else (min(background) > 200)
        runs = STUDIES[name]().runs
        assert len(shown_rows(visit.page)) == len(runs)
        if runs["status"].eq("finished").any():
            assert visit.page.locator("#strip svg").count() == 1
        assert visit.messages == []
        assert visit.requests == []


def test_only_a_long_table_of_runs_scrolls_by_itself(browser, tmp_path):
    for seeds, scrolls in ((18, False), (40, True)):
        scores = {"A": [0.8 + seed / 1000 for seed in range(seeds)], "B": [0.7 + seed / 1000 for seed in range(seeds)]}
        path = tmp_path / f"{seeds}.html"
        path.write_text(render_page(make_report(scores)), encoding="utf-8")
        with visiting(browser, path) as visit:
            hidden = "(e => e.scrollHeight > e.clientHeight + 1)(document.querySelector('#run-table').parentElement)"
            assert visit.page.evaluate(hidden) is scrolls


def test_a_label_is_literal_text_everywhere(browser, page_of):
    with visiting(browser, page_of("hostile label")) as visit:
        visit.page.wait_for_selector("body[data-ready]")
        assert visit.page.inner_text("h1") == HOSTILE
        assert HOSTILE in visit.page.inner_text(".lead")
        assert HOSTILE in visit.page.inner_text(".forest")
        assert HOSTILE[:30] in visit.page.text_content("#strip svg")
        assert visit.page.locator("img").count() == 0


def test_every_number_of_the_comparisons_is_shown(usual_page):
    usual_page.get_by_text("Every number of comparisons.csv").click()
    comparisons = usual().comparisons
    for name in comparisons.columns.drop("variant"):
        row = usual_page.locator("#exact tbody tr").filter(has=usual_page.get_by_text(name, exact=True))
        shown = row.locator("td").all_inner_texts()
        for text, value in zip(shown, comparisons[name], strict=True):
            if pd.isna(value) or value == "":
                assert text == "—"
            elif isinstance(value, float):
                assert float(text) == value
            else:
                assert text == str(value).replace("True", "true").replace("False", "false")


def test_headings_sort_the_runs_by_mouse_and_by_keyboard(usual_page):
    usual_page.get_by_role("button", name="test accuracy", exact=True).click()
    rising = [float(text) for text in column(usual_page, 4) if text != "—"]
    assert rising == sorted(rising)
    assert column(usual_page, 4)[-1] == "—"
    usual_page.keyboard.press("Enter")
    falling = [float(text) for text in column(usual_page, 4) if text != "—"]
    assert falling == rising[::-1]
    assert column(usual_page, 4)[-1] == "—"
    assert usual_page.locator("th[aria-sort='descending']").inner_text().startswith("test accuracy")


def test_variants_can_be_hidden_and_shown_again(usual_page):
    chip = usual_page.get_by_role("button", name="+ Augment", exact=True)
    chip.click()
    usual_page.wait_for_function("!document.querySelector('#strip').textContent.includes('+ Augment')")
    assert chip.get_attribute("aria-pressed") == "false"
    assert not any("+ Augment" in row for row in shown_rows(usual_page))
    usual_page.get_by_role("button", name="None").click()
    assert shown_rows(usual_page) == []
    usual_page.get_by_role("button", name="All").click()
    usual_page.wait_for_function("document.querySelector('#strip').textContent.includes('+ Augment')")
    assert len(shown_rows(usual_page)) == 9


def test_pointing_at_a_dot_shows_its_run_and_curve(usual_page):
    usual_page.locator("#strip path[aria-label='+ Augment, seed 2: 0.858']").hover()
    readout = usual_page.locator("#readout")
    assert readout.inner_text() == ("+ Augment, seed 2: test accuracy 0.858; validation accuracy 0.92 after epoch 4.")
    assert usual_page.locator("tr.followed").inner_text().split()[:3] == ["+", "Augment", "2"]
    others = "#curves path[aria-label^='Baseline, seed 0, epoch']"
    usual_page.wait_for_function(f"document.querySelector(\"{others}\").getAttribute('opacity') < 0.2")
    usual_page.mouse.move(5, 5)
    usual_page.wait_for_function(f"document.querySelector(\"{others}\").getAttribute('opacity') > 0.2")


def test_a_lost_run_with_a_score_is_in_the_table_and_no_dot(browser, page_of):
    with visiting(browser, page_of("a lost run with a score")) as visit:
        visit.page.wait_for_selector("body[data-ready]")
        assert visit.page.locator("#strip path[aria-label^='augment, seed']").count() == 3
        assert "1 lost" in visit.page.text_content("#strip svg")
        assert "0.100" in shown_rows(visit.page)[-1].split()
        visit.page.get_by_role("button", name="Follow seed 3 of augment").focus()
        assert visit.page.inner_text("#readout").startswith("augment, seed 3: diverged, test accuracy 0.1")


def test_runs_without_a_spread_have_no_interval(browser, page_of):
    with visiting(browser, page_of("no spread", curves=False)) as visit:
        visit.page.wait_for_selector("body[data-ready]")
        words = visit.page.text_content("#strip svg")
        assert "0.9050 (no spread: all runs agree)" in words
        assert "[0.9050, 0.9050]" not in visit.page.content()


def test_a_seed_can_be_selected_by_keyboard_and_remains_selected(usual_page):
    seed = usual_page.get_by_role("button", name="Follow seed 1 of Baseline")
    seed.focus()
    assert usual_page.locator("#readout").inner_text().startswith("Baseline, seed 1: test accuracy 0.838")
    usual_page.keyboard.press("Enter")
    usual_page.get_by_role("button", name="+ Augment", exact=True).focus()
    assert seed.get_attribute("aria-pressed") == "true"
    assert usual_page.locator("tr.followed").count() == 1
    usual_page.keyboard.press("Escape")
    assert usual_page.locator("tr.followed").count() == 0


def test_another_metric_of_the_curves_can_be_chosen(usual_page):
    usual_page.locator("#column").select_option("train_loss")
    usual_page.wait_for_selector("#curves path[aria-label='Baseline, seed 0, epoch 2: 0.5']", state="attached")


def test_long_curves_are_thinned_to_fit_the_page():
    curve = pd.DataFrame({"epoch": range(1, 1001), "train_loss": 0.5})
    kept, every = thinned({("a", seed): curve for seed in range(100)})
    assert every == 4
    assert sum(thin.size for thin in kept.values()) < 1.05 * MOST_NUMBERS
    assert kept["a", 0]["epoch"].iloc[-1] == 1000
    assert thinned({("a", 0): curve})[1] == 1
