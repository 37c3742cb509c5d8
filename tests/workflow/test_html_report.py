"""Snakemake's report of a finished study, as one file, with the page to explore inside it."""

import csv

import pytest

from tests.browser import visiting

pytestmark = pytest.mark.slow

# Snakemake's own page brings a copy of Tailwind that says so; nothing is fetched from there.
SNAKEMAKE_SAYS = "warning: cdn.tailwindcss.com should not be used in production"


def numbers(project):
    """Every cell of comparisons.csv that is a number."""
    with (project.results / "comparisons.csv").open() as stream:
        cells = [cell for row in csv.DictReader(stream) for cell in row.values()]
    return [cell for cell in cells if cell.lstrip("-")[:1].isdigit()]


def shown(document):
    return document.locator("#exact td").all_inner_texts()


def test_the_report_is_one_file_that_needs_no_network(finished, browser, tmp_path):
    finished.run("--report", str(tmp_path / "report.html"))
    with visiting(browser, tmp_path / "report.html") as visit:
        page = visit.page
        page.get_by_role("link", name="Answers").click()
        page.get_by_role("row", name="Explore").get_by_role("link").first.click()
        inside = page.frame_locator("iframe")
        inside.locator("body[data-ready]").wait_for()
        assert inside.locator("h1").inner_text() == "Tiny study"
        assert inside.locator("#strip svg").count() == inside.locator("#curves svg").count() == 1
        inside.get_by_text("Every number of comparisons.csv").click()
        assert set(numbers(finished)) <= set(shown(inside))
        inside.get_by_role("link", name="Plan", exact=True).click()
        assert inside.locator("#plan-title").is_visible()
        page.get_by_role("row", name="Explore").get_by_role("link").nth(1).click()
        page.get_by_text("in one file that needs no network").wait_for()
        assert [message for message in visit.messages if not message.startswith(SNAKEMAKE_SAYS)] == []
        assert visit.requests == []


def test_the_page_of_a_study_shows_its_numbers_and_runs(finished, browser):
    with visiting(browser, finished.results / "page.html", width=360, height=740, scheme="dark") as visit:
        visit.page.wait_for_selector("body[data-ready]")
        visit.page.get_by_text("Every number of comparisons.csv").click()
        assert numbers(finished)
        assert set(numbers(finished)) <= set(shown(visit.page))
        assert visit.page.locator("#run-table tbody tr").count() == 4
        assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert visit.messages == []
        assert visit.requests == []


def test_a_change_of_the_pages_looks_renders_only_the_page(project):
    project.edit("seedwise/report/page/page.css", "color-scheme: light dark;", "color-scheme: light dark; --new: 0;")
    assert project.planned() == {"render_page": 1, "all": 1}
