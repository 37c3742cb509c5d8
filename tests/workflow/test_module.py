"""Another workflow imports this one: the examples of docs/module and docs/snakedeploy."""

import functools
import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
import yaml

from tests.workflow.conftest import LIMIT, ROOT, Project, environment, jobs, make_project

pytestmark = pytest.mark.slow

PROFILE = ("--workflow-profile", "../../profiles/default")


def importing(folder: Path, example: str) -> Project:
    """A clone of the workflow and in its docs an example that imports it, with the tiny study's data."""
    clone = make_project(folder / "clone")
    clone.config.unlink()
    home = clone.folder / "docs" / example
    shutil.copytree(ROOT / "docs" / example, home)
    for config in home.glob("**/config.yaml"):
        config.write_text(
            config.read_text().replace("{name: fashion_mnist, subset: 2000}", '{name: "tests.tiny:read"}')
        )
    return Project(home)


def test_a_workflow_runs_the_study_under_its_prefix_and_uses_the_results(tmp_path):
    outer = importing(tmp_path, "module")
    printed = outer.run(*PROFILE)
    assert jobs(printed)["seedwise_train_run"] == 4
    assert {path.name for path in outer.folder.glob("[!.]*")} == {
        "Snakefile",
        "config.yaml",
        "ablation",
        "logs",
        "paper",
    }
    study = outer.folder / "ablation/results/dropout"
    assert "Study `dropout` from `the importing workflow`" in (study / "results.md").read_text()
    assert (study / ".lock").exists()
    table = (outer.folder / "paper/table.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in table] == [["variant", "n"], ["baseline", "2"], ["dropout", "2"]]
    assert outer.planned(*PROFILE) == {}


def test_the_layout_of_snakedeploy(tmp_path):
    outer = importing(tmp_path, "snakedeploy")
    printed = outer.run("--dry-run", *PROFILE)
    assert jobs(printed)["train_run"] == 4
    assert " results/dropout/results.md, " in printed
    outer.edit("config/config.yaml", "epochs", "epoch")
    answer = outer.attempt("--dry-run", *PROFILE)
    assert 'config/config.yaml:5: training.epoch: unknown key; did you mean "epochs"?' in answer.stdout


def test_two_studies_in_one_workflow_keep_their_own_settings(tmp_path):
    outer = importing(tmp_path, "module")
    config = yaml.safe_load(outer.config.read_text())
    config["second"] = config["ablation"] | {"study": "second", "seeds": [0, 1, 2]}
    config["second"]["tracking"] = {"wandb": {"mode": "offline", "project": "elsewhere"}}
    outer.config.write_text(yaml.safe_dump(config))
    text = (outer.folder / "Snakefile").read_text()
    second = text[text.index("module seedwise") : text.index("# Snakemake calls")]
    second = second.replace("module seedwise", "module other").replace(
        "from seedwise as seedwise_*", "from other as other_*"
    )
    second = second.replace('config["ablation"]', 'config["second"]').replace('"ablation"', '"second"')
    (outer.folder / "Snakefile").write_text(text + second)
    printed = outer.run("--dry-run", "--printshellcmds", *PROFILE, "seedwise_all", "other_all")
    assert jobs(printed)["seedwise_train_run"] == 4
    assert jobs(printed)["other_train_run"] == 6
    assert printed.count("--context ablation/results/dropout/.context.json") == 4 + 2, "the runs, and their data"
    assert printed.count("--context second/results/second/.context.json") == 6 + 2
    for name, project in (("ablation/results/dropout", "ablation"), ("second/results/second", "elsewhere")):
        context = json.loads((outer.folder / name / ".context.json").read_text())
        assert context["tracking"]["wandb"]["project"] == project


def dry_run_from_a_host(folder: Path, python_path: Path) -> subprocess.CompletedProcess[str]:
    """Plan a study whose rules come from a server; the package is looked for in `python_path` first."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        outer = importing(folder, "snakedeploy")
        url = f"http://127.0.0.1:{server.server_address[1]}/Snakefile"
        outer.edit("workflow/Snakefile", "../../../workflow/Snakefile", url)
        answer = subprocess.run(
            outer.command("--dry-run", *PROFILE),
            cwd=outer.folder,
            env=environment() | {"PYTHONPATH": str(python_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        server.shutdown()
    return answer


def test_rules_from_a_host_use_the_installed_package(tmp_path):
    answer = dry_run_from_a_host(tmp_path, ROOT)
    assert jobs(answer.stdout)["train_run"] == 4


def test_rules_from_a_host_without_the_package_say_so(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/seedwise.py").touch()  # in place of the package
    answer = dry_run_from_a_host(tmp_path, tmp_path / "empty")
    assert answer.returncode != 0
    assert "needs the package of the same tag beside Snakemake: pip install git+https://" in answer.stdout
    assert "Traceback" not in answer.stdout
