"""What a mistake in a config is called: what was found and what is needed, in the user's words."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import yaml

from seedwise.basics.names import PROBLEM, nearest, not_known, quote
from seedwise.config.study import Study

Schema = dict[str, Any]

_LONGEST = 60  # characters of a text that is quoted in a message


def message(kind: str, keys: Sequence[Hashable], value: object, written: str, text: str | None) -> str:
    """Tell a mistake in one line.

    Args:
        kind: type of pydantic's error.
        keys: where it is, from the top of the config.
        value: what was found there.
        written: pydantic's message; shown only where it is our own.
        text: the characters in the file if `value` is a scalar without quotes, else None.
    """
    schema = _schema_at(keys)
    if kind == PROBLEM:
        return written
    if kind == "missing":
        return _missing(str(keys[-1]), schema)
    if kind in {"extra_forbidden", "invalid_key"}:
        return _unknown_key(keys)
    if kind == "string_pattern_mismatch":
        rule = (
            'it names a folder: use letters, digits, "_", "-" and single dots inside, and begin with a letter or digit'
        )
        return f"found {show(value)}; {rule}"
    if kind == "string_type" and value is not None and not isinstance(value, (list, Mapping)):
        return _not_text(value, text)
    if kind == "literal_error" and isinstance(value, str):
        return not_known(value, _choices(schema))
    if schema.get("type") in {"integer", "number"} and isinstance(value, str):
        return _not_a_number(value, schema)
    if schema.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        return f"found {show(value)}; need {_need(schema)}: write {int(value)}"
    return f"found {show(value)}; need {_need(schema)}"


def show(value: object) -> str:
    """Write a value as it would stand in YAML; lists and mappings only by their kind."""
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
    """Follow a reference, and take the one type of `X or null`."""
    if "$ref" in schema:
        schema = _root()["$defs"][schema["$ref"].rsplit("/", 1)[1]] | schema
    types = [option for option in schema.get("anyOf", []) if option.get("type") != "null"]
    return {**schema, **types[0]} if len(types) == 1 else schema


def _schema_at(keys: Sequence[Hashable]) -> Schema:
    schema = _resolve(_root())
    for key in keys:
        named = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
        inner = schema.get("items") if isinstance(key, int) else named
        schema = _resolve(inner if isinstance(inner, dict) else {})
    return schema


def _need(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join(_choices(schema))}"
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        bounds = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
        limits = " and ".join(f"{sign} {_limit(schema[key])}" for key, sign in bounds.items() if key in schema)
        return f"{'a whole number' if kind == 'integer' else 'a number'} {limits}"
    example = f", for example {_flow(schema['examples'][0])}" if "examples" in schema else ""
    names = {
        "array": f"a list{_filled(schema, 'minItems')}",
        "object": "a mapping of keys to values",
        "boolean": "true or false",
    }
    return (names[kind] + example) if kind in names else f"text{_filled(schema, 'minLength')}"


def _choices(schema: Schema) -> list[str]:
    return [choice if isinstance(choice, str) else _flow(choice) for choice in schema["enum"]]


def _filled(schema: Schema, keyword: str) -> str:
    return " that is not empty" if keyword in schema else ""


def _limit(bound: float) -> str:
    return "2^63" if bound == 2**63 else f"{bound:g}"


def _missing(key: str, schema: Schema) -> str:
    if "examples" in schema:
        return f"missing; for example {key}: {_flow(schema['examples'][0])}"
    description: str = schema["description"]
    return f"missing; {description[0].lower()}{description[1:].rstrip('.')}"


def _unknown_key(keys: Sequence[Hashable]) -> str:
    key, valid = str(keys[-1]), list(_schema_at(keys[:-1])["properties"])
    if not isinstance(keys[-1], str):
        return f"YAML reads a key here as {_kind(keys[-1])}, not as text. Valid keys: {', '.join(valid)}"
    inside = [path for path in valid if path.startswith(f"{key}.")]
    if inside:
        return f"a section; write dotted paths instead, such as {inside[0]}"
    if "." in valid[0] and "." in key and _schema_at(key.split(".")):
        return f"the same for all variants, so that none can replace it. Valid keys: {', '.join(valid)}"
    # The last part says more than the section before it, in which a wrong key is as often at fault.
    by_last_part = {path.rsplit(".", 1)[-1]: path for path in valid}
    guess = by_last_part.get(nearest(key.rsplit(".", 1)[-1], by_last_part) or "") or nearest(key, valid)
    hint = f'; did you mean "{guess}"?' if guess else _elsewhere(key)
    return f"unknown key{hint} Valid keys: {', '.join(valid)}"


def _elsewhere(key: str) -> str:
    """Where a key belongs that stands in a wrong section."""
    top = _schema_at(())["properties"]
    if key in top:
        return "; it belongs at the top level."
    for section in top:
        if key in _schema_at((section,)).get("properties", {}):
            return f"; it belongs in {section}."
    return "."


def _kind(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"the number {_flow(value)}"
    return show(value)


def _not_text(value: object, text: str | None) -> str:
    if text is None:
        return f"found {_kind(value)}; need text: put it in quotes"
    return f'YAML reads {text} as {_kind(value)}, not as text; put it in quotes: "{text}"'


def _not_a_number(value: str, schema: Schema) -> str:
    tag = yaml.SafeLoader("").resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]
    if tag in {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}:
        return f"found the text {show(value)}; remove the quotes"
    number = _numeral(value, whole=schema["type"] == "integer")
    if number is None:
        return f"found the text {show(value)}; need {_need(schema)}"
    return f"found the text {show(value)}; YAML reads it as text: write {number}"


def _numeral(text: str, *, whole: bool) -> str | None:
    """Write a number such as 1e-3 so that YAML reads it as a number; None if the text is no such number."""
    parts = re.fullmatch(r"([+-]?\d+)(\.\d*)?[eE]([+-]?)(\d+)", text.strip())
    if parts is None:
        return None
    if whole:
        return f"{float(text):.0f}" if float(text).is_integer() else None
    digits, fraction, sign, exponent = parts.groups()
    return f"{digits}{fraction or '.0'}e{sign or '+'}{exponent}"
