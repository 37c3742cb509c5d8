"""The conda environments: pinned like requirements.txt, and enough for the rules that name them.

No conda is needed: every job of a whole study runs with the packages blocked that its environment does not have.
"""

import json
import re

import pytest
import yaml

from tests.workflow.conftest import ROOT

IMPORTED_AS = {"pyyaml": "yaml", "matplotlib-base": "matplotlib", "matplotlib": "matplotlib"}
IMPORTED_AS |= {"markdown-it-py": "markdown_it", "vl-convert-python": "vl_convert"}
RULE = re.compile(r'conda:\s+conda_environment\("(\w+)"\).*?"\$SEEDWISE_SCRIPTS"/(\w+)\.py', re.DOTALL)
BLOCK = """\
import sys
from importlib.machinery import PathFinder
from pathlib import Path
script = Path(next((part for part in sys.orig_argv if part.endswith(".py")), "")).stem
blocked = {blocked}.get(script, ())
class Limited(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in blocked else PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Limited
"""


def pins(file):
    """Package and version of each line of a requirements file."""
    lines = (ROOT / file).read_text().splitlines()
    return dict(line.lower().split("==") for line in lines if "==" in line)


def environment(file):
    """Package and version of everything that a conda environment lists, conda's and pip's."""
    listed = yaml.safe_load((ROOT / file).read_text())["dependencies"]
    from_pip = next((entry["pip"] for entry in listed if isinstance(entry, dict)), [])
    texts = [entry for entry in listed if isinstance(entry, str)] + from_pip
    parts = [re.match(r"([\w-]+)\s*=*\s*([\d.]*)", text.lower()).groups() for text in texts]
    return {name: version for name, version in parts if name not in {"python", "pip"}}


def environments_by_script():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
    return {script: f"envs/{name}.yaml" for name, script in RULE.findall(text)}


@pytest.mark.parametrize("file", sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "envs").glob("*.yaml")))
def test_conda_environments_have_the_pinned_versions(file):
    pinned = {name: version for path in ROOT.glob("requirements*.txt") for name, version in pins(path.name).items()}
    for name, version in environment(file).items():
        assert version == pinned[name.removesuffix("-base")], name


@pytest.mark.slow
def test_every_job_gets_by_with_the_packages_of_its_environment(fresh):
    scripts = environments_by_script()
    assert {"train_run", "analyse_study", "plot_figures", "render_report", "render_page"} <= set(scripts)
    everything = {IMPORTED_AS.get(name, name) for name in pins("requirements.txt")}
    blocked = {
        script: sorted(everything - {IMPORTED_AS.get(name, name) for name in environment(file)})
        for script, file in scripts.items()
    }
    assert "torch" in blocked["analyse_study"]
    assert "scipy" in blocked["train_run"]
    # Jobs, but not Snakemake itself, look for modules in the working directory.
    (fresh.folder / "sitecustomize.py").write_text(BLOCK.format(blocked=json.dumps(blocked)))
    answer = fresh.type()
    assert answer.returncode == 0, answer.stdout
    assert (fresh.results / "results.md").exists()
