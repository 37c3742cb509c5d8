"""What the Snakefile uses of the package: pure functions, tested without Snakemake."""

import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from seedwise.config.resources import Resources
from seedwise.config.study import Study
from seedwise.trainers.command.user_environment import CHANGED, KEPT, OF_ANOTHER_RUN, user_environment
from seedwise.workflow import environment, internals, products
from seedwise.workflow.needs import gpus_of, job_needs, training_needs
from seedwise.workflow.params import by_variant, literal, literal_path
from tests.workflow.conftest import ROOT

WILDCARDS = SimpleNamespace(variant="a", seed="1")


def test_the_internals_that_are_used_are_those_of_the_pinned_version():
    pinned = re.search(r"^snakemake==(.*)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned[1] == internals.TESTED, "run tests/workflow with the new version, then change TESTED"


def test_only_one_file_touches_snakemakes_internals():
    used = re.compile(
        r"workflow\.(dag|modifier|output_settings|resource_settings|global_resources|overwrite_configfiles)"
    )
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("seedwise", "workflow")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".smk"} and used.search(path.read_text())
    }
    assert found == {"seedwise/workflow/internals.py"}


@pytest.mark.parametrize("value", ["plain", ["--folder", "a b"], 3, [], None])
def test_a_value_without_braces_stays_itself(value):
    assert literal(value) is value


def test_a_value_with_braces_is_no_pattern():
    assert literal(["--folder", "{x}"])(WILDCARDS) == ["--folder", "{x}"]
    assert literal_path("a{b}/c").format() == "a{b}/c"


def test_what_all_variants_share_is_no_function():
    assert by_variant({"a": 1, "b": 1}) == 1
    assert by_variant({"a": "x", "b": "y"})(WILDCARDS) == "x"
    assert by_variant({"a": "{x}"})(WILDCARDS) == "{x}"


def test_memory_and_time_grow_with_each_attempt_on_a_cluster_only():
    resources = Resources.model_validate(
        {"train_run": {"mem_mb": 1000, "runtime": 10, "gpu_slots": 2, "gpu_model": "a100"}}
    )
    assert job_needs(resources, "train_run", growing=False) == {"mem_mb": 1000, "runtime": 10}
    growing = job_needs(resources, "train_run", growing=True)
    assert [growing["mem_mb"](WILDCARDS, attempt) for attempt in (1, 2, 3)] == [1000, 2000, 3000]
    assert growing["runtime"](WILDCARDS, 2) == 20
    assert training_needs(resources, "train_run", 1, growing=False) == {
        **{"mem_mb": 1000, "runtime": 10},
        **{"gpu": 1, "gpu_slots": 2, "gpu_model": "a100"},
    }


def test_a_gpu_is_asked_for_where_a_run_trains_on_cuda():
    resources, never = Resources(), Resources.model_validate({"train_run": {"gpu": 0}})
    assert [gpus_of(resources, "train_run", device) for device in ("cuda", "cpu", "mps")] == [1, 0, 0]
    assert gpus_of(never, "train_run", "cuda") == 0


def study(**more):
    return Study.model_validate(
        {"study": "s", "title": "T", "seeds": [0], "variants": [{"name": "a"}, {"name": "b"}]}
        | {"analysis": {"baseline": "a"}, **more}
    )


def test_the_products_of_a_study_are_those_that_it_can_have():
    one = study(variants=[{"name": "a"}])
    assert products.tables(study()) == ["summary.csv", "comparisons.csv"]
    assert "tables/comparisons.tex" in products.paper_tables(study())
    assert "tables/comparisons.tex" not in products.paper_tables(one)
    assert products.figures(one) == [
        f"figures/{name}.{kind}" for name in ("means", "curves") for kind in ("png", "svg")
    ]
    pulled = study(runs={"from": "csv", "path": "runs.csv"})
    assert not any("curves" in figure for figure in products.figures(pulled))
    varied = study(variants=[{"name": "a"}, {"name": "b", "set": {"training.vary": ["init"]}}])
    assert "sources.csv" in products.tables(varied)


