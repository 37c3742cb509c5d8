"""Reading a study's config: every mistake is found at once and told in the user's words, with file and line."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from seedwise.errors import UserError
from seedwise.settings import PROBLEM, nearest, not_known
from seedwise.study import Study, cross_problems
from seedwise.yaml_positions import Document, Keys, Place, Problem, label, merge_places, read_document

_NOT_MISTAKES = {"default_factory_not_called"}  # follows from another mistake
_NUMBERS = {"int_type", "float_type", "finite_number"}
_SCALARS = (bool, int, float, str)


class ConfigError(UserError):
    """A config that is no study. `problems` holds a line for each mistake, in the order of the file."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def read_study(path: str | Path) -> Study:
    """Read a study from a YAML file.

    Raises:
        ConfigError: the file cannot be read, or it is not a study.
    """
    document = read_document(Path(path))
    if isinstance(document.data, Mapping):
        return _build(document.data, [document])
    if document.problems:
        raise _error(document.problems)
    example = "study: fashion-mnist, and so on"
    raise ConfigError([f"{path}:1: found {_show(document.data)}; need a mapping of keys to values ({example})"])


def load_study(config: Mapping[str, Any], files: Sequence[Path] = ()) -> Study:
    """Build a study from a config that Snakemake has read, perhaps merged from several `files`.

    The files tell the line of each mistake. What stands in none of them is attributed to `--config`.

    Raises:
        ConfigError: the config is not a study.
    """
    return _build(config, [read_document(Path(file), order) for order, file in enumerate(files)])


def _build(config: Mapping[Any, Any], documents: Sequence[Document]) -> Study:
    problems = [problem for document in documents for problem in document.problems]
    try:
        study = Study.model_validate(dict(config))
    except ValidationError as error:
        raise _error([*problems, *_problems(error, config, merge_places(documents))]) from None
    if problems:
        raise _error(problems)
    return study


def _error(problems: Iterable[Problem]) -> ConfigError:
    return ConfigError(dict.fromkeys(problem.text for problem in sorted(problems)))


def _problems(error: ValidationError, config: Mapping[Any, Any], places: Mapping[Keys, Place]) -> list[Problem]:
    found = []
    for mistake in error.errors(include_url=False):
        kind, keys, value = mistake["type"], mistake["loc"], mistake["input"]
        if kind in _NOT_MISTAKES or (kind == "too_short" and value):
            continue  # pydantic counts only the valid items of a list
        if kind == "invalid_key":
            keys = (*keys[:-1], value)
        found.append(_locate(keys, _message(kind, keys, value, mistake["msg"], places), places, value))
    # Pydantic checks what spans several fields only when each of them is right.
    found += [_locate(keys, message, places) for keys, message in _cross_problems(config)]
    return found


def _cross_problems(config: Mapping[Any, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    variants, seeds, plan = config.get("variants"), config.get("seeds"), config.get("analysis")
    return cross_problems(
        [item.get("name") if isinstance(item, Mapping) else None for item in variants]
        if isinstance(variants, list)
        else [],
        seeds if isinstance(seeds, list) else [],
        plan if isinstance(plan, Mapping) else {},
    )


def _locate(keys: Keys, message: str, places: Mapping[Keys, Place], value: object = None) -> Problem:
    name = label(key if isinstance(key, (str, int)) else str(key) for key in keys)
    exact = places.get(keys)
    given_here = exact is not None and repr(exact.value) == repr(value)
    if not places or not (given_here or value is None or isinstance(value, Mapping)):
        return Problem(len(places), 0, 0, f"{'--config' if places else 'config'}: {name}: {message}")
    nearest_place = next(places[keys[:n]] for n in range(len(keys), -1, -1) if keys[:n] in places)
    order, line, column, file, *_ = nearest_place
    return Problem(order, line, column, f"{file}:{line}: {name}: {message}")


def _message(kind: str, keys: Keys, value: Any, written: str, places: Mapping[Keys, Place]) -> str:
    """Say what was found and what is needed."""
    schema = _schema(keys)
    if kind == PROBLEM:
        return written
    if kind == "missing":
        return _missing(str(keys[-1]), schema)
    if kind in {"extra_forbidden", "invalid_key"}:
        return _unknown_key(keys[-1], sorted(_schema(keys[:-1])["properties"]) if False else _keys(keys[:-1]))
    return ""
