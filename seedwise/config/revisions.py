"""A study whose variants are git revisions, from a study of one program: is this branch better than main?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from seedwise.basics.errors import UserError
from seedwise.basics.files import write_text
from seedwise.basics.secrets import masked
from seedwise.config.overrides import PROGRAMS
from seedwise.config.reading import read_study, read_yaml
from seedwise.trainers.command.revisions import resolve_revision

HEADER = "# Written by `seedwise run --revisions`, which writes it again; copy it to change it.\n"


def write_revisions(study: Path, revisions: Sequence[str]) -> Path:
    """Write a study beside another one in which each variant is a revision of the program; return its path.

    The first revision is the baseline. Settings are those of the study; what its variants set is left out.

    Args:
        study: file of a study of a program.
        revisions: branches, tags or commits.

    Raises:
        UserError: fewer than two revisions, the study has no program to run, or the file is another one.
    """
    if len({_name(revision).lower() for revision in revisions}) < len(revisions):
        raise UserError(f"--revisions: found {', '.join(revisions)}; each has to be named once")
    if len(revisions) < 2:
        raise UserError(f"--revisions: found {len(revisions)}; name two or more, as in --revisions main,HEAD")
    program = read_study(study).program
    if program is None:
        raise UserError(f"--revisions: {study} runs no program of your own: it has neither command: nor function:")
    folder = (study.resolve().parent / Path(program.folder).expanduser()).resolve()
    commits = {revision: resolve_revision(folder, revision) for revision in revisions}
    config = derived(read_yaml(study), commits)
    _pass_on_secrets(config)
    path = study.with_name(f"{study.stem}.revisions.yaml")
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(HEADER):
        raise UserError(f"{path}: exists, and --revisions did not write it; move it away")
    write_text(path, HEADER + yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return path


def _pass_on_secrets(config: dict[Any, Any]) -> None:
    """Move secrets from a config that is to be written to the environment of the process that runs it next."""
    for section in PROGRAMS:
        program = config.get(section)
        env = program.get("env") if isinstance(program, Mapping) else None
        if isinstance(program, Mapping) and env:
            secrets = {name: value for name, value in env.items() if value is not None and masked(name, value) != value}
            os.environ.update(secrets)
            config[section] = {**program, "env": {**env, **dict.fromkeys(secrets)}}


def derived(config: Mapping[Any, Any], commits: Mapping[str, str]) -> dict[Any, Any]:
    """Return a config with one variant per revision, given with its commit, in place of its variants or factors."""
    names = [_name(revision) for revision in commits]
    kept = {key: value for key, value in config.items() if key not in ("factors", "design")}
    variants = [
        {"name": name, "label": _label(revision, commit), "revision": revision}
        for name, (revision, commit) in zip(names, commits.items(), strict=True)
    ]
    return {
        **kept,
        "study": f"{config['study']}-revisions",
        "title": f"{', '.join(commits)}: {config['title']}",
        "variants": variants,
        "analysis": {**config["analysis"], "baseline": names[0]},
    }


def _label(revision: str, commit: str) -> str:
    return revision if commit.startswith(revision) else f"{revision} ({commit[:7]})"


def _name(revision: str) -> str:
    """Return a name for the folder of a variant: letters, digits, hyphens and single dots inside."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", revision.replace("~", "-before-").replace("^", "-parent")).strip("-_")
    return name or "revision"
