"""docs/site/seeds.js, the sliders of docs/what-3-seeds-can-say.md: right arithmetic, and usable without a mouse."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from tests.browser import visiting

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs/site/seeds.js"
SAME = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture
def page(browser, tmp_path):
    """A page with the sliders, as wide as a phone."""
    path = tmp_path / "seeds.html"
    path.write_text(
        f'<!doctype html><meta charset="utf-8"><div id="seeds"></div><script src="{SCRIPT.as_uri()}"></script>'
    )
    with visiting(browser, path, width=360) as visit:
        yield visit.page
    assert (visit.messages, visit.requests) == ([], [])


def shown(page) -> dict:
    """The study that is shown."""
    return page.evaluate("({...seeds.shown, a: [...seeds.shown.a], b: [...seeds.shown.b]})")


def test_special_functions_are_those_of_scipy(page) -> None:
    grid = [(x, a, b) for x in (1e-9, 0.01, 0.3, 0.7, 0.99, 1 - 1e-9) for a in (0.5, 1, 2.3, 29) for b in (0.5, 1, 7.7)]
    found = page.evaluate("grid => grid.map(([x, a, b]) => seeds.incompleteBeta(x, a, b))", grid)
    np.testing.assert_allclose(found, [special.betainc(a, b, x) for x, a, b in grid], **SAME)
    degrees = [1, 1.37, 2, 5.5, 29, 58]
    found = page.evaluate("all => all.map((degrees) => seeds.tQuantile(0.05, degrees))", degrees)
    np.testing.assert_allclose(found, stats.t.ppf(0.975, degrees), **SAME)


def test_welchs_test_of_each_drawn_study_is_that_of_scipy(page) -> None:
    for n in (2, 3, 5, 30):
        page.locator("[name=n]").fill(str(n))
        for _ in range(5):
            page.get_by_role("button", name="Draw again").click()
            study = shown(page)
            expected = stats.ttest_ind(study["b"], study["a"], equal_var=False)
            assert len(study["a"]) == n
            np.testing.assert_allclose((study["p"], study["degrees"]), (expected.pvalue, expected.df), **SAME)
            low, high = expected.confidence_interval()
            numbers = re.findall(r"[+−]\d+\.\d+", page.get_by_role("status").inner_text())
            printed = [float(number.replace("−", "-")) for number in numbers]
            np.testing.assert_allclose(printed, (expected.statistic * study["error"], low, high), atol=0.005001)


# Rates for normal noise, in per cent: docs/calibration.md, of 20 000 studies.
FALSELY = {
    "bootstrap": {3: 19.3, 5: 12.0, 10: 7.8},
    "thumb": {3: 7.1, 5: 1.3, 10: 0.0},
    "overlap": {3: 0.5, 5: 0.4, 10: 0.5},
    "welch": {3: 3.5, 5: 4.4, 10: 4.7},
}


@pytest.mark.parametrize("n", [3, 5, 10])
def test_rules_claim_falsely_as_often_as_calibration_says(page, n: int) -> None:
    rates = page.evaluate(f"seeds.rates([1, 2, 3, 4].flatMap((start) => seeds.simulate({n}, start)), 1)")
    for rule, expected in FALSELY.items():
        share = expected[n] / 100
        assert rates[rule]["falsely"] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4000) + 0.002), rule
    power = stats.nct(2 * n - 2, np.sqrt(n / 2)).sf(
        stats.t.ppf(0.975, 2 * n - 2)
    )  # of the pooled t test, nearly the same
    assert 1 - rates["welch"]["misses"] == pytest.approx(power, abs=0.045)
    assert rates["higher"]["falsely"] == 1
    assert rates["higher"]["misses"] == pytest.approx(stats.norm.cdf(-np.sqrt(n / 2)), abs=0.02)


def test_everything_can_be_done_with_the_keyboard(page) -> None:
    first = shown(page)
    page.keyboard.press("Tab")  # to the true difference
    page.keyboard.press("Home")
    assert "they are equal" in page.get_by_role("status").inner_text()
    assert page.locator("[data-rule=welch] td").last.inner_text() == "–"
    page.keyboard.press("ArrowRight")
    assert page.locator("[name=effect]").get_attribute("aria-valuetext") == "0.1 points"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # to the number of seeds
    page.keyboard.press("ArrowRight")
    assert len(shown(page)["a"]) == 4
    np.testing.assert_allclose(shown(page)["a"][:3], first["a"])  # one more seed, and the others as they were
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert shown(page)["a"][:3] != first["a"]
    before = page.locator("tbody").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("tbody").inner_text() != before
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_study_says_what_it_shows(page) -> None:
    """A large true difference is found by every rule; and the picture has one dot for each run."""
    page.locator("[name=effect]").fill("2")
    page.locator("[name=spread]").fill("0.1")
    page.locator("[name=n]").fill("10")
    assert page.locator("svg circle").count() == 20
    assert page.locator("tbody td:nth-of-type(1)").all_inner_texts() == ["B is better: right"] * 5
    assert page.locator("[data-rule=welch] td").last.inner_text() == "0.0\u00a0%"
