"""A real study, with one hostile text wherever a user, a program or git can leave one."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from tests.browser import visiting
from tests.report.hostile import HOSTILE, check_html, check_markdown, check_plain, check_tex
from tests.workflow.conftest import LIMIT, ROOT
from tests.workflow.programs import ProgramProject

pytestmark = pytest.mark.slow

METRIC = f"score {HOSTILE}"
DATA = 'it\'s "my" data\n\x1b[31m {b} $(touch owned) #1.txt'
PROGRAM = f"""\
import os, sys
from pathlib import Path

import seedwise

HOSTILE = {HOSTILE!r}
text, mode, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
assert HOSTILE in text and os.environ["NOTE"] == HOSTILE and Path({DATA!r}).exists()
print("wrote", HOSTILE)
print(HOSTILE, file=sys.stderr)
(Path(os.environ["SEEDWISE_OUT"]) / "model \\x1b[31m\\n<img src=x>.txt").write_text(HOSTILE)
if mode == "breaks" and not Path("fixed").exists():
    raise ValueError(HOSTILE.replace("\\n", " "))
for step in (1, 2):
    seedwise.log(step, **{{f"train {{HOSTILE}}": 1 / step}})
seedwise.result(**{{{METRIC!r}: len(text) / 1000 + seed / 100 + (mode == "breaks") / 500}})
"""
STUDY = {
    "study": "tiny",
    "title": HOSTILE,
    "command": {
        "run": ["python", "train.py", "{text}", "{mode}", "{seed}"],
        "settings": {"text": HOSTILE, "mode": "works"},
        "env": {"NOTE": HOSTILE.replace("{", "{{").replace("}", "}}")},
        "data": [DATA],
        "canary": False,
    },
    "variants": [
        {"name": "baseline", "label": f"A {HOSTILE}"},
        {"name": "broken", "label": f"B {HOSTILE}", "set": {"mode": "breaks", "text": f"longer {HOSTILE}"}},
    ],
    "seeds": [0, 1],
    "analysis": {"metric": METRIC, "higher_is_better": True, "baseline": "baseline"},
    "tracking": {"wandb": {"mode": "disabled", "tags": [HOSTILE], "notes": HOSTILE, "project": HOSTILE}},
}


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / 'it\'s "a" {study} & more'
    folder.mkdir()
    (folder / "train.py").write_text(PROGRAM, encoding="utf-8")
    (folder / DATA).write_text("1")
    (folder / "config.yaml").write_text(yaml.safe_dump(STUDY), encoding="utf-8")
    (folder / ".gitignore").write_text(".snakemake\nresults\n")
    made = ProgramProject(folder)
    made.git("init", "--quiet", "--initial-branch", "<img/src=x>|`$x$`")
    made.git("add", "--all")
    made.git("commit", "--quiet", "--message", HOSTILE)
    return made


def seedwise(project, *words, status=0):
    """Run a command of Seedwise; return what it printed, which must be plain."""
    done = subprocess.run(
        [sys.executable, "-m", "seedwise.cli", *words],
        cwd=project.folder,
        env={**project.environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=LIMIT,
        check=False,
    )
    said = done.stdout.decode()
    assert done.returncode == status, said
    check_plain(said)
    assert "\n# heading" not in said, "a name could pass for a line of ours"
    return said


def test_a_hostile_text_is_text_in_every_output_of_a_study(project, browser):
    assert "4 runs" in seedwise(project, "check")
    assert "next:" in seedwise(project, "try")
    assert "FAILED  broken" in seedwise(project, "run", "--cores", "2", "--keep-going", status=1)
    assert "2 of 4 runs finished, 2 failed" in seedwise(project, "status")
    seedwise(project, "interim")
    check_markdown((project.results / "interim/results.md").read_text(encoding="utf-8"))
    seedwise(project, "watch", "--once", "watch.html")
    check_html((project.folder / "watch.html").read_text(encoding="utf-8"))
    assert "2 of 4 runs finished" in seedwise(project, "report", status=2)

    (project.folder / "fixed").touch()
    assert "Read results/tiny/results.md" in seedwise(project, "run", "--cores", "2")
    check_markdown((project.results / "results.md").read_text(encoding="utf-8"))
    check_plain((project.results / "summary.txt").read_text(encoding="utf-8"))
    for table in (project.results / "tables").glob("*.tex"):
        check_tex(table.read_text(encoding="utf-8"))
    check_html((project.results / "page.html").read_text(encoding="utf-8"))
    assert "Written to compared" in seedwise(project, "compare", "results/tiny", "results/tiny", "--out", "compared")
    assert not (project.folder / "owned").exists()
    for page in (project.results / "page.html", project.folder / "watch.html"):
        with visiting(browser, page) as visit:
            visit.page.on("dialog", lambda dialog: visit.messages.append(dialog.message))
            visit.page.wait_for_selector("body[data-ready]")
            assert "onerror" in visit.page.inner_text("h1")
            assert visit.page.locator("img, iframe, h1 i, del").count() == 0
            assert visit.messages == []
            assert visit.requests == []
