"""`seedwise watch` as a user sees it: a browser beside a real study that runs at the same time."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import pytest

from tests.browser import visiting
from tests.workflow.conftest import LIMIT, ROOT, stop_everything
from tests.workflow.programs import ProgramProject

pytestmark = pytest.mark.slow

HOSTILE = '</script><img src=x onerror="alert(1)"> *& $x$'
STUDY = f"""\
study: tiny
title: "Tiny <b>study</b>"
command:
  run: python train.py --mode {{mode}}
  settings: {{mode: works}}
variants:
  - {{name: baseline, label: '{HOSTILE}'}}
  - {{name: broken, label: Broken, set: {{mode: breaks}}}}
seeds: [0]
analysis: {{metric: accuracy, higher_is_better: true, baseline: baseline}}
"""
PROGRAM = """\
import sys
import time
from pathlib import Path

import seedwise

if sys.argv[-1] == "breaks":
    raise ValueError("of <i>no</i> use")
for step in range(1, 6):
    seedwise.log(step, train_loss=0.88471 / step, accuracy=0.88472)
print("accuracy", 0.88473, flush=True)
while not Path("go").exists():
    time.sleep(0.05)
seedwise.result(accuracy=0.88474)
"""
SCORE = re.compile(r"8847[1-4]")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "train.py").write_text(PROGRAM)
    (tmp_path / "config.yaml").write_text(STUDY)
    return ProgramProject(tmp_path)


def watch(project, *options):
    """Start the command; return its process and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "seedwise.cli", "watch", "--no-open", *options],
        cwd=project.folder,
        env={**project.environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines = [process.stdout.readline() for _ in range(2)]
    assert "Watching study tiny (config.yaml): 0 of 2 runs finished, 2 missing" in lines[0], lines
    return process, lines[1].strip()


def test_a_study_is_followed_without_a_reload_and_without_a_score(project, browser):
    process, address = watch(project, "--linger", "0.2")
    running = None
    from playwright.sync_api import expect  # here, because only tests with a browser need it installed

    expect.set_options(timeout=120_000)
    try:
        with visiting(browser, address) as visit:
            page, bodies = visit.page, []
            page.on("response", lambda response: bodies.append(response.text()))
            page.wait_for_selector("body[data-ready]")
            page.evaluate("window.sameDocument = true")
            assert page.inner_text("#summary") == "0 of 2 runs finished"
            assert "No run has begun yet." in page.inner_text("#next")
            assert page.inner_text("h1") == "Tiny <b>study</b>"
            assert page.inner_text("#grid tr:first-child th") == HOSTILE

            running = project.start("--keep-going")
            page.set_default_timeout(120_000)
            expect(page.locator("#running")).to_contain_text("step 5")
            page.click(".run.running")
            page.wait_for_selector("#detail svg path")
            assert page.locator("#detail h3").inner_text().startswith(HOSTILE)
            expect(page.locator("#failed")).to_contain_text("ValueError: of <i>no</i> use")
            page.locator("#failed summary").first.click()
            page.wait_for_selector("#failed .log")
            assert 'raise ValueError("of <i>no</i> use")' in page.locator("#failed .log").first.inner_text()

            page.click('.run[aria-pressed="true"]')
            expect(page.locator("#detail")).to_be_hidden()
            page.locator(".run.failed").first.focus()
            page.keyboard.press("ArrowUp")
            assert page.evaluate("document.activeElement.dataset.n") == "0"
            page.keyboard.press("Enter")
            assert page.locator('.run[aria-pressed="true"]').get_attribute("data-n") == "0"

            (project.folder / "go").touch()
            expect(page.locator("#summary")).to_have_text("1 of 2 runs finished, 1 failed")
            assert page.locator(".run.finished").get_attribute("data-n") == "0"
            assert page.evaluate("window.sameDocument")
            assert page.locator("img, h1 b, #failed i").count() == 0
            assert [body for body in bodies if SCORE.search(body)] == []
            assert not SCORE.search(page.content())
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            expect(page.locator("#pulse")).to_contain_text("seedwise watch has ended")
            assert [line for line in visit.messages if "ERR_" not in line] == [], "but for the server that has gone"
        out, _ = process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        assert "Study tiny has ended: 1 of 2 runs finished, 1 failed." in out
    finally:
        stop_everything(project, process, *([running] if running else []))


def test_ctrl_c_ends_it_and_a_page_can_be_saved(project, browser):
    process, _ = watch(project)
    try:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        stop_everything(project, process)
    saved = subprocess.run(
        [sys.executable, "-m", "seedwise.cli", "watch", "--once", "page.html"],
        cwd=project.folder,
        env={**project.environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    assert saved.stdout == "page.html\n"
    for size in ({"scheme": "light"}, {"width": 360, "height": 740, "scheme": "dark"}):
        with visiting(browser, project.folder / "page.html", **size) as visit:
            visit.page.wait_for_selector("body[data-ready]")
            assert visit.page.inner_text("#pulse").startswith("Saved on ")
            assert visit.page.locator(".run.missing").count() == 2
            assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert visit.messages == []
            assert visit.requests == []
