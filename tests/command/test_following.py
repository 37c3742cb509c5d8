"""Which Python files a command reaches, and when all of them count because that cannot be told."""

import sys

import pytest

from seedwise.trainers.command.following import reach
from seedwise.trainers.command.sources import code_digests, program_files
from tests.command.projects import put, repository

PROJECT = {
    "train.py": "import argparse\nfrom models import net\nimport scale\n",
    "scale.py": "def size():\n    from lib import deep\n",
    "lib/deep.py": "",
    "models/__init__.py": "",
    "models/net.py": "from .blocks import Block\nfrom ..common import x\n",
    "models/blocks.py": "",
    "models/unused.py": "",
    "common.py": "",
    "plot.py": "import scale\n",
    "src/package/__init__.py": "",
    "src/package/main.py": "from package.data import load\n",
    "src/package/data.py": "",
    "src/package/other.py": "",
    "run.sh": "python train.py\n",
}
TRAIN = {"train.py", "scale.py", "lib/deep.py", "models/__init__.py", "models/net.py", "models/blocks.py", "common.py"}


@pytest.fixture
def folder(tmp_path):
    for name, text in PROJECT.items():
        put(tmp_path, name, text)
    return tmp_path


def reached(folder, command):
    sources = [file.relative_to(folder).as_posix() for file in folder.rglob("*.*") if file.is_file()]
    words = command.split() if isinstance(command, str) else command
    return reach(folder, sources, words)


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --lr {lr} {args}",
        "python3.11 -u -X dev ./train.py",
        "python -X dev -m cProfile -o profile train.py",
        "python train.py -m resnet -c 3",
        "/usr/bin/python {folder}/train.py",
        "env A=1 nice -n 5 timeout 60 python train.py",
        "uv run --extra gpu train.py",
        "conda run -n mine python train.py",
        "torchrun --nproc_per_node 2 train.py",
        "accelerate launch train.py",
        "python -m torch.distributed.run train.py",
        "python -m train",
        "python -m seedwise.call train:run {settings}",
        "./train.py",
    ],
)
def test_what_a_program_imports_is_reached_and_nothing_else(folder, command):
    assert reached(folder, command.replace("{folder}", str(folder))).names == TRAIN


def test_a_package_is_found_wherever_its_folder_is(folder):
    """PYTHONPATH=src, an editable install, sys.path.append: all of these decide at run time."""
    expected = {f"src/package/{name}.py" for name in ("__init__", "main", "data")}
    assert reached(folder, "python -m package.main").names == expected
    assert reached(folder, "python src/package/main.py").names == expected
    assert reached(folder, "python -m seedwise.call package.main:run {settings}").names == expected
    put(folder, "src/package/__main__.py", "from package import main\n")
    assert reached(folder, "python -m package").names == expected | {"src/package/__main__.py"}


@pytest.mark.parametrize(
    "command",
    [
        "bash run.sh",
        "sh -c 'python train.py'",
        ["python", "-c", "import train"],
        ["python", "-uc", "import train"],
        "mytool --plugin train.py",
        "uv run mytool train.py",
        "python -m mytool train.py",
        "python -m pytest train.py",
        "python models",
        "python train.py --code models",
        "python train.py --code .",
        "python train.py --start run.sh",
        "python",
        "make train.py",
        "python {folder}/train.py scale.py",
        "python ../train.py scale.py",
        "python -m {module} scale.py",
        [],
    ],
)
def test_where_a_command_cannot_be_followed_all_files_count(folder, command):
    found = reached(folder, command)
    assert found.names is None
    assert found.why


