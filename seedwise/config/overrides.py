"""What a variant may set: dotted paths into the sections of the image classifier, or the settings of a program.

Which of the two it is depends on the study, so the study marks the mappings of a program before they are checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from seedwise.trainers.command.settings import flatten
from seedwise.trainers.image_classifier.settings import Overrides

PROGRAMS = ("command", "function")
"""Sections of a config that say that its runs are runs of a user's own program."""


class ProgramOverrides(dict[Any, Any]):
    """Overrides of a program's settings."""


class OverridesField:
    """Annotation of a field that holds overrides."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {"image": handler(Overrides), "program": handler(source)}
        return core_schema.tagged_union_schema(
            choices,
            discriminator=lambda value: "program" if isinstance(value, ProgramOverrides) else "image",
            serialization=core_schema.simple_ser_schema("any"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(handler(schema)["oneOf"][0])


def is_program(config: Mapping[Any, Any]) -> bool:
    """Whether the runs of a config are runs of a program."""
    return any(config.get(section) is not None for section in PROGRAMS)


def mark_overrides(config: Mapping[Any, Any]) -> dict[Any, Any]:
    """Mark all overrides in the config of a program; what has another form is left for the checks."""
    marked = dict(config)
    if isinstance(variants := config.get("variants"), (list, tuple)):
        marked["variants"] = [_marked_variant(variant) for variant in variants]
    if isinstance(factors := config.get("factors"), Mapping):
        marked["factors"] = {
            factor: {level: _marked(overrides) for level, overrides in levels.items()}
            if isinstance(levels, Mapping)
            else levels
            for factor, levels in factors.items()
        }
    return marked


def _marked_variant(variant: Any) -> Any:
    return {**variant, "set": _marked(variant["set"])} if isinstance(variant, Mapping) and "set" in variant else variant


def _marked(overrides: Any) -> Any:
    return ProgramOverrides(flatten(overrides)) if isinstance(overrides, Mapping) else overrides  # type: ignore[call-overload]
