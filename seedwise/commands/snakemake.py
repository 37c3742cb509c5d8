"""Command lines of Snakemake with the workflow of this package, for the commands that run it."""

from __future__ import annotations

import difflib
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from seedwise.basics import share
from seedwise.basics.calls import CALL, FILLED
from seedwise.basics.errors import UserError
from seedwise.trainers.command.user_environment import KEPT

LOCAL = ("local", "dryrun", "touch")
JOBS = "100"
"""How many jobs are submitted to a cluster at once, as in the profiles."""
FAILED = 1
"""Snakemake's exit status after a failure."""
STARTER = Path(__file__).with_name("start_snakemake.py")
_PROFILES = ("--workflow-profile", "--profile")


def command_line(study: Path, words: Sequence[str]) -> list[str]:
    """Return the command that runs Snakemake on a study.

    Args:
        study: its file.
        words: options and targets of the user, which are passed on. Only profiles of this package, given by name, are
            replaced by their folder.

    Raises:
        UserError: Snakemake is not installed, or the options do not fit.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise UserError('Snakemake is not installed: pip install "seedwise[run]"')
    words, profiles = _with_profiles(words)
    head = ["--configfile", str(study), "--snakefile", str(share.home() / "Snakefile")]  # in this order: see below
    if not profiles:
        own, packaged = Path("profiles/default"), share.home() / "profiles/default"
        if own.is_dir() and not (packaged.is_dir() and own.samefile(packaged)):
            profiles = [str(own)]
            head += ["--workflow-profile", str(own)]
        else:  # as options, because Snakemake prints a line about each profile
            head += ["--workflow-profile", "none", *_options(packaged)]
    if (exported := os.environ.get("SNAKEMAKE_PROFILE")) and not has_option(words, "--profile"):
        profiles = [exported, *profiles]  # Snakemake reads it too
    # --configfile takes any number of values, so that what follows it has to be an option.
    # -P: modules in the user's folder are not to be taken for those that Snakemake imports.
    return [sys.executable, "-P", str(STARTER), *head, *_limits(words, profiles), *words]


def environment(study: Path) -> dict[str, str]:
    """Return the environment for Snakemake; messages then name commands of `seedwise`."""
    # What is there belongs to a study whose program calls this command.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEEDWISE_USER_")}
    return kept | {CALL: str(study), "SEEDWISE_PROFILES": str(share.home() / "profiles")} | _cache()


def _cache() -> dict[str, str]:
    """Return a folder for Snakemake's cache where the home folder cannot be written; programs keep the user's own."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    usual = Path(given or os.path.expanduser("~/.cache"))  # noqa: PTH111 -- Path raises an error if there is no home
    with suppress(OSError):
        (usual / "snakemake").mkdir(parents=True, exist_ok=True)
        if usual.is_absolute() and os.access(usual / "snakemake", os.W_OK | os.X_OK):
            return {}
    return {"XDG_CACHE_HOME": str(Path(".snakemake/seedwise/cache").absolute()), f"{KEPT}XDG_CACHE_HOME": given}


def call(study: Path, *words: str) -> int:
    """Run Snakemake to its end on this machine; return its exit status. It prints nothing unless it fails.

    Raises:
        UserError: Snakemake is not installed.
    """
    options = ["--workflow-profile", "none", "--cores", "1", "--scheduler", "greedy", "--nolock", "--rerun-incomplete"]
    status = _wait(command_line(study, [*options, "--quiet", "all", *words]), environment(study))
    if status == FAILED:  # with --quiet all it does not even say why, so it is done again
        status = _wait(command_line(study, [*options, "--show-failed-logs", *words]), environment(study))
    return status


def forget(study: Path, files: Sequence[str]) -> None:
    """Let Snakemake forget how it made some files, so that it has no reason of its own to make them again."""
    words = ["--workflow-profile", "none", "--nolock", "--quiet", "all", "--cleanup-metadata", *files]
    # It fails if it knows nothing of one of them, after it has forgotten the others.
    subprocess.run(command_line(study, words), env=environment(study), capture_output=True, check=False)


