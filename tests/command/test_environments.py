"""The environment of a program is found before its first run, and its digest changes with its packages only."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.trainers.command import interpreters
from seedwise.trainers.command.environments import EnvironmentSettings, prepare, program_of, resolve
from tests.command.environments import install, make, path, script, site
from tests.command.projects import put

PYTHON = Path(sys.executable).resolve()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    folder = tmp_path / "project"
    put(folder, "train.py")
    return folder


@pytest.fixture
def environment(folder):
    made = make(folder / ".venv")
    install(made, "NumPy", "2.0")
    install(made, "my-own.thing", "1")
    return made


def by_venv(folder, program="python", cache=None, venv=".venv", **more):
    return resolve(EnvironmentSettings(venv=venv, **more), folder, program, "/usr/bin:/bin", cache=cache)


def error(function, *arguments, **more):
    with pytest.raises(UserError) as raised:
        function(*arguments, **more)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "need one of venv, conda and uv, or lock"),
        ({"lock": "a.txt", "ignore": ("black",)}, "nothing to ignore: lock alone decides"),
        ({"uv": ".", "ignore": ("black",)}, "nothing to ignore: uv.lock alone decides"),
        ({"venv": "a", "uv": "b"}, "found venv and uv; need one of"),
        ({"venv": ""}, "at least 1 character"),
        ({"vnv": "a"}, "Extra inputs"),
    ],
)
def test_exactly_one_kind_of_environment_is_named(given, message):
    with pytest.raises(ValidationError, match=message):
        EnvironmentSettings(**given)


def test_by_default_the_program_on_path_runs(folder, environment):
    found = resolve(None, folder, "python", path(environment / "bin"))
    assert found.interpreter == found.program == environment / "bin" / "python"
    assert found.packages == {"numpy": "2.0", "my-own-thing": "1"}
    assert found.versions == {"python": sys.version.split()[0], "numpy": "2.0"}
    assert found.applied({"A": "1"}) == {"A": "1"}
    assert found.prefix == ()


def test_a_virtual_environment_comes_first_on_path(folder, environment):
    found = by_venv(folder)
    variables = found.applied({"PYTHONHOME": "/x", "A": "1", "PATH": "/y"})
    assert variables == {"A": "1", "VIRTUAL_ENV": str(environment), "PATH": f"{environment}/bin:/usr/bin:/bin"}
    answer = subprocess.run(
        ["python", "-c", "import sys; print(sys.prefix)"], env=variables, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == str(environment)
    assert found.digest == resolve(None, folder, "python", path(environment / "bin")).digest


def test_paths_are_relative_to_the_study(folder, environment, tmp_path):
    settings = EnvironmentSettings(venv="project/.venv")
    assert resolve(settings, folder, "python", "/bin", base=tmp_path).interpreter == environment / "bin" / "python"


def test_a_package_changes_the_digest_and_what_only_installs_does_not(folder, environment, tmp_path):
    cache = tmp_path / "cache.json"

    def digest():
        found = by_venv(folder, cache=cache)
        assert found.digest == by_venv(folder).digest
        return found.digest

    before = digest()
    for name in ("pip", "setuptools", "wheel", "seedwise"):
        install(environment, name, "99")
    assert digest() == before
    info = install(environment, "torch", "2.1")
    added = digest()
    shutil.rmtree(info)
    assert digest() == before
    install(environment, "torch", "2.2")
    assert len({before, added, digest()}) == 3


def test_packages_that_a_study_ignores_change_no_digest_whenever_they_come(folder, environment):
    before = by_venv(folder)
    install(environment, "My.Tool", "1.0")
    ignoring = by_venv(folder, ignore=("my_tool", "numpy"))
    assert by_venv(folder, ignore=("my-tool",)).digest == before.digest != by_venv(folder).digest
    assert "my-tool" not in ignoring.packages
    assert ignoring.versions["numpy"] == "2.0", "the record still names it"
    on_path = EnvironmentSettings(ignore=("my-tool", "numpy"))
    assert resolve(on_path, folder, "python", path(environment / "bin")).digest == ignoring.digest


def test_the_metadata_of_a_package_may_be_broken(folder, environment):
    before = by_venv(folder).digest
    (site(environment) / "broken-1.dist-info").mkdir()
    (site(environment) / "~ip-1.dist-info").mkdir()
    assert by_venv(folder).digest == before


def test_of_a_local_folder_the_files_count_and_of_a_repository_the_commit(folder, environment):
    def digest(origin, record=""):
        info = install(environment, "own", "1", direct_url_json=json.dumps(origin), RECORD=record)
        found = by_venv(folder)
        shutil.rmtree(info)
        return found.digest

    local = {"url": "file:///src/own", "dir_info": {}}
    assert digest(local, "own.py,sha256=a,1") == digest(local, "own.py,sha256=a,1\nown-1.dist-info/RECORD,,")
    assert digest(local, "own.py,sha256=a,1") != digest(local, "own.py,sha256=b,1")
    repository = {"url": "https://x/y", "vcs_info": {"vcs": "git", "commit_id": "a" * 40}}
    assert digest(repository) != digest({**repository, "vcs_info": {"vcs": "git", "commit_id": "b" * 40}})


def test_editable_installs_count_by_version_and_their_folders_are_known(folder, environment, tmp_path):
    source = tmp_path / "with space" / "src"
    put(source, "own.py", "x = 1")
    origin = {"url": source.parent.as_uri(), "dir_info": {"editable": True}}
    install(environment, "own", "1", direct_url_json=json.dumps(origin))
    (site(environment) / "own.pth").write_text(f"{source}\n")
    found = by_venv(folder)
    assert set(found.editable) == {source, source.parent}
    put(source, "own.py", "x = 2")
    assert by_venv(folder).digest == found.digest


def test_an_old_editable_install_is_noticed_when_its_version_changes(folder, environment, tmp_path):
    source, cache = tmp_path / "src", tmp_path / "cache.json"
    put(source, "own.egg-info/PKG-INFO", "Metadata-Version: 2.1\nName: own\nVersion: 1\n")
    (site(environment) / "easy-install.pth").write_text(f"{source}\n")
    before = by_venv(folder, cache=cache)
    assert before.packages["own"] == "1"
    put(source, "own.egg-info/PKG-INFO", "Metadata-Version: 2.1\nName: own\nVersion: 1.1\n")
    assert by_venv(folder, cache=cache).packages["own"] == "1.1"


def test_a_second_start_asks_no_interpreter(folder, environment, tmp_path, monkeypatch):
    cache = tmp_path / "cache.json"
    before = by_venv(folder, cache=cache)
    monkeypatch.setattr(interpreters, "_ask", lambda *_: pytest.fail("asked"))
    assert by_venv(folder, cache=cache) == before


@pytest.mark.parametrize("content", ["", "[]", "null", "{", '{"KEY": 3}', '{"KEY": {"stamps": {}, "answer": []}}'])
def test_a_broken_cache_is_ignored(folder, environment, tmp_path, content):
    cache = tmp_path / "cache.json"
    before = by_venv(folder, cache=cache)
    (key,) = json.loads(cache.read_text())
    cache.write_text(content.replace("KEY", key))
    assert by_venv(folder, cache=cache) == before


def test_what_is_on_pythonpath_counts(folder, environment, tmp_path):
    before = by_venv(folder).digest
    put(tmp_path, "extra/thing-1.dist-info/METADATA", "Name: thing\nVersion: 1\n")
    settings = EnvironmentSettings(venv=".venv")
    found = resolve(settings, folder, "python", "/bin", environ={"PYTHONPATH": str(tmp_path / "extra")})
    assert found.packages["thing"] == "1"
    assert found.digest != before


@pytest.mark.parametrize("name", ["json.py", "importlib.py", "re.py", "platform.py"])
def test_a_file_of_the_user_with_the_name_of_a_standard_module_does_no_harm(folder, environment, name, monkeypatch):
    put(folder, name, "raise SystemExit('imported')")
    monkeypatch.chdir(folder)
    assert by_venv(folder).packages["numpy"] == "2.0"


def test_the_python_of_a_console_script_counts(folder, environment):
    script(environment, "torchrun")
    assert by_venv(folder, "torchrun").interpreter == environment / "bin" / "python"
    found = resolve(None, folder, "torchrun", path(environment / "bin"))
    assert found.digest == by_venv(folder).digest


@pytest.mark.parametrize(
    "first",
    [
        "#!/usr/bin/env python",
        "#!/usr/bin/env -S python -u",
        "#! {bin}/python",
        "#!/bin/sh\n'''exec' \"{bin}/python\" \"$0\" \"$@\"\n' '''",
        "#!/bin/sh\n'''exec' {bin}/python \"$0\" \"$@\"\n' '''",
    ],
)
def test_every_form_of_a_first_line_is_read(folder, environment, first):
    script(environment, "tool", first.format(bin=environment / "bin"))
    assert by_venv(folder, "tool").interpreter == environment / "bin" / "python"


def test_a_script_in_the_folder_can_be_the_program(folder, environment):
    put(folder, "run", "#!/usr/bin/env python\n").chmod(0o755)
    assert by_venv(folder, "./run").interpreter == environment / "bin" / "python"


@pytest.mark.parametrize("first", ["#!/bin/sh", "", "#!", "#!'", "#!/usr/bin/env", "#!/usr/bin/env bash"])
def test_a_program_in_another_language_has_no_interpreter_and_no_digest(folder, tmp_path, first):
    script(tmp_path, "tool", first)
    found = resolve(None, folder, "tool", path(tmp_path / "bin"))
    assert (found.interpreter, found.digest, found.versions) == (None, "", {})


def test_in_a_virtual_environment_its_packages_count_for_a_shell_script_too(folder, environment):
    found = by_venv(folder, "sh")
    assert found.interpreter is None
    assert found.digest == by_venv(folder).digest


@pytest.mark.parametrize(("program", "lock"), [("uv", "uv.lock"), ("poetry", "poetry.lock"), ("Rscript", "renv.lock")])
def test_of_programs_that_obey_a_lock_file_it_is_the_digest(folder, tmp_path, program, lock):
    # poetry's own Python is not that of the program it starts
    script(tmp_path, program, "#!/bin/sh" if program == "Rscript" else f"#!{PYTHON}")
    inner = folder / "examples"
    inner.mkdir()
    put(folder, lock, "1")
    before = resolve(None, inner, program, path(tmp_path / "bin"))
    put(folder, lock, "2")
    assert "" not in {before.digest, resolve(None, inner, program, path(tmp_path / "bin")).digest}
    assert before.digest != resolve(None, inner, program, path(tmp_path / "bin")).digest


def test_a_lock_file_that_is_named_is_all_that_counts(folder, environment):
    put(folder, "requirements.txt", "numpy==2.0")
    before = by_venv(folder, lock="requirements.txt")
    install(environment, "torch", "2")
    assert by_venv(folder, lock="requirements.txt").digest == before.digest
    assert by_venv(folder, lock="requirements.txt").versions["torch"] == "2"
    put(folder, "requirements.txt", "numpy==2.1")
    assert by_venv(folder, lock="requirements.txt").digest != before.digest
    only = EnvironmentSettings(lock="requirements.txt")
    assert resolve(only, folder, "sh", "/bin").digest == by_venv(folder, lock="requirements.txt").digest
    assert "did you mean" in error(by_venv, folder, lock="requirement.txt")


def test_a_program_that_is_not_there_is_an_error(folder, environment, tmp_path):
    script(tmp_path, "python3", f"#!{PYTHON}")
    script(tmp_path, "trainer")
    there = path(tmp_path / "bin")
    remedy = "name the environment that has it: environment: {venv: …}"
    put(folder, "run.sh")
    assert error(resolve, None, folder, "python", there) == (
        f"command.run: python is not on PATH; write python3, or {remedy}"
    )
    assert error(resolve, None, folder, "python", "/nowhere") == f"command.run: python is not on PATH; {remedy}"
    assert error(resolve, None, folder, "trainr", there) == (
        f'command.run: trainr is not on PATH; did you mean "trainer"? Otherwise {remedy}'
    )
    assert error(resolve, None, folder, "./run.sh", there) == (
        f"command.run: ./run.sh cannot be executed; run chmod +x {folder}/run.sh, or put its interpreter before it"
    )
    assert error(resolve, None, folder, "./rum.sh", there) == (
        f'command.run: found "./rum.sh", which is not in {folder}; did you mean "run.sh"?'
    )
    assert error(resolve, None, folder, "run.sh", there) == (
        f"command.run: run.sh is not on PATH; for the file in {folder} write ./run.sh"
    )
    assert error(by_venv, folder, "nothere") == (f"command.run: nothere is not on PATH; install it in {environment}")


def test_a_program_from_outside_the_virtual_environment_is_an_error(folder, environment, tmp_path):
    other = make(tmp_path / "other")
    script(other, "torchrun")
    settings = EnvironmentSettings(venv=".venv")
    assert error(resolve, settings, folder, "torchrun", path(other / "bin")) == (
        f"environment.venv: torchrun is not installed in {environment}: {other}/bin/torchrun would run with the "
        f"packages of {other}/bin/python; install it there"
    )


def test_a_script_whose_python_is_gone_is_an_error(folder, environment):
    script(environment, "tool", "#!/gone/bin/python")
    assert error(by_venv, folder, "tool") == (
        f'command.run: {environment}/bin/tool is started by /gone/bin/python, which is not there; install "tool" again'
    )


def test_a_virtual_environment_that_is_not_there_is_an_error(folder, environment, tmp_path):
    assert error(by_venv, folder, venv="venv") == (
        'environment.venv: found "venv", which is not there; there are: .venv'
    )
    assert error(by_venv, folder, venv=".venv/bin/python") == (
        'environment.venv: found ".venv/bin/python"; need the environment\'s own folder: .venv'
    )
    (environment / "bin" / "python").unlink()
    (environment / "bin" / "python").symlink_to("/gone/python")
    assert "the Python from which" in error(by_venv, folder)
    shutil.rmtree(environment)
    assert error(by_venv, folder, venv="venv") == (
        'environment.venv: found "venv", which is not there; make it with python3 -m venv venv and install the packages'
    )
    put(folder, "c/conda-meta/history")
    assert "is a conda environment; write environment: {conda: c}" in error(by_venv, folder, venv="c")


def test_an_interpreter_that_fails_is_an_error(folder, environment):
    (site(environment) / "broken.pth").write_text("import sys; sys.stdout = None\n")
    assert error(by_venv, folder).startswith(f"{environment}/bin/python: cannot list its packages: ")
    (site(environment) / "broken.pth").write_text("import sys; sys.exit('no licence')\n")
    assert error(by_venv, folder).endswith("cannot list its packages: SystemExit: no licence")
    (site(environment) / "broken.pth").write_text("import sys; print('Welcome')\n")
    assert by_venv(folder).packages["numpy"] == "2.0"


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.9", "3.13"])
def test_any_version_of_python_can_be_asked(folder, version):
    """Runs only where pyenv has that version."""
    found = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
    if not found:
        pytest.skip(f"needs python{version} of pyenv")
    environment = resolve(None, folder, "python", path(found[0].parent))
    assert environment.versions["python"].startswith(version)
    assert "setuptools" in environment.packages or "pip" in environment.packages


def test_behind_a_shim_the_real_interpreter_counts(folder, tmp_path):
    """A shim chooses by the folder: its own path says nothing."""
    for name in ("a", "b"):
        install(make(tmp_path / name), "numpy", f"{ord(name)}")
    shims = tmp_path / "pyenv" / "shims"
    choice = f'"{tmp_path}/$(cat .python-version)/bin/'
    pyenv = put(tmp_path, "pyenv/bin/pyenv", f'#!/bin/sh\n[ "$1" = which ] && echo {choice}$2"\n')
    put(shims, "python", f'#!/bin/sh\nexec {choice}python" "$@"\n').chmod(0o755)
    pyenv.chmod(0o755)
    cache, found = tmp_path / "cache.json", {}
    for name in ("a", "b"):
        put(folder, ".python-version", name)
        found[name] = resolve(None, folder, "python", f"{shims}:/usr/bin:/bin", cache=cache)
        assert found[name].interpreter == tmp_path / name / "bin" / "python"
    assert found["a"].digest != found["b"].digest


@pytest.mark.parametrize(
    ("words", "program"),
    [
        ("python train.py", "python"),
        ("env A=1 python train.py", "python"),
        ("nice -n 10 python train.py", "python"),
        ("srun --gpus 1 /opt/python train.py", "/opt/python"),
        ("env -u X nice sh run.sh", "sh"),
        ("env", "env"),
        ("", ""),
    ],
)
def test_wrappers_are_looked_through(words, program, tmp_path, monkeypatch):
    script(tmp_path, "python")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    assert program_of(words.split()) == program


# uv


@pytest.fixture(scope="module")
def uv_program():
    found = shutil.which("uv", path=f"{os.environ['PATH']}:{os.environ.get('SEEDWISE_TEST_UV', '/nowhere')}")
    if found is None:
        pytest.skip("needs uv, on PATH or in the folder $SEEDWISE_TEST_UV")
    return found


@pytest.fixture
def project(folder, uv_program):
    """A uv project that depends on a local package, so that no index is asked."""
    package = '[project]\nname = "{}"\nversion = "{}"\nrequires-python = ">=3.11"\n{}'
    put(folder, "dep/pyproject.toml", package.format("dep", "1.0", ""))
    sources = 'dependencies = ["dep"]\n[tool.uv.sources]\ndep = {path = "dep"}\n[tool.uv]\npackage = false\n'
    put(folder, "dep/dep.py", "x = 1\n")
    backend = '[build-system]\nrequires = []\nbackend-path = ["."]\nbuild-backend = "backend"\n'
    put(folder, "dep/pyproject.toml", package.format("dep", "1.0", backend))
    put(folder, "dep/backend.py", BACKEND)
    put(folder, "pyproject.toml", package.format("own", "0.1", sources))
    return folder


BACKEND = """
import pathlib, re, zipfile


