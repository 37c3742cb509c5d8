"""Reading a study's config: all mistakes are reported at once, in the user's words, with file and line."""

from __future__ import annotations

import copy
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from seedwise.basics.errors import UserError
from seedwise.basics.names import PROBLEM, one_line
from seedwise.basics.numerals import exponent_number
from seedwise.basics.secrets import MASK, is_secret_name
from seedwise.config.checks import HIGHER_IS_BETTER, Location, cross_problems
from seedwise.config.factors import Factors, as_written, expand, factor_problems, name_of, well_formed
from seedwise.config.messages import UNKNOWN_KEY, meant, message, show, wrong_key
from seedwise.config.overrides import PROGRAMS
from seedwise.config.positions import Document, Keys, Place, Problem, label, merge_places, read_document
from seedwise.config.study import Study

VARIANTS: Keys = ("variants",)
_LONGEST = 1500  # characters of a line about a mistake
PROGRAM_SECTIONS: set[Keys] = {(section,) for section in PROGRAMS}


class ConfigError(UserError):
    """A config that is not a study. `problems` holds one line per mistake, in the order of the file."""

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

    The files give the line of each mistake. A value that is in none of them came from `--config`.

    Raises:
        ConfigError: the config is not a study.
    """
    documents = [read_document(Path(file), order) for order, file in enumerate(files)]
    unread = [problem for document in documents if document.data is None for problem in document.problems]
    if unread:  # what Snakemake made of such a file may be too large to look at
        raise _error(unread)
    return _build(config, documents)


def _build(config: Mapping[Any, Any], documents: Sequence[Document]) -> Study:
    places = {_as_named(keys): place for keys, place in merge_places(documents).items()}
    alone = [document.data for document in documents] == [config]  # then nothing came from the command line
    of_factors = "variants" not in config and config.get("factors") is not None
    config, wrong = _with_variants(config)
    mistakes: list[_Mistake] = []
    config, study, error = _validated(config)
    if error:
        mistakes = _mistakes(error, config)
    if of_factors:  # then a mistake in the variants is one in the factors, where it is reported
        mistakes = [mistake for mistake in mistakes if mistake.keys[:1] != VARIANTS]
    misspelt = {_meant(mistake) for mistake in mistakes if mistake.kind in UNKNOWN_KEY}
    if misspelt & PROGRAM_SECTIONS:  # then what variants set are a program's settings
        mistakes = [mistake for mistake in mistakes if "set" not in mistake.keys and mistake.keys[:1] != ("factors",)]
    problems = [problem for document in documents for problem in document.problems]
    # The lines about a key that is only misspelt say all that its absence would add.
    problems += [
        _problem(keys, text, _nearest(keys, places), "config")
        for keys, text in wrong
        if not (keys == ("design",) and ("factors",) in misspelt)
    ]
    problems += [_worded(mistake, places, alone) for mistake in mistakes if not _follows(mistake, misspelt)]
    if study is None:  # pydantic checks what spans several keys only when each of them is right
        for keys, text in _cross_problems(config, misspelt):
            problems.append(_problem(keys, text, _nearest(keys, places), "config"))
    if study is None or problems:
        raise _error(problems)
    return study


def _validated(config: dict[Any, Any]) -> tuple[dict[Any, Any], Study | None, ValidationError | None]:
    """Return the config with texts such as 5e-4 as numbers where only a number fits, and the study or its mistakes."""
    try:
        return config, Study.model_validate(config), None
    except ValidationError as error:
        first = error
    texts = {_inside(raw["loc"], config): raw["input"] for raw in first.errors() if raw["type"] == "float_type"}
    numbers = {keys: number for keys, text in texts.items() if (number := exponent_number(text)) is not None}
    if not numbers:
        return config, None, first
    config = copy.deepcopy(config)
    for keys, number in numbers.items():
        inner = config
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = number
    try:
        return config, Study.model_validate(config), None
    except ValidationError as error:
        return config, None, error


def _as_named(keys: Keys) -> Keys:
    """Give factors and levels the names that the study has for them, whatever YAML reads."""
    return (*keys[:1], *map(name_of, keys[1:3]), *keys[3:]) if keys[:1] == ("factors",) else keys


def _with_variants(config: Mapping[Any, Any]) -> tuple[dict[Any, Any], list[tuple[Location, str]]]:
    """Add the variants that `factors` stand for to a config; return it and the problems of its factors."""
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
    else:  # so that only the mistake itself is reported
        config["variants"] = [{"name": _declared_baseline(config)}]
    return config, problems


def _declared_baseline(config: Mapping[Any, Any]) -> str:
    plan = config.get("analysis")
    name = plan.get("baseline") if isinstance(plan, Mapping) else None
    return name if isinstance(name, str) else "baseline"


def _error(problems: Iterable[Problem]) -> ConfigError:
    return ConfigError(dict.fromkeys(_shortened(one_line(problem.text)) for problem in sorted(problems)))


def _shortened(text: str) -> str:
    """Leave out the middle of a line that a very long key or value has made too long to be read."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST * 2 // 3]} … {text[-_LONGEST // 3 :]}"


