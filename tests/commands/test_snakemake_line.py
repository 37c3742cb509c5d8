"""The command lines that `seedwise run` hands to Snakemake."""

import sys
from pathlib import Path

import pytest

from seedwise.basics.errors import UserError
from seedwise.commands import snakemake
from seedwise.commands.snakemake import command_line, environment

PROFILES = Path(__file__).parents[2] / "profiles"
STUDY = Path("my study.yaml")
DEFAULT = ["--workflow-profile", "none", "--scheduler", "greedy", "--rerun-incomplete", "--nolock", "--keep-going"]
DEFAULT += ["--show-failed-logs"]
"""What profiles/default sets, as options: Snakemake prints a line about each profile."""


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)


def options(*words):
    """What follows the study and the Snakefile."""
    line = command_line(STUDY, words)
    assert line[:7] == [
        *(sys.executable, "-P", str(snakemake.STARTER), "--configfile", "my study.yaml", "--snakefile"),
        str(PROFILES.parent / "Snakefile"),
    ]
    return line[7:]


def profile(name):
    return ["--workflow-profile", str(PROFILES / name)]


def test_by_default_all_cores_and_the_default_profile():
    assert options() == [*DEFAULT, "--cores", "filled"]
    assert options("runs", "-n") == [*DEFAULT, "--cores", "filled", "runs", "-n"]


@pytest.mark.parametrize("words", [["--cores", "2"], ["--cores=2"], ["-c2"], ["-c", "2"], ["-j", "2"], ["--jobs=2"]])
def test_a_limit_of_the_users_is_the_only_one(words):
    assert options(*words) == [*DEFAULT, *words]


@pytest.mark.parametrize("name", ["slurm", "slurm-groups", "cluster-generic", "kubernetes"])
@pytest.mark.parametrize("option", ["--workflow-profile", "--profile"])
def test_profiles_of_this_package_are_known_by_name_and_need_no_cores(name, option):
    assert options(option, name, "-n") == [option, str(PROFILES / name), "-n"]
    assert options(f"{option}={name}") == [f"{option}={PROFILES / name}"]


@pytest.mark.parametrize(
    ("place", "option", "name"),
    [
        ("profiles/slurm", "--workflow-profile", "slurm"),
        ("mine/slurm", "--workflow-profile", "mine/slurm"),
        ("config/snakemake/slurm", "--profile", "slurm"),
    ],
)
def test_a_profile_of_the_users_wins_and_its_limits_count(place, option, name):
    Path(place).mkdir(parents=True)
    (Path(place) / "config.v8+.yaml").write_text("executor: slurm\n")
    assert options(option, name) == ["--jobs", "100", option, name]
    (Path(place) / "config.v8+.yaml").write_text("cores: 3\n")
    assert options(option, name) == [option, name]
    (Path(place) / "config.v8+.yaml").write_text("keep-going: true\n")
    assert options(option, name) == ["--cores", "filled", option, name]


def test_the_limits_of_a_profile_that_the_environment_names_count_unless_another_is_given(monkeypatch):
    Path("mine").mkdir()
    Path("mine/config.yaml").write_text("cores: 1\n")
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "mine")
    assert options() == DEFAULT
    assert options("--profile", "none")[:2] == ["--cores", "filled"]
    Path("mine/config.yaml").write_text("executor: slurm\n")
    assert options() == [*DEFAULT, "--jobs", "100"]


def test_a_default_profile_of_the_users_is_used():
    Path("profiles/default").mkdir(parents=True)
    assert options()[:2] == ["--workflow-profile", "profiles/default"]


@pytest.mark.parametrize("words", [["--executor", "slurm"], ["--executor=slurm"], ["-e", "slurm"]])
def test_a_cluster_gets_a_number_of_jobs_and_not_of_cores(words):
    assert options(*words) == [*DEFAULT, "--jobs", "100", *words]
    assert options(*words, "-j5") == [*DEFAULT, *words, "-j5"]


def test_none_and_paths_are_left_to_snakemake():
    assert options("--workflow-profile", "none") == ["--cores", "filled", "--workflow-profile", "none"]
    assert options("--profile", "no/where")[-2:] == ["--profile", "no/where"]
    assert options("--profile")[-1:] == ["--profile"]


@pytest.mark.parametrize(
    ("name", "hint"), [("slrum", "; did you mean slurm\\?"), ("xyz", r"\. Profiles: cluster-generic, default, ")]
)
def test_an_unknown_profile(name, hint):
    with pytest.raises(UserError, match=f"^--workflow-profile {name}: no such profile{hint}"):
        options("--workflow-profile", name)


def test_without_snakemake_one_line_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r'^Snakemake is not installed: pip install "seedwise\[run\]"$'):
        command_line(STUDY, [])


def test_a_study_inside_a_run_of_another_does_not_inherit_its_variables(monkeypatch):
    monkeypatch.setenv("SEEDWISE_USER_PATH", "/outer")
    monkeypatch.setenv("MINE", "kept")
    found = environment(STUDY)
    assert "SEEDWISE_USER_PATH" not in found
    assert (found["MINE"], found["SEEDWISE_CALL"]) == ("kept", "my study.yaml")