def build_wheel(folder, settings=None, metadata=None):
    version = re.search('version = "(.*)"', pathlib.Path("pyproject.toml").read_text())[1]
    name = f"dep-{version}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.write("dep.py")
        info = f"dep-{version}.dist-info"
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: dep\\nVersion: {version}\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


def sync(uv_program, project):
    command = [uv_program, "sync", "--offline", "--project", str(project), "--python", sys.executable]
    subprocess.run(command, check=True, capture_output=True)


def by_uv(folder, uv="."):
    return resolve(EnvironmentSettings(uv=uv), folder, "python", "/usr/bin:/bin")


def test_a_uv_project_has_the_digest_of_its_lock_file(project, uv_program):
    sync(uv_program, project)
    before = by_uv(project)
    assert before.interpreter == project / ".venv" / "bin" / "python"
    assert before.packages["dep"].startswith("1.0 (")
    assert before.variables["VIRTUAL_ENV"] == str(project / ".venv")
    pyproject = project / "dep/pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"1.0"', '"1.1"'))
    sync(uv_program, project)
    assert by_uv(project).digest != before.digest


def test_an_environment_that_is_not_that_of_the_lock_file_is_an_error(project, uv_program):
    sync(uv_program, project)
    install(project / ".venv", "torch", "2")
    assert error(by_uv, project) == (
        f"environment.uv: torch 2 is installed, but is not in uv.lock; run uv sync in {project}, or take what is "
        f"installed: environment: {{venv: {project}/.venv}}"
    )
    shutil.rmtree(site(project / ".venv") / "torch-2.dist-info")
    lock = project / "uv.lock"
    lock.write_text(lock.read_text().replace('version = "1.0"', 'version = "3.0"'))
    assert "dep 1.0 is installed, but uv.lock has 3.0; run uv sync" in error(by_uv, project)
    lock.write_text("[")
    assert re.search(r"uv\.lock: cannot be read \(.*\); run uv lock", error(by_uv, project))