def test_folders_with_a_colon_can_be_imported_from(tmp_path, monkeypatch):
    package, home = tmp_path / "a:b", tmp_path / "c:d"
    package.mkdir()
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("PYTHONPATH", "before")
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.setenv("SEEDWISE_SCRIPTS", "")
    environment.prepare(tmp_path / "scripts", package)
    parts = environment.os.environ["PYTHONPATH"].split(":")
    assert parts == [".snakemake/seedwise/package", ".", "before"]
    assert (home / parts[0]).resolve() == package
    assert environment.os.environ["SEEDWISE_SCRIPTS"] == str(tmp_path / "scripts")


@pytest.fixture
def plain(tmp_path, monkeypatch):
    """A working folder, and variables that the test may change."""
    monkeypatch.chdir(tmp_path)
    for name, value in (("PATH", "/bin"), ("PYTHONPATH", "/mine"), ("SEEDWISE_SCRIPTS", ""), ("SEEDWISE_PROFILES", "")):
        monkeypatch.setenv(name, value)
    for name in CHANGED:
        monkeypatch.setenv(f"{KEPT}{name}", "")
        monkeypatch.delenv(f"{KEPT}{name}")  # set, so that it is removed again after the test
    return environment.os.environ


def test_the_users_own_variables_are_kept_however_often_the_snakefile_is_read(plain, tmp_path):
    for _ in range(2):
        environment.prepare(tmp_path / "workflow/scripts", tmp_path / "clone")
    assert (plain["SEEDWISE_USER_PATH"], plain["SEEDWISE_USER_PYTHONPATH"]) == ("/bin", "/mine")
    assert plain["PYTHONPATH"] == f"{tmp_path / 'clone'}:{tmp_path}:/mine"
    assert plain["SEEDWISE_PROFILES"] == str(tmp_path / "profiles")


def test_runs_are_no_part_of_the_tracked_run_in_which_seedwise_is_started(plain, tmp_path, monkeypatch):
    for name in (*OF_ANOTHER_RUN, "WANDB_RUN_GROUP"):
        monkeypatch.setenv(name, "another")
    for variables in (user_environment(), plain):  # also of programs that are tried without a workflow
        if variables is plain:
            environment.prepare(tmp_path / "workflow/scripts", tmp_path / "clone")
        assert not variables.keys() & {"WANDB_SERVICE", "WANDB_RUN_ID", "WANDB_SWEEP_PARAM_PATH", "MLFLOW_RUN_ID"}
        assert variables["WANDB_RUN_GROUP"] == "another"


def test_bash_is_as_it_comes_for_our_jobs_and_as_its_user_has_it_for_programs_and_other_workflows(plain, monkeypatch):
    monkeypatch.setenv("BASH_ENV", "mine.sh")
    environment.prepare(Path("workflow/scripts"), Path("clone"), alone=False)
    assert plain["BASH_ENV"] == "mine.sh"
    for _ in range(2):
        environment.prepare(Path("workflow/scripts").absolute(), Path("clone").absolute())
        assert "BASH_ENV" not in plain
        assert user_environment()["BASH_ENV"] == "mine.sh"


def test_without_a_path_that_of_the_system_is_searched(plain, tmp_path, monkeypatch):
    monkeypatch.delenv("PATH")
    environment.prepare(tmp_path / "workflow/scripts", tmp_path)
    assert plain["PATH"].split(":")[1:] == os.defpath.split(":")
    assert "PATH" not in user_environment()


def test_a_folder_of_installed_packages_is_not_put_on_the_path(plain, tmp_path, monkeypatch):
    packages = tmp_path / "site-packages"
    (packages / "seedwise").mkdir(parents=True)
    monkeypatch.setattr(environment.site, "getsitepackages", lambda: [str(packages)])
    environment.prepare(tmp_path / "workflow/scripts", packages, own_functions=False)
    assert plain["PYTHONPATH"] == "/mine"
    environment.prepare(tmp_path / "workflow/scripts", packages, own_functions=False, other_pythons=True)
    first, rest = plain["PYTHONPATH"].split(":")
    assert rest == "/mine"
    assert [path.name for path in (tmp_path / first).iterdir()] == ["seedwise"], "nothing else that is installed there"
    assert (tmp_path / first / "seedwise").resolve() == packages / "seedwise"


