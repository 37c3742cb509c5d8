"""The commands that pages print can be typed as they are, once the environment is activated.

Those of README and the quick start are run, or dry-run; those of every other page are parsed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seedwise.cli import main

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/quick-start.md")
ACTIVATE = "source .venv/bin/activate"
INSTALL = 'pip install "seedwise[run]"'  # into whatever environment the user has
COMMANDS = ("snakemake", "seedwise")
PARTS = ("Snakefile", "config.yaml", "workflow", "seedwise", "profiles", "envs", "studies")


def code(page: str) -> list[tuple[int, str]]:
    """Every line of a fenced block, and every inline code, with its place in the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = [match.span() for match in re.finditer(r"^ *```.*?^ *```$", text, re.DOTALL | re.MULTILINE)]
    found = [(match.start(1), match[1]) for match in re.finditer(r"`([^`\n]+)`", text)]
    found = [item for item in found if not any(start <= item[0] < end for start, end in blocks)]
    for start, end in blocks:
        found += [(start + match.start(), match[0].strip()) for match in re.finditer(r".+", text[start:end])]
    return sorted(found)


def commands(page: str) -> list[tuple[int, str]]:
    """The command lines of a page that start with the bare name of a program that make installs."""
    bare = [(place, line) for place, line in code(page) if line.split(" ")[0] in COMMANDS and " " in line]
    return [(place, shlex.join(shlex.split(line, comments=True))) for place, line in bare]


PRINTED = sorted({line for page in PAGES for _, line in commands(page)})


def cheap(line: str) -> str:
    """A command that fails as this one would if a program or an option were missing, and does next to nothing."""
    program, *arguments = shlex.split(line)
    if program == "snakemake":
        return f"{line} --dry-run"
    return shlex.join([program, next(word for word in arguments if not word.startswith("-")), "--help"])


@pytest.mark.parametrize("page", PAGES)
def test_the_environment_is_activated_before_the_first_bare_command(page: str) -> None:
    activation = min(place for place, line in code(page) if line == ACTIVATE or line.startswith(INSTALL))
    printed = commands(page)
    assert printed
    assert activation < printed[0][0]


def test_commands_are_found() -> None:
    assert "snakemake --cores 4 --configfile studies/quick.yaml" in PRINTED
    assert "seedwise compare results/fashion-mnist results/cifar10" in PRINTED


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a dry run needs of the repository, so that it writes nothing into the repository itself."""
    folder = tmp_path_factory.mktemp("clone")
    for part in PARTS:
        source = ROOT / part
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / part, ignore=ignored) if source.is_dir() else shutil.copy2(source, folder)
    shutil.copy2(folder / "config.yaml", folder / "studies" / "mine.yaml")  # as the quick start says
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("line", PRINTED)
def test_a_printed_command_is_found_and_understood(line: str, clone: Path) -> None:
    if not (ROOT / ".venv" / "bin" / "activate").is_file():
        pytest.skip("there is no .venv; make study, or make test, makes it")
    environment = {"HOME": os.environ.get("HOME", str(clone)), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    script = f"cd {shlex.quote(str(ROOT))} && {ACTIVATE} && cd {shlex.quote(str(clone))} && {cheap(line)}"
    answer = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "command not found" not in answer.stderr
    assert answer.returncode == 0, answer.stdout + answer.stderr
    if line.startswith("seedwise"):
        assert [word for word in shlex.split(line) if word.startswith("--") and word not in answer.stdout] == []


# Every other page: its lines are parsed by the programs themselves, which is fast, instead of being run.

EVERY_PAGE = sorted(
    str(page.relative_to(ROOT))
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("README.md"),
        *(ROOT / folder / "README.md" for folder in ("benchmarks", "config", "workflow/notebooks")),
    ]
    if page.name not in ("CHANGELOG.md", "results.md") and page.parts[-2] != "expected"
)
NOT_RUN = {
    "pip": "installs packages",
    "docker": "needs a daemon",
    "apptainer": "needs a daemon",
    "snakedeploy": "needs a published repository",
    "gpu.sh": "needs minutes; tests/benchmarks tries it on a CPU",
    "cd": "a folder of the user's",
    "cp": "run with the snakemake command after it",
    "source": "run with every command of README and the quick start",
}
"""Programs that pages call but tests do not, each with the reason."""
OURS = ("snakemake", "seedwise", "make")
THEIRS = {"my-study.yaml", "study.yaml", "studies/mine.yaml"}
"""Files that stand for one of the user's."""
PARSED = """
import json, sys
from snakemake.cli import get_argument_parser
parser = get_argument_parser()
kept = [{key: vars(found)[key] for key in ("configfile", "targets", "until")}
        for found in map(parser.parse_args, json.load(sys.stdin))]
print(json.dumps(kept, default=lambda value: str(value) if hasattr(value, "__fspath__") else sorted(value)))
"""


