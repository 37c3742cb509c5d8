"""The repository deployed by the real snakedeploy from a tag, as Snakemake's workflow catalogue says, and then run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.installed.conftest import LIMIT, ROOT, Installed, plain_environment, run
from tests.installed.test_installed_study import IMAGES, STUDY
from tests.workflow.conftest import jobs

pytestmark = pytest.mark.slow
ADDRESS = "https://github.com/owner/seedwise"  # of nobody: git is told to read the copy below in its place
TAG = "v9.9.9"
PROGRAMS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


@dataclass(frozen=True)
class Host:
    """A git repository with the working tree as a release, and the variables that put it in the place of a host."""

    environment: dict[str, str]

    def deploy(self, folder: Path) -> Path:
        """Deploy the workflow into a new folder of a user's."""
        program = shutil.which("snakedeploy", path=PROGRAMS)
        if not program:
            pytest.skip("there is no snakedeploy; make test installs it")
        answer = run([program, "deploy-workflow", ADDRESS, "mine", "--tag", TAG], folder, **self.environment)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return folder / "mine"

    def snakemake(self, python: Path, folder: Path, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the deployed workflow with the Snakemake beside a Python."""
        command = [python, "-m", "snakemake", "--cores", "2", *options]
        return run(command, folder, **self.environment, **more)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a clone of git's")
    folder = tmp_path_factory.mktemp("host")
    for name in filter(None, listed.stdout.split("\0")):
        if not name.startswith(("results/", "tests/", "docs/", ".venv")) and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "Release"], ["tag", TAG]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, env=plain_environment(), timeout=LIMIT)
    environment = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{folder.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        "GITHUB_TOKEN": "",  # Snakemake would write it into the address
    }
    return Host(environment)


def test_the_deployed_workflow_runs_as_it_is_and_then_a_study_of_the_users(
    host: Host, installed: Installed, tmp_path: Path
) -> None:
    mine = host.deploy(tmp_path)
    assert (mine / "config/config.yaml").read_bytes() == (ROOT / "config.yaml").read_bytes()
    assert not (mine / "config/config.yaml").is_symlink()
    assert (
        f'github("owner/seedwise", path="workflow/Snakefile", tag="{TAG}")' in (mine / "workflow/Snakefile").read_text()
    )
    shipped = host.snakemake(installed.python, mine, "--dry-run")
    assert shipped.returncode == 0, shipped.stdout + shipped.stderr
    assert jobs(shipped.stdout)["train_run"] == 9

    (mine / "config/config.yaml").write_text(STUDY)
    (mine / "images.py").write_text(IMAGES)
    shutil.copy2(ROOT / "tests/fashion_mnist_600_300.npz", mine / "images.npz")
    page = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    hooks = re.search(r"^```python\n(onstart:.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert hooks is not None
    with (mine / "workflow/Snakefile").open("a") as stream:
        stream.write("\n" + hooks[1])
    answer = host.snakemake(installed.python, mine)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (mine / "results/tiny/.lock").exists()
    assert "Read results/tiny/results.md" in answer.stderr
    assert "Study `tiny` from `config/config.yaml`" in (mine / "results/tiny/results.md").read_text()
    assert "Nothing to be done" in host.snakemake(installed.python, mine, "--dry-run").stdout

    (mine / "config/config.yaml").write_text(STUDY.replace("epochs", "epoch"))
    mistaken = host.snakemake(installed.python, mine, "--dry-run")
    assert 'config/config.yaml:4: training.epoch: unknown key; did you mean "epochs"?' in mistaken.stderr


def test_a_deployed_workflow_without_the_package_says_so(host: Host, tmp_path: Path) -> None:
    mine = host.deploy(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/seedwise.py").touch()  # in place of the package
    python = Path(sys.executable)
    answer = host.snakemake(python, mine, "--dry-run", PYTHONPATH=str(tmp_path / "empty"))
    assert answer.returncode != 0
    assert "needs the package of the same tag beside Snakemake: pip install git+https://" in answer.stderr
    assert "Traceback" not in answer.stderr
