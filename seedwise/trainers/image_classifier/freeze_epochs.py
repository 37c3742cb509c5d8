"""The setting `model.trainable`: a word, or a mapping that says for how many epochs only the head learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from seedwise.basics.names import not_known, problem
from seedwise.basics.sections import Section, Whole

WORDS = ("all", "head")


class FreezeEpochs(Section):
    """Only the head learns for `freeze_epochs` epochs, then the whole model."""

    freeze_epochs: Annotated[Whole, Field(ge=1, description="Epochs in which only the head learns.")]


@dataclass(frozen=True)
class TrainableField:
    """Annotation of a field that accepts `all`, `head` or `{freeze_epochs: n}`."""

    def _check(self, value: object) -> str | FreezeEpochs:
        if isinstance(value, FreezeEpochs) or value in WORDS:
            return value
        if isinstance(value, str):
            raise problem(not_known(value, WORDS, more=", or a mapping {freeze_epochs: n}"))
        if not isinstance(value, Mapping):
            raise ValueError("expected a word or a mapping")  # noqa: TRY004 - pydantic takes no TypeError
        return FreezeEpochs.model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(WORDS)}, handler(FreezeEpochs.__pydantic_core_schema__)]}
