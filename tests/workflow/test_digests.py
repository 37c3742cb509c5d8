"""What rules and runs depend on: each module of the package in turn, against what Python itself says is imported."""

import ast
import json
import modulefinder
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.basics.code_digest import CodeFiles, combine, is_within
from seedwise.config.study import Study
from seedwise.trainers.image_classifier import trainer
from seedwise.trainers.image_classifier.datasets import DATASETS, identity
from seedwise.workflow.digests import Digests

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.stem for path in (ROOT / "workflow/scripts").glob("*.py"))
OF_DATA = ("fetch_data", "prepare_data", "train_run")
"""Scripts whose rules depend on no code of their own but on the digests of data and of runs."""
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "seedwise").rglob("*.py"))
RUN = trainer.TRAINING


def study(dataset="fashion_mnist", **model):
    return Study.model_validate(
        {
            "study": "s",
            "title": "A study",
            "dataset": {"name": dataset},
            "model": model,
            "variants": [{"name": "a"}],
            "seeds": [0],
            "analysis": {"baseline": "a"},
        }
    )


@pytest.fixture(scope="module")
def code():
    return CodeFiles({ROOT: "seedwise"})


def imported(code, *entries, without=()):
    return {code.name(file) for file in code.imported([ROOT / entry for entry in entries], without)}


def modules_of(script):
    """Modules of the package that Python's own module finder reaches from a script."""
    finder = modulefinder.ModuleFinder(path=[str(ROOT)])
    finder.run_script(str(ROOT / f"workflow/scripts/{script}.py"))
    files = [Path(module.__file__) for module in finder.modules.values() if module.__file__]
    return {file.relative_to(ROOT).as_posix() for file in files if file.is_relative_to(ROOT / "seedwise")}


# Imports what is installed once, and forks a child per script, which imports of the package what the script does.
LOADED = """
import contextlib, importlib.util, json, os, sys
root, scripts, installed = json.load(sys.stdin)
sys.path.insert(0, root)
for name in installed:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
assert not any(name.startswith("seedwise") for name in sys.modules)
for script in scripts:
    child = os.fork()
    if child == 0:
        spec = importlib.util.spec_from_file_location("script", f"{root}/workflow/scripts/{script}.py")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        files = [module.__file__ for name, module in list(sys.modules.items()) if name.startswith("seedwise")]
        print(json.dumps([script, files]), flush=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, script
"""
INSTALLED = ["numpy", "pandas", "scipy.stats", "matplotlib.figure", "pydantic", "yaml", "jinja2"]


