"""Messages about mistakes in a config: what was found and what is needed, in the user's words."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import yaml

from seedwise.basics.names import PROBLEM, nearest, not_known, quote, unknown_key
from seedwise.basics.numerals import exponent_number
from seedwise.basics.plugins import PATTERN
from seedwise.basics.secrets import MASK
from seedwise.basics.words import enumerate_words
from seedwise.config.study import Study

Schema = dict[str, Any]

_LONGEST = 60  # characters of a text that is quoted in a message
_MOST_PLACES = 3  # in which a misplaced key may belong, to be named
UNKNOWN_KEY = {"extra_forbidden", "invalid_key"}
"""Types of pydantic's errors about a key that no model has, or that is not text."""


def message(kind: str, keys: Sequence[Hashable], value: object, written: str, text: str | None) -> str:
    """Describe a mistake in one line.

    Args:
        kind: type of pydantic's error.
        keys: where it is, from the top of the config.
        value: what was found there.
        written: pydantic's message; shown only if we wrote it.
        text: the characters in the file if `value` is a scalar without quotes, else None.
    """
    schema = _schema_at(keys)
    if kind == PROBLEM:
        return written
    if kind == "missing":
        return _missing(str(keys[-1]), schema)
    if kind in UNKNOWN_KEY:
        return _unknown_key(keys)
    if kind == "string_pattern_mismatch":
        rule = (
            'it names a folder: use letters, digits, "_", "-" and single dots inside, and begin with a letter or digit'
        )
        more = (
            "; its label can be any text, and runs.map says what recorded runs call it" if keys[0] == "variants" else ""
        )
        return f"found {show(value)}; {rule}{more}"
    if kind == "string_type" and value is not None and not isinstance(value, (list, Mapping)):
        return _not_text(value, text)
    if kind == "literal_error" and isinstance(value, str):
        return not_known(value, _choices(schema))
    if schema.get("type") in {"integer", "number"} and isinstance(value, str):
        return _not_a_number(value, schema)
    if schema.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        return f"found {show(value)}; need {_need(schema)}: write {int(value)}"
    return f"found {show(value)}; need {_need(schema)}"


def wrong_key(key: object) -> str:
    """Say that a key is not text, and how to make it one."""
    return f'YAML reads a key here as {_kind(key)}, not as text; put it in quotes: "{key}"'


def meant(keys: Sequence[Hashable]) -> str | None:
    """Return the key that was probably meant by an unknown one; None if none is close."""
    key, valid = keys[-1], list(_schema_at(keys[:-1]).get("properties", {}))
    if not isinstance(key, str):
        return None
    # In a dotted path the section is wrong as often as the key, so compare the keys alone first.
    by_last_part = {path.rsplit(".", 1)[-1]: path for path in valid}
    return by_last_part.get(nearest(key.rsplit(".", 1)[-1], by_last_part) or "") or nearest(key, valid)