def become(line: Sequence[str], variables: Mapping[str, str]) -> NoReturn:
    """Replace this process by a command, whose exit status and signals are then its own."""
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # the new program answers what comes meanwhile
    try:
        os.execve(line[0], list(line), variables)  # noqa: S606 -- no shell is wanted
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _wait(line: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a command; return its exit status. It alone answers Ctrl-C, which it gets as well."""
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    with subprocess.Popen(line, env=variables) as process:
        kept = signal.signal(signal.SIGINT, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, kept)


def has_option(words: Sequence[str], *names: str) -> bool:
    """Whether one of these options is given, as `--name value`, `--name=value` or `-nvalue`."""
    return any(_is_option(word, name) for word in words for name in names)


def _is_option(word: str, name: str) -> bool:
    short = len(name) == 2
    return word == name or word.startswith(f"{name}=") or (short and word.startswith(name))


def _value(words: Sequence[str], *names: str) -> str | None:
    """Return the last value of an option; None if it is not given."""
    found = None
    for place, word in enumerate(words):
        for name in names:
            if word == name:
                found = words[place + 1] if place + 1 < len(words) else None
            elif _is_option(word, name):
                found = word.removeprefix(name).removeprefix("=")
    return found


def _limits(words: Sequence[str], profiles: Sequence[str]) -> list[str]:
    """Return a limit of cores or jobs where Snakemake needs one and nothing sets it."""
    settings: dict[str, Any] = {}
    for profile in profiles:
        settings |= _read_profile(profile)
    executor = _value(words, "--executor", "-e") or settings.get("executor") or "local"
    cores = has_option(words, "--cores", "-c") or "cores" in settings
    jobs = has_option(words, "--jobs", "-j") or "jobs" in settings
    if executor in LOCAL:
        return [] if cores or jobs else ["--cores", FILLED]
    return [] if jobs else ["--jobs", JOBS]


def _with_profiles(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Replace the names of this package's profiles by their folders; return the words and all profiles."""
    replaced, profiles = list(words), []
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option not in _PROFILES:
            continue
        at = place if equals else place + 1
        if at == len(words):
            continue  # Snakemake says that the value is missing
        profiles.append(_profile(value if equals else words[at], option))
        replaced[at] = f"{option}={profiles[-1]}" if equals else profiles[-1]
    return replaced, profiles


def _profile(name: str, option: str) -> str:
    """Return what Snakemake is to be given for a profile: a path or name of the user's, or a folder of this package.

    Raises:
        UserError: there is no such profile.
    """
    if any((folder / name).exists() for folder in _own_places(option)):
        return name  # Snakemake looks in the same places
    packaged = share.home() / "profiles"
    if (packaged / name).is_dir():
        return str(packaged / name)
    if name == "none" or "/" in name:
        return name
    known = sorted(path.name for path in packaged.iterdir() if path.is_dir())
    nearest = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else f". Profiles: {', '.join(known)}, or a folder of your own"
    raise UserError(f"{option} {name}: no such profile{hint}")


def _options(profile: Path) -> list[str]:
    """Return a profile of plain values and switches as options of the command line."""
    words: list[str] = []
    for key, value in _read_profile(str(profile)).items():
        if value is not False:
            words += [f"--{key}"] if value is True else [f"--{key}", str(value)]
    return words


def _own_places(option: str) -> list[Path]:
    """Return the folders in which Snakemake looks for a user's profile."""
    if option == "--workflow-profile":
        return [Path(), Path("profiles")]
    system = os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep)
    folders = [Path(os.environ.get("XDG_CONFIG_HOME", "~/.config")).expanduser(), *map(Path, system)]
    return [Path(), *(folder / "snakemake" for folder in folders)]


def _read_profile(profile: str) -> dict[str, Any]:
    """Return the settings of a profile as far as they are plain YAML."""
    import yaml

    places = (folder / profile for option in _PROFILES for folder in _own_places(option))
    found = next((place for place in places if place.exists()), Path(profile))
    for file in [found] if found.is_file() else sorted(found.glob("config*.yaml")):
        with suppress(OSError, yaml.YAMLError):
            settings = yaml.safe_load(file.read_bytes())
            if isinstance(settings, dict):
                return settings
    return {}