@pytest.fixture(scope="module")
def loaded():
    """The modules of the package that each script loads as soon as it is imported."""
    answer = subprocess.run(
        [sys.executable, "-c", LOADED],
        input=json.dumps([str(ROOT), SCRIPTS, INSTALLED]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = dict(map(json.loads, answer.stdout.splitlines()))
    return {script: {Path(file).relative_to(ROOT).as_posix() for file in files} for script, files in found.items()}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_scripts_digest_covers_what_it_imports_and_nothing_else(code, loaded, script):
    ours = {name for name in imported(code, f"workflow/scripts/{script}.py") if name.endswith(".py")}
    ours.discard(f"workflow/scripts/{script}.py")
    assert ours <= modules_of(script)
    assert loaded[script]
    assert loaded[script] <= ours, "the module is imported at once but not covered"


def test_a_script_that_is_imported_lazily_is_covered(code):
    covered = imported(code, "workflow/scripts/train_run.py")
    assert RUN in covered, "train_run imports it inside a function"


@pytest.fixture
def copy(tmp_path):
    """The package and the scripts, to edit."""
    folder = tmp_path / "copy"
    for part in ("seedwise", "workflow/scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def all_digests(folder):
    """The digest of each rule's script, of runs, and of the data of each dataset."""
    digests = Digests(folder, folder / "workflow/scripts", folder)
    found = {script: digests.script(script) for script in SCRIPTS if script not in OF_DATA}
    found["runs"] = combine(digests.runs(study())["a"])
    for name in DATASETS:
        found[f"data of {name}"] = digests.data(study(name)).digest
    digests.save()
    return found


def users_of(code):
    """Which of `all_digests` use each module, from the imports of the untouched package."""
    rules = [script for script in SCRIPTS if script not in OF_DATA]
    users = {script: imported(code, f"workflow/scripts/{script}.py") for script in rules}
    package = trainer.PACKAGE
    users["runs"] = imported(code, RUN, without=trainer.HARMLESS_TO_RUNS)
    for name, known in DATASETS.items():
        module = f"{package}/datasets/{known.module}.py"
        users[f"data of {name}"] = imported(code, identity.READING, module, without=identity.HARMLESS_TO_DATA)
    return users


@pytest.mark.slow
def test_editing_a_module_reruns_exactly_what_uses_it(copy, code):
    before, users = all_digests(copy), users_of(code)
    unused = set()
    for module in MODULES:
        path = copy / module
        text = path.read_text()
        path.write_text(text + "\n\nedited = True\n")
        changed = {name for name, digest in all_digests(copy).items() if digest != before[name]}
        assert changed == {name for name, used in users.items() if module in used}, module
        path.write_text(text)
        if not changed:
            unused.add(module)
    # What no rule runs: the command line, what the Snakefile itself imports, and what makes generated files.
    left = sorted(name for name in unused if not is_within(name, UNUSED))
    assert left == [], "\n".join(left)


class WithoutDocstrings(ast.NodeTransformer):
    """Replaces every bare string by another one."""

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return ast.copy_location(ast.Expr(ast.Constant("Said differently.")), node)
        return node


@pytest.mark.slow
def test_comments_docstrings_and_another_formatting_rerun_nothing(copy):
    before = all_digests(copy)
    for module in [*MODULES, *(f"workflow/scripts/{script}.py" for script in SCRIPTS)]:
        path = copy / module
        tree = WithoutDocstrings().visit(ast.parse(path.read_text()))
        # Python's own writing of the syntax tree: no comments, other line breaks, other quotes.
        path.write_text(f"# Another writing of the same.\n{ast.unparse(tree)}\n\n\n# The end.\n")
    assert all_digests(copy) == before


UNUSED = (
    "seedwise/basics/signatures.py",
    "seedwise/basics/streams.py",
    "seedwise/call.py",
    "seedwise/cli.py",
    "seedwise/commands",
    "seedwise/workflow",
    "seedwise/config/last_study.py",
    "seedwise/config/reference.py",
    "seedwise/config/schema.py",
    "seedwise/progress/banner.py",
    "seedwise/progress/display.py",
    "seedwise/progress/failures.py",
    "seedwise/progress/quiet.py",
    "seedwise/progress/session.py",
    "seedwise/progress/table.py",
    "seedwise/progress/terminal.py",
    "seedwise/sources/candidates.py",
    "seedwise/report/reproduction.py",
    "seedwise/report/text/terminal.py",
    "seedwise/runs/turns.py",
    "seedwise/basics/interrupts.py",
    "seedwise/basics/command_line.py",
    "seedwise/tracking/preloaded_wandb.py",
    "seedwise/watch",
    "seedwise/verification",  # what follows is for verify, register, gate and the schema
    "seedwise/registration/tags.py",
    "seedwise/report/findings_schema.py",
    "seedwise/report/gate.py",
    "seedwise/report/gate_formats.py",
    "seedwise/basics/questions.py",
    "seedwise/registration/change.py",
    "seedwise/table.py",  # what follows is for `analyse`: tables and evaluations
    "seedwise/analysis/from_table.py",
    "seedwise/analysis/result.py",
    "seedwise/analysis/prospects.py",
    "seedwise/analysis/spread.py",
    "seedwise/analysis/forecast.py",  # what follows is for init, check, try and --revisions
    "seedwise/trainers/command/importing.py",
    "seedwise/trainers/command/outputs/proposals.py",
    "seedwise/trainers/command/recognition.py",
    "seedwise/trainers/command/traces.py",
    "seedwise/trainers/command/trial.py",
    "seedwise/config/draft.py",
    "seedwise/config/revisions.py",
    "seedwise/progress/same_numbers.py",
    f"{trainer.PACKAGE}/datasets/fetching.py",  # raw files are checked, or digested
    f"{trainer.PACKAGE}/training/provenance.py",  # these describe a run
)


def test_no_module_of_the_package_is_loaded_by_a_name_that_no_digest_can_see():
    loading = {
        module: re.findall(r"import_module\(.*|__import__\(.*", (ROOT / module).read_text()) for module in MODULES
    }
    assert {module for module, found in loading.items() if found} == {
        "seedwise/call.py",  # a user's program: its code has a digest of its own
        "seedwise/cli.py",  # the command line, which no rule calls
        "seedwise/basics/plugins.py",  # the user's functions: covered by name
        "seedwise/workflow/fork_server.py",  # scripts, and what they import themselves
        "seedwise/statistics/__init__.py",  # for users; the package itself names the module
        f"{trainer.PACKAGE}/datasets/registry.py",  # datasets: covered by name
        f"{trainer.PACKAGE}/training/pretrained.py",  # an installed package
    }
    assert not any("from seedwise.statistics import" in (ROOT / module).read_text() for module in MODULES)


def test_all_that_training_imports_is_covered_or_harmless_for_a_reason(code):
    script, harmless = "workflow/scripts/train_run.py", trainer.HARMLESS_TO_RUNS
    everything, covered = imported(code, script) - {script}, imported(code, RUN, without=harmless)
    forgotten = {name for name in everything - covered if not is_within(name, harmless)}
    assert forgotten == set(), "list it in HARMLESS_TO_RUNS with its reason, or let training depend on it"
    assert all(harmless.values())


def test_all_that_prepares_data_is_covered_or_harmless_for_a_reason(code):
    script = "workflow/scripts/prepare_data.py"
    covered = imported(code, identity.READING, without=identity.HARMLESS_TO_DATA)
    everything = imported(code, script) - {script}
    forgotten = {name for name in everything - covered if not is_within(name, identity.HARMLESS_TO_DATA)}
    assert forgotten == set(), "list it in HARMLESS_TO_DATA with its reason, or let data depend on it"


def test_nothing_is_called_harmless_that_is_not_imported(code):
    datasets = [f"{trainer.PACKAGE}/datasets/{known.module}.py" for known in DATASETS.values()]
    for entries, harmless in (
        (["workflow/scripts/train_run.py"], trainer.HARMLESS_TO_RUNS),
        (["workflow/scripts/prepare_data.py", *datasets], identity.HARMLESS_TO_DATA),
    ):
        used = imported(code, *entries)
        assert [place for place in harmless if not any(is_within(name, [place]) for name in used)] == []


def test_the_code_that_decides_the_precision_decides_a_runs_numbers(code):
    covered = imported(code, RUN, without=trainer.HARMLESS_TO_RUNS)
    assert {"seedwise/runs/cpu.py", f"{trainer.PACKAGE}/training/precision.py"} <= covered
    assert f"{trainer.PACKAGE}/training/lr_finder.py" not in covered
    assert not any("datasets/oxford_pet" in name for name in covered)