def show(value: object) -> str:
    """Write a value as in YAML; of lists and mappings, say only that they are that."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return quote(value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…")
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if isinstance(value, datetime.date):
        return f"the date {value}"
    return _flow(value)


def _flow(value: object) -> str:
    return yaml.safe_dump([value], default_flow_style=True, sort_keys=False, width=10**6).strip()[1:-1]


@functools.cache
def _root() -> Schema:
    return Study.model_json_schema()


def _resolve(schema: Schema) -> Schema:
    """Follow references; make one schema of the members of a union, except null, that has the keys of all of them."""
    if "$ref" in schema:
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return _resolve(_root()["$defs"][schema["$ref"].rsplit("/", 1)[1]] | own)
    members = [_resolve(option) for union in ("anyOf", "oneOf") for option in schema.get(union, [])]
    members = [member for member in members if member.get("type") != "null"]
    if not members:
        return schema
    around = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
    if len(members) == 1:
        return members[0] | around
    keys = {key: inner for member in members for key, inner in member.get("properties", {}).items()}
    return {"members": members} | ({"properties": keys} if keys else {}) | around


def _schema_at(keys: Sequence[Hashable]) -> Schema:
    """Return the resolved schema of a place; an empty one where a config has nothing."""
    schema = _resolve(_root())
    for key in keys:
        options = [inner for member in schema.get("members", [schema]) if (inner := _inside(member, key)) is not None]
        schema = _resolve(options[0] if len(options) == 1 else {"anyOf": options} if options else {})
    return schema


def _inside(schema: Schema, key: Hashable) -> Schema | None:
    named = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
    inner = schema["items"] if isinstance(key, int) and "items" in schema else named
    return inner if isinstance(inner, dict) else None


def _need(schema: Schema) -> str:
    if "members" in schema:
        return " or ".join(dict.fromkeys(_need(member) for member in schema["members"]))
    if "const" in schema:
        return show(schema["const"])
    if "enum" in schema:
        return f"one of {', '.join(_choices(schema))}"
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        bounds = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
        limits = " and ".join(f"{sign} {_limit(schema[key])}" for key, sign in bounds.items() if key in schema)
        return f"{'a whole number' if kind == 'integer' else 'a number'} {limits}".rstrip()
    example = f", for example {_flow(schema['examples'][0])}" if "examples" in schema else ""
    names = {
        "array": f"a list{_filled(schema, 'minItems')}",
        "object": "a mapping of keys to values",
        "boolean": "true or false",
    }
    if kind == "string" and schema.get("pattern") == f"^{PATTERN}$":
        return "a function of your own: package.module:function"
    if kind == "string":
        return f"text{_filled(schema, 'minLength')}"
    return names.get(str(kind), "another value") + example


def _choices(schema: Schema) -> list[str]:
    choices = schema["enum"] if "enum" in schema else [schema["const"]]
    return [choice if isinstance(choice, str) else _flow(choice) for choice in choices]


def _filled(schema: Schema, keyword: str) -> str:
    return " that is not empty" if keyword in schema else ""


def _limit(bound: float) -> str:
    return "2^63" if bound == 2**63 else f"{bound:g}" if isinstance(bound, float) else str(bound)


def _missing(key: str, schema: Schema) -> str:
    if "examples" in schema:
        return f"missing; for example {key}: {_flow(schema['examples'][0])}"
    if "enum" in schema or "const" in schema:
        return f"missing; need {_need(schema)}"
    description: str = schema.get("description", "it is needed")
    return f"missing; {description[0].lower()}{description[1:].rstrip('.')}"


def _unknown_key(keys: Sequence[Hashable]) -> str:
    key, valid = keys[-1], list(_schema_at(keys[:-1]).get("properties", {}))
    if not isinstance(key, str):
        return f"YAML reads a key here as {_kind(key)}, not as text. Valid keys: {', '.join(valid)}"
    inside = [path for path in valid if path.startswith(f"{key}.")]
    if inside:
        return f"a section; write dotted paths instead, such as {inside[0]}"
    if "." in key and any("." in path for path in valid) and _schema_at(key.split(".")):
        return f"the same for all variants, so a variant cannot set it. Valid keys: {', '.join(valid)}"
    return unknown_key(key, valid, meant(keys), _elsewhere(key))


def _elsewhere(key: str) -> str:
    """Say where a key of a wrong section belongs."""
    if key in _schema_at(())["properties"]:
        return "; it belongs at the top level."
    places = [section for section in _sections() if key in _schema_at(section)["properties"]]
    if not 0 < len(places) <= _MOST_PLACES:
        return "."
    return f"; it belongs in {enumerate_words(['.'.join(place) for place in places], 'or')}."


def _sections(above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every section below `above`, outer ones first."""
    inner = [(*above, key) for key in _schema_at(above)["properties"] if "." not in key]
    inner = [keys for keys in inner if _schema_at(keys).get("type") == "object" and "properties" in _schema_at(keys)]
    yield from inner
    for keys in inner:
        yield from _sections(keys)


def _kind(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"the number {_flow(value)}"
    return show(value)


def _not_text(value: object, text: str | None) -> str:
    if value == MASK:
        return "need text: put it in quotes"
    if text is None:
        return f"found {_kind(value)}; need text: put it in quotes"
    return f'YAML reads {text} as {_kind(value)}, not as text; put it in quotes: "{text}"'


def _not_a_number(value: str, schema: Schema) -> str:
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    if tag in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}:
        return f"found the text {show(value)}; remove the quotes"
    number = exponent_number(value)  # of a whole number: elsewhere it has been read as the number that it is
    if number is None or not number.is_integer():
        return f"found the text {show(value)}; need {_need(schema)}"
    return f"found the text {show(value)}; YAML reads it as text: write {number:.0f}"