def lines(page: str) -> list[tuple[str, bool]]:
    """The commands of a page, and whether each stands in a text, where it may be no more than a name."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = [
        found[2] for found in re.finditer(r"^ *```(sh|bash|console)\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    ]
    found = []
    for block in blocks:
        typed = [line.strip() for line in block.splitlines() if line.strip() and not line.strip().startswith("#")]
        transcript = [line.removeprefix("$ ") for line in typed if line.startswith("$ ")]
        found += [(line, False) for line in transcript or typed]
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)
    found += [(line, False) for line in re.findall(rf"^    ((?:{'|'.join(OURS)}) .*)$", outside, re.MULTILINE)]
    return found + [(line, True) for line in re.findall(rf"`((?:{'|'.join(OURS)}) [^`]+)`", outside)]


def calls(line: str) -> list[list[str]]:
    """The words of each command in a line, without what is set for it."""
    found = []
    for part in shlex.join(shlex.split(line, comments=True)).split(" '&&' "):
        words = shlex.split(part)
        while words and re.match(r"[A-Z_]+=", words[0]):
            del words[0]
        found.append(words)
    return found


def every_call(program: str) -> list[tuple[str, list[str], bool]]:
    found = [(page, words, named) for page in EVERY_PAGE for line, named in lines(page) for words in calls(line)]
    return [(page, words, named) for page, words, named in found if Path(words[0]).name == program]


def test_every_line_of_a_block_is_checked_or_excused() -> None:
    programs = {Path(words[0]).name for page in EVERY_PAGE for line, _ in lines(page) for words in calls(line)}
    assert set(NOT_RUN) <= programs, "an excuse that nothing needs"
    assert programs - set(NOT_RUN) == {*OURS, "python"}


def test_snakemake_understands_every_printed_line_as_it_is_meant() -> None:
    found = every_call("snakemake")
    assert len(found) > 20
    answer = subprocess.run(
        [sys.executable, "-P", "-c", PARSED],
        input=json.dumps([words[1:] for _, words, _ in found]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    rules = "\n".join(file.read_text() for file in [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")])
    known = set(re.findall(r"^ *(?:use )?rule (?:\w+ as )?(\w+)", rules, re.MULTILINE))
    for (page, words, _), parsed in zip(found, json.loads(answer.stdout), strict=True):
        studies = parsed["configfile"] or []
        # `--configfile x.yaml status` would take status for a second file, and Snakemake's error does not say so.
        assert len(studies) <= 1, f"{page}: {shlex.join(words)}: write the target before --configfile"
        assert all((ROOT / name).is_file() or name in THEIRS for name in studies), f"{page}: {shlex.join(words)}"
        assert {*(parsed["targets"] or []), *(parsed["until"] or [])} <= known, f"{page}: {shlex.join(words)}"


def test_seedwise_has_every_printed_command_and_flag(capsys: pytest.CaptureFixture[str]) -> None:
    found = every_call("seedwise")
    assert len(found) > 30
    helped: dict[str, str] = {}
    for page, words, _ in found:
        if words[1].startswith("-"):
            assert words[1] in ("--help", "--version"), f"{page}: {shlex.join(words)}"
            continue
        if words[1] not in helped:
            with pytest.raises(SystemExit) as ended:
                main([words[1], "--help"])
            assert ended.value.code == 0, f"{page}: {shlex.join(words)}"
            helped[words[1]] = capsys.readouterr().out
        own = words[2 : words.index("--")] if "--" in words else words[2:]
        unknown = [word for word in own if word.startswith("--") and word not in helped[words[1]]]
        assert not unknown, f"{page}: {shlex.join(words)}: {unknown}"


def test_make_has_every_printed_target_and_variable() -> None:
    found = every_call("make")
    assert len(found) > 20
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {name for line in re.findall(r"^([a-z -]+):(?!=)", makefile, re.MULTILINE) for name in line.split()}
    for page, words, _ in found:
        for word in words[1:]:
            variable, equals, value = word.partition("=")
            known = variable in ("STUDY", "CORES", "PYTHON") if equals else word in targets
            assert known, f"{page}: {shlex.join(words)}"
            assert variable != "STUDY" or (ROOT / value).is_file() or value in {*THEIRS, "studies/x.yaml"}


def test_every_printed_script_and_module_is_there() -> None:
    found = every_call("python")
    assert found
    for page, words, _ in found:
        script = f"{words[2].replace('.', '/')}.py" if words[1] == "-m" else words[1]
        if f"\n# {script}\n" in (ROOT / page).read_text(encoding="utf-8"):
            continue  # the page has its text, which a test of its own runs
        place = ROOT / script
        assert place.is_file() or (place.with_suffix("") / "__main__.py").is_file(), f"{page}: {shlex.join(words)}"