class _Mistake(NamedTuple):
    """One of pydantic's errors.

    Attributes:
        kind: pydantic's type of it.
        keys: where it is.
        found: what stands there.
        written: pydantic's message.
        of_key: whether the key itself is wrong, as YAML reads it.
    """

    kind: str
    keys: Keys
    found: object
    written: str
    of_key: bool


def _mistakes(error: ValidationError, config: Mapping[Any, Any]) -> list[_Mistake]:
    mistakes = []
    for raw in error.errors(include_url=False):
        kind, keys, found = raw["type"], raw["loc"], raw["input"]
        if kind == "default_factory_not_called" or (kind == "too_short" and found):
            continue  # these follow from other mistakes: pydantic counts only the valid items of a list
        of_key = kind == "invalid_key" or keys[-1:] == ("[key]",)
        last: tuple[Hashable, ...] = ()
        if _is_secret(keys) and not isinstance(found, (Mapping, list)):
            found = MASK
        if of_key:
            keys, last = keys[: -1 if kind == "invalid_key" else -2], (cast(Hashable, found),)
        elif kind in ("missing", PROBLEM) and keys:  # then the last key may be one that the config has not
            keys, last = keys[:-1], keys[-1:]
        mistakes.append(_Mistake(kind, (*_inside(keys, config), *last), found, raw["msg"], of_key))
    return mistakes


def _is_secret(keys: Location) -> bool:
    """Whether the value at a place is that of a variable whose name says that it is a secret."""
    return len(keys) == 3 and keys[0] in PROGRAMS and keys[1] == "env" and is_secret_name(str(keys[2]))


def _inside(keys: Location, config: Any) -> Keys:
    """Return the keys that the config has, without the names by which pydantic calls the members of a union."""
    found: list[Hashable] = []
    for whole in keys:
        # A program's nested settings, {optim: {lr: 0.1}}, are checked by their dotted names.
        dotted = isinstance(whole, str) and isinstance(config, Mapping) and whole not in config
        for key in whole.split(".") if dotted and isinstance(whole, str) else (whole,):
            items = isinstance(config, (list, tuple)) and isinstance(key, int) and key < len(config)
            if items or (isinstance(config, Mapping) and key in config):
                config = config[key]
                found.append(key)
    return tuple(found)


def _meant(mistake: _Mistake) -> Keys:
    """Return the place of the key that a misspelt one stands for."""
    return (*mistake.keys[:-1], meant(mistake.keys))


def _follows(mistake: _Mistake, misspelt: set[Keys]) -> bool:
    """Whether a mistake needs no line of its own."""
    if mistake.kind != "missing":
        return False
    if mistake.keys == HIGHER_IS_BETTER:  # which is needed only with some metrics; the cross checks know
        return True
    return mistake.keys in misspelt or (mistake.keys == VARIANTS and ("factors",) in misspelt)


def _worded(mistake: _Mistake, places: Mapping[Keys, Place], alone: bool) -> Problem:
    """Put a mistake into words; `alone` is whether all of the config is in one file."""
    kind, keys, found, written, of_key = mistake
    exact = places.get(keys)
    same = exact is not None and repr(found) in (repr(exact.value), repr(exponent_number(exact.value)))
    if of_key and kind not in (*UNKNOWN_KEY, PROBLEM):
        text = wrong_key(found)
    else:
        text = message(kind, keys, found, written, exact.text if exact and same else None)
    # Only a value can come from the command line: a key may be missing, and mappings are merged.
    known = alone or same or of_key or found is None or isinstance(found, Mapping)
    place = _nearest(keys, places) if known else None
    shown = cast(Location, keys[:-1] if of_key else keys)
    return _problem(shown, text, place, "--config" if places else "config")


def _cross_problems(config: Mapping[Any, Any], misspelt: set[Keys]) -> list[tuple[Location, str]]:
    plan, wandb = config.get("analysis"), _mapping(_mapping(config.get("tracking")).get("wandb"))
    names = [_mapping(item).get("name") for item in _list(config.get("variants"))]
    # Runs of whatever a misspelt section describes may have any metric.
    pulled = config.get("runs") is not None or bool(misspelt & {("runs",), *PROGRAM_SECTIONS})
    if ("analysis", "higher_is_better") in misspelt:
        plan = {**_mapping(plan), "higher_is_better": None}
    return cross_problems(
        names,
        _list(config.get("seeds")),
        _mapping(plan),
        pulled=pulled,
        renamed=wandb.get("metric_names"),
        config=config,
    )


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _nearest(path: Keys, places: Mapping[Keys, Place]) -> Place | None:
    """Return the place of the innermost part of a path that the files have."""
    return next((places[path[:length]] for length in range(len(path), -1, -1) if path[:length] in places), None)


def _problem(keys: Location, text: str, place: Place | None, otherwise: str) -> Problem:
    text = f"{label(keys)}: {text}" if keys else text
    if place is None:
        return Problem(sys.maxsize, 0, 0, f"{otherwise}: {text}")
    return Problem(place.order, place.line, place.column, f"{place.file}:{place.line}: {text}")