def test_what_a_uv_project_lacks_is_an_error_with_the_command(folder):
    assert error(by_uv, folder, "rep") == (
        'environment.uv: found "rep", which is not there; need the folder of a uv project'
    )
    assert "which has no pyproject.toml; need the folder of a uv project" in error(by_uv, folder)
    put(folder, "pyproject.toml")
    assert error(by_uv, folder) == f"environment.uv: {folder} has no uv.lock; run uv sync --project ."
    put(folder, "uv.lock", "version = 1\n")
    assert error(by_uv, folder) == f"environment.uv: {folder}/.venv is not there; run uv sync --project ."
    make(folder / ".venv")
    (folder / "member").mkdir()
    put(folder, "member/pyproject.toml")
    assert by_uv(folder, "member").digest == by_uv(folder).digest  # a workspace


# conda: a stand-in that makes and runs environments as conda's command line does


CONDA = """#!{python}
import os, pathlib, sys, venv
words = sys.argv[1:]
pathlib.Path("{log}").open("a").write(" ".join(words) + "\\n")
if words[:2] == ["env", "create"]:
    assert words[2] == "--prefix" and words[4] == "--file", words
    place, text = pathlib.Path(words[3]), pathlib.Path(words[5]).read_text()
    (place / "conda-meta").mkdir(parents=True)
    if "broken" in text:
        print("Solving environment: failed")
        sys.exit("ResolvePackageNotFound: broken")
    venv.create(place, symlinks=True)
elif words[:3] == ["run", "--no-capture-output", "-p"]:
    place = words[3]
    os.environ["CONDA_PREFIX"], os.environ["PATH"] = place, place + "/bin:" + os.environ["PATH"]
    os.execvp(words[4], words[4:])
"""


