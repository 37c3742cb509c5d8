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


_WHERE = "# Its worktrees are in results/{study}/.revisions: to remove them, delete that and: git worktree prune\n"
_MOVES = re.compile(r"(HEAD|@)(?![\w/.-])")
"""A revision that means another commit after the next one."""


def write_revisions(study: Path, revisions: Sequence[str]) -> tuple[Path, list[str]]:
    """Write a study beside another one in which each variant is a revision of the program.

    The first revision is the baseline. Settings are those of the study; what its variants set is left out. Return its
    path, and the names of the variants that it leaves out.

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
    source = read_study(study)
    program = source.program
    if program is None:
        raise UserError(f"--revisions: {study} runs no program of your own: it has neither command: nor function:")
    folder = (study.resolve().parent / Path(program.folder).expanduser()).resolve()
    commits = {revision: resolve_revision(folder, revision) for revision in revisions}
    config = derived(read_yaml(study), commits)
    _pass_on_secrets(config)
    path = study.with_name(f"{study.stem}.revisions.yaml")
    if path.exists() and not is_written(path):
        raise UserError(f"{path}: exists, and --revisions did not write it; move it away")
    where = _WHERE.format(study=config["study"])
    write_text(path, HEADER + where + yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return path, [variant.name for variant in source.variants if variant.name != source.analysis.baseline]


def is_written(path: Path) -> bool:
    """Whether a study was written by `--revisions`, from another one."""
    return path.read_text(encoding="utf-8", errors="replace").startswith(HEADER)


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
    names = [_variant(revision, commit) for revision, commit in commits.items()]
    kept = {key: value for key, value in config.items() if key not in ("factors", "design")}
    variants = [
        {
            "name": name,
            "label": _label(revision, commit),
            "revision": commit if _MOVES.match(revision) else revision,
        }
        for name, (revision, commit) in zip(names, commits.items(), strict=True)
    ]
    return {
        **kept,
        "study": f"{config['study']}-revisions",
        "title": f"{', '.join(variant['label'] for variant in variants)}: {config['title']}",
        "variants": variants,
        "analysis": {**config["analysis"], "baseline": names[0]},
    }


def _label(revision: str, commit: str) -> str:
    return revision if commit.startswith(revision) else f"{revision} ({commit[:7]})"


def _variant(revision: str, commit: str) -> str:
    """Name a variant; HEAD by the commit that it is today."""
    return f"{_name(revision)}-{commit[:7]}" if _MOVES.match(revision) else _name(revision)


def _name(revision: str) -> str:
    """Return a name for the folder of a variant: letters, digits, hyphens and single dots inside."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", revision.replace("~", "-before-").replace("^", "-parent")).strip("-_")
    return name or "revision"