@pytest.mark.parametrize(
    "line",
    [
        "import importlib",
        "from importlib import import_module",
        "import importlib.util as u",
        "import subprocess as s",
        "from hydra.utils import instantiate",
        "__import__('x')",
        "exec(open('x').read())",
        "eval('x')",
        "import os\nos.system('x')",
        "from os import execvp",
        "from pytorch_lightning.cli import LightningCLI",
        "files = sorted(p.glob('*.py'))",
        "name = f'{kind}_model.py'",
        "name = '%s.py' % kind",
        "name = kind + '_net.py'",
        "print 'Python 2'",
    ],
)
def test_where_code_can_reach_what_it_does_not_name_all_files_count(folder, line):
    put(folder, "models/blocks.py", f"x = 1\n{line}\n")
    found = reached(folder, "python train.py")
    assert found.names is None
    assert found.why.startswith("models/blocks.py ")
    put(folder, "models/blocks.py", "")
    put(folder, "models/unused.py", line)
    assert reached(folder, "python train.py").names == TRAIN, "only what is reached decides"


@pytest.mark.parametrize(
    "line",
    [
        "from importlib import metadata, resources",
        "import importlib.metadata",
        "import os, sys, multiprocessing, asyncio, platform\nsys.path.append('lib')\nplatform.system(); os.getpid()",
        "import re\nre.compile('x'); model.eval()",
        '"""Made with plot.py and *.py."""',
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import plot",
        "# import plot",
    ],
)
def test_what_reaches_no_file_adds_none(folder, line):
    put(folder, "models/blocks.py", f"{line}\n")
    assert reached(folder, "python train.py").names == TRAIN


@pytest.mark.parametrize("text", ["x = 'plot.py'", "x = 'plot.Figure'", "x = 'plot:main'", "if x:\n    import plot"])
def test_files_that_code_names_are_reached(folder, text):
    put(folder, "models/blocks.py", f"{text}\n")
    assert reached(folder, "python train.py").names == TRAIN | {"plot.py"}


def test_files_that_settings_and_configuration_name_are_reached(folder):
    assert reached(folder, "python train.py plot.py").names == TRAIN | {"plot.py"}
    assert reached(folder, ["python", "train.py", "models.unused.Net"]).names == TRAIN | {"models/unused.py"}
    put(folder, "conf/model.yaml", "_target_: package.other.Net\n")
    added = {"src/package/__init__.py", "src/package/other.py"}
    assert reached(folder, "python train.py").names == TRAIN | added


def test_a_star_import_reaches_all_modules_of_a_package(folder):
    put(folder, "models/net.py", "")
    put(folder, "train.py", "from models import *\n")
    expected = {"train.py", *(f"models/{name}.py" for name in ("__init__", "net", "blocks", "unused"))}
    assert reached(folder, "python train.py").names == expected


def test_what_python_imports_by_itself_is_reached(folder):
    put(folder, "sitecustomize.py")
    assert "sitecustomize.py" in reached(folder, "python train.py").names


def test_a_file_that_nothing_imports_outdates_no_run_and_an_imported_one_does(folder):
    """As the user's git has them; a second start parses nothing."""
    repository(folder)

    def digests():
        return code_digests(folder, program_files(folder, None, [sys.executable, "train.py"]).files, None, None)

    before = digests()
    assert set(before) == TRAIN | {"run.sh"}
    put(folder, "notes.py", "x = 1")
    put(folder, "plot.py", "x = 2")
    assert digests() == before
    put(folder, "models/blocks.py", "x = 3")
    assert {name for name, digest in digests().items() if digest != before[name]} == {"models/blocks.py"}


def test_outlines_are_kept_by_content(folder, tmp_path, monkeypatch):
    cache, sources = tmp_path / "cache.json", list(PROJECT)
    before = reach(folder, sources, ["python", "train.py"], cache)
    monkeypatch.setattr("seedwise.trainers.command.following._outline", lambda file: pytest.fail(f"parsed {file}"))
    assert reach(folder, sources, ["python", "train.py"], cache) == before
    monkeypatch.undo()
    for content in ("", "{", "[]", '{"a": 1}'):
        cache.write_text(content)
        assert reach(folder, sources, ["python", "train.py"], cache) == before