@pytest.fixture
def conda(tmp_path):
    put(tmp_path, "base/bin/conda", CONDA.format(python=sys.executable, log=tmp_path / "log")).chmod(0o755)
    (tmp_path / "log").touch()
    return tmp_path / "base"


def by_conda(folder, base, name="env.yaml", program="python", ignore=()):
    variables = {"HOME": str(base.parent)}
    settings = EnvironmentSettings(conda=name, ignore=ignore)
    there = f"{base}/bin:/usr/bin:/bin"
    return resolve(settings, folder, program, there, environ=variables, store=base.parent / "store")


def test_a_conda_environment_is_created_once_and_named_after_its_file(folder, conda, tmp_path):
    put(folder, "env.yaml", "dependencies: [python]\n")
    before, said = by_conda(folder, conda), []
    assert before.location == tmp_path / "store" / before.digest
    assert before.program is None
    prepare(before, said.append)
    prepare(before, said.append)
    assert said == [f"creating the conda environment {before.location}; this takes minutes"]
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    after = by_conda(folder, conda)
    assert (after.digest, after.interpreter) == (before.digest, before.location / "bin" / "python")
    assert after.versions["python"] == sys.version.split()[0]
    variables = after.applied({"VIRTUAL_ENV": "x", "PATH": "/usr/bin:/bin"})
    assert "VIRTUAL_ENV" not in variables
    answer = subprocess.run(
        [*after.prefix, "python", "-c", "import sys; print(sys.prefix)"], env=variables, capture_output=True, text=True
    )
    assert answer.stdout.strip() == str(after.location)
    put(folder, "env.yaml", "dependencies: [python, numpy]\n")
    assert by_conda(folder, conda).digest != before.digest


