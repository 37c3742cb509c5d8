"""Reading a study's config: every mistake is found at once and told in the user's words, with file and line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.config.factors import Factors, as_written, expand, factor_problems, well_formed
from seedwise.config.messages import message, show
from seedwise.config.positions import Document, Keys, Place, Problem, label, merge_places, read_document
from seedwise.config.study import Location, Study, cross_problems


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
    document, data = _read_mapping(path)
    return _build(data, [document])


def read_yaml(path: str | Path) -> Mapping[Any, Any]:
    """Read a YAML file that holds a mapping, whatever its keys.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or holds something else.
    """
    return _read_mapping(path)[1]


def _read_mapping(path: str | Path) -> tuple[Document, Mapping[Any, Any]]:
    document = read_document(Path(path))
    if isinstance(document.data, Mapping):
        return document, document.data
    if document.problems:
        raise _error(document.problems)
    raise ConfigError([f"{path}:1: found {show(document.data)}; need a mapping of keys to values, as in config.yaml"])


def load_study(config: Mapping[str, Any], files: Sequence[Path] = ()) -> Study:
    """Build a study from a config that Snakemake has read, perhaps merged from several `files`.

    The files tell the line of each mistake. A value that stands in none of them came from `--config`.

    Raises:
        ConfigError: the config is not a study.
    """
    return _build(config, [read_document(Path(file), order) for order, file in enumerate(files)])


def _build(config: Mapping[Any, Any], documents: Sequence[Document]) -> Study:
    problems = [problem for document in documents for problem in document.problems]
    places = merge_places(documents)
    config, wrong = _with_variants(config)
    problems += [_problem(keys, told, _nearest(keys, places), "config") for keys, told in wrong]
    try:
        study = Study.model_validate(config)
    except ValidationError as error:
        raise _error([*problems, *_problems(error, config, places)]) from None
    if problems:
        raise _error(problems)
    return study


def _with_variants(config: Mapping[Any, Any]) -> tuple[dict[Any, Any], list[tuple[Location, str]]]:
    """Put the variants that `factors` stand for into a config; return it and what is wrong with its factors."""
    config = dict(config)
    if config.get("factors") is None:
        needless = [(("design",), "needs factors, whose combinations it chooses")] if "design" in config else []
        return config, list(needless)
    factors, design = as_written(config["factors"]), config.get("design", "product")
    config["factors"] = factors
    problems: list[tuple[Location, str]] = list(factor_problems(factors, design))
    if "variants" in config:
        return config, [(("factors",), "found beside variants; a study has one of the two"), *problems]
    if not problems and well_formed(factors):
        config["variants"] = expand(cast(Factors, factors), str(design))
    else:  # so that only the mistake itself is told
        config["variants"] = [{"name": _declared_baseline(config)}]
    return config, problems


def _declared_baseline(config: Mapping[Any, Any]) -> str:
    plan = config.get("analysis")
    name = plan.get("baseline") if isinstance(plan, Mapping) else None
    return name if isinstance(name, str) else "baseline"


def _error(problems: Iterable[Problem]) -> ConfigError:
    return ConfigError(dict.fromkeys(problem.text for problem in sorted(problems)))


def _problems(error: ValidationError, config: Mapping[Any, Any], places: Mapping[Keys, Place]) -> list[Problem]:
    problems = []
    for mistake in error.errors(include_url=False):
        kind, keys, found = mistake["type"], mistake["loc"], mistake["input"]
        if (
            keys[:1] == ("variants",)
            and config.get("factors") is not None
            and "variants" not in {place[0] for place in places if place}
        ):
            continue  # these variants were made of the factors, where the mistake is told
        if kind == "default_factory_not_called" or (kind == "too_short" and found):
            continue  # these follow from other mistakes: pydantic counts only the valid items of a list
        wrong_key = kind == "invalid_key"  # then `found` is the key as YAML reads it
        path: Keys = (*keys[:-1], found) if wrong_key else keys
        exact = places.get(path)
        same = exact is not None and repr(exact.value) == repr(found)
        told = message(kind, path, found, mistake["msg"], exact.text if exact and same else None)
        # Only a value can come from the command line: a key may be missing, and mappings are merged.
        place = _nearest(path, places) if same or wrong_key or found is None or isinstance(found, Mapping) else None
        problems.append(_problem(keys[:-1] if wrong_key else keys, told, place, "--config" if places else "config"))
    # Pydantic checks what spans several fields only when each of them is right.
    for keys, told in _cross_problems(config):
        problems.append(_problem(keys, told, _nearest(keys, places), "config"))
    return problems


def _cross_problems(config: Mapping[Any, Any]) -> list[tuple[Location, str]]:
    variants, seeds, plan = config.get("variants"), config.get("seeds"), config.get("analysis")
    names = [item.get("name") if isinstance(item, Mapping) else None for item in _list(variants)]
    return cross_problems(names, _list(seeds), plan if isinstance(plan, Mapping) else {})


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _nearest(path: Keys, places: Mapping[Keys, Place]) -> Place | None:
    """Place of the innermost part of a path that the files have."""
    return next((places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in places), None)


def _problem(keys: Location, told: str, place: Place | None, otherwise: str) -> Problem:
    text = f"{label(keys)}: {told}" if keys else told
    if place is None:
        return Problem(sys.maxsize, 0, 0, f"{otherwise}: {text}")
    return Problem(place.order, place.line, place.column, f"{place.file}:{place.line}: {text}")