def test_jobs_find_python_where_only_python3_is_on_the_path(plain, tmp_path, monkeypatch):
    """As on Debian, or where `python` is another one."""
    for name in ("python3", "python"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(environment.sys, "executable", str(tmp_path / "python3"))
    environment.prepare(tmp_path / "workflow/scripts", tmp_path)
    assert subprocess.run(["/bin/sh", "-c", "python"], capture_output=True, text=True, check=True).stdout == "python3\n"


@pytest.mark.parametrize(
    ("study", "named"),
    [
        ({"dataset": {"name": "own:read"}}, True),
        ({"tracking": {"own.module:Tracker": {}}}, True),
        ({"variants": [{"set": {"training.augmentation": ["random_crop", "own:blur"]}}]}, True),
        ({"function": {"call": "own:run"}}, False),
        ({"dataset": {"name": "cifar10"}, "title": "Seeds: are three enough?", "seeds": [0, 1]}, False),
    ],
)
def test_functions_of_the_users_are_found_wherever_they_are_named(study, named):
    assert environment.names_functions(study) is named


@pytest.mark.parametrize(("limit", "stays"), [("100/1s", False), ("7/1s", True), ("100/1m", True)])
def test_only_the_limit_of_started_jobs_that_nobody_asked_for_is_lifted(limit, stays):
    limiter = JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit))
    workflow = SimpleNamespace(scheduler=SimpleNamespace(job_rate_limiter=limiter))
    internals.unlimit_rate(workflow)
    assert (workflow.scheduler.job_rate_limiter is limiter) == stays


class Chooser:
    """A scheduler that starts what fits into its cores, places and GPUs, and notes how many jobs it was asked about."""

    def __init__(self, limiter: object = None, **resources: int) -> None:
        self.resources = {"_cores": 4, "_nodes": 10**9, "gpu": 0, **resources}
        self.job_rate_limiter, self.asked = limiter, []

    def job_selector(self, jobs):
        self.asked.append(len(jobs))
        chosen = []
        for job in jobs:
            taken = {name: value for name, value in job.scheduler_resources.items() if name in self.resources}
            if all(self.resources[name] >= value for name, value in taken.items()):
                chosen.append(job)
                for name, value in taken.items():
                    self.resources[name] -= value
        return chosen

    def choose(self, jobs):
        workflow = SimpleNamespace(scheduler=self)
        internals.choose_in_parts(workflow, size=100)
        return workflow.scheduler.job_selector(jobs)


def ready(n, priority=0, **needs):
    needs = {"_cores": 1, "_nodes": 1, "runtime": 60, **needs}
    return [SimpleNamespace(priority=priority, scheduler_resources=needs) for _ in range(n)]


def test_of_thousands_of_ready_jobs_only_the_first_in_priority_are_weighed():
    jobs, first = ready(5000), ready(3, priority=1)
    scheduler = Chooser()
    chosen = scheduler.choose({id(job): job for job in [*jobs, *first]}.values())
    assert scheduler.asked == [100]
    assert len(chosen) == 4
    assert all(any(job is one for one in chosen) for job in first)


def test_jobs_that_do_not_fit_keep_none_waiting_that_do():
    scheduler = Chooser()
    chosen = scheduler.choose([*ready(500, priority=1, gpu=1), *ready(150)])
    assert len(chosen) == 4
    assert not any("gpu" in job.scheduler_resources for job in chosen)
    assert scheduler.asked == [100], "the others are not weighed"


def test_once_a_gpu_is_used_up_its_jobs_are_weighed_no_more():
    scheduler = Chooser(gpu=2, _cores=64)
    assert len(scheduler.choose(ready(5000, gpu=1))) == 2
    assert scheduler.asked == [100]


def test_a_cluster_gets_as_many_jobs_as_it_may_have():
    scheduler = Chooser(_cores=10**9, _nodes=250)
    assert len(scheduler.choose(ready(1000))) == 250
    assert scheduler.asked == [100, 100, 100]


@pytest.mark.parametrize(("n", "limiter"), [(100, None), (1000, object())])
def test_few_jobs_or_those_under_a_limit_of_the_users_are_weighed_together(n, limiter):
    scheduler = Chooser(limiter)
    assert len(scheduler.choose(ready(n))) == 4
    assert scheduler.asked == [n]