def test_a_conda_environment_that_cannot_be_created_is_an_error_and_leaves_nothing(folder, conda):
    put(folder, "env.yaml", "dependencies: [broken]\n")
    found = by_conda(folder, conda)
    assert error(prepare, found, lambda _: None) == (
        "environment.conda: conda could not create it: Solving environment: failed / ResolvePackageNotFound: broken"
    )
    assert not found.location.exists()


def test_a_creation_that_was_interrupted_starts_again(folder, conda):
    put(folder, "env.yaml", "dependencies: [python]\n")
    found = by_conda(folder, conda)
    put(found.location, "conda-meta/history")
    prepare(found, lambda _: None)
    assert (found.location / "bin" / "python").exists()


def test_a_conda_environment_is_found_by_name_and_by_folder(folder, conda, tmp_path):
    for place in (conda / "envs" / "mine", tmp_path / "elsewhere" / "other"):
        make(place)
        put(place, "conda-meta/numpy-2.0-0.json")
    put(tmp_path, ".conda/environments.txt", f"{tmp_path}/elsewhere/other\n/gone\n")
    assert by_conda(folder, conda, "mine").interpreter == conda / "envs/mine/bin/python"
    assert by_conda(folder, conda, "other").interpreter == tmp_path / "elsewhere/other/bin/python"
    before = by_conda(folder, conda, "../base/envs/mine")
    assert before.digest == by_conda(folder, conda, "mine").digest
    put(conda / "envs" / "mine", "conda-meta/r-base-4.0-0.json")
    assert by_conda(folder, conda, "mine").digest != before.digest
    assert by_conda(folder, conda, "mine", ignore=("r-base",)).digest == before.digest
    assert error(by_conda, folder, conda, "mien") == (
        'environment.conda: found "mien"; did you mean "mine"? Environments: mine, other'
    )
    assert "which is not there" in error(by_conda, folder, conda, "../envs/mine")
    assert "which is no conda environment" in error(by_conda, folder, conda, "./")


def test_without_conda_the_error_says_so(folder, conda):
    settings = EnvironmentSettings(conda="env.yaml")
    assert "neither conda, mamba nor micromamba is on PATH" in error(
        resolve, settings, folder, "python", "/nowhere", environ={}
    )
    put(folder, "envs.yaml")
    assert error(by_conda, folder, conda) == (
        'environment.conda: found "env.yaml", which is not there; did you mean "envs.yaml"?'
    )
