"""Settings that a tool leaves beside a run's results: Hydra, Lightning and Ray Tune."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from seedwise.basics.bounded_yaml import BoundedLoader
from seedwise.basics.errors import UserError
from seedwise.basics.nested import flat
from seedwise.sources.places import shown

_LEVELS = 4
"""Folders above a file that are looked into, because a run can write to a folder of its own below Hydra's."""
_LONGEST = 200  # characters of a value that is worth a column


def settings_beside(path: Path) -> tuple[dict[str, str], str]:
    """Return the settings of the run that wrote a file, by dotted key, and the name of the tool that left them.

    Raises:
        UserError: they are there, and are not YAML or JSON.
    """
    for folder in list(path.absolute().parents)[:_LEVELS]:
        hydra = folder / ".hydra"
        if (hydra / "config.yaml").is_file() or (hydra / "overrides.yaml").is_file():
            config = _flat(_read(hydra / "config.yaml"))
            return config | {
                key: text for key, text in _overrides(hydra / "overrides.yaml") if key not in config
            }, "Hydra"
    for name, tool in (("hparams.yaml", "Lightning"), ("params.json", "Ray Tune")):
        if (path.parent / name).is_file():
            return _flat(_read(path.parent / name)), tool
    return {}, ""


def _read(path: Path) -> Any:
    if not path.is_file():
        return None
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)  # noqa: S506 -- a SafeLoader
    except (OSError, ValueError, yaml.YAMLError) as error:
        said = " ".join(str(error).split())[:120]
        raise UserError(f"{shown(str(path))}: cannot be read ({said})") from None


class _Loader(BoundedLoader):
    """Reads scalars as they are written, and any object of Python that Lightning may have stored as nothing."""


_Loader.yaml_implicit_resolvers = {}
for _tag in ("tag:yaml.org,2002:python/", "!"):
    _Loader.add_multi_constructor(_tag, lambda *_: None)


def _flat(read: Any) -> dict[str, str]:
    if not isinstance(read, Mapping):
        return {}
    found = {}
    for key, value in flat({str(key): value for key, value in read.items()}):
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        if len(text) <= _LONGEST:
            found[str(key)] = "" if text in ("null", "~") else text
    return found


def _overrides(path: Path) -> Iterator[tuple[str, str]]:
    """Yield what the command line of a run set, such as `model=resnet`, which names a group of Hydra's settings."""
    read = _read(path)
    for line in read if isinstance(read, list) else []:
        matched = re.fullmatch(r"\+{0,2}([^=~@:\s]+)(?:@[^=]*)?=(.*)", str(line), re.DOTALL)
        if matched and not matched[1].startswith("hydra"):
            yield matched[1].replace("/", "."), matched[2].strip("'\"")
