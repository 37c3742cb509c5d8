"""Which part of a model learns: a word, or a mapping that says when the rest joins in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from seedwise.basics.names import not_known, problem

WORDS = ("all", "head")


class FreezeEpochs(BaseModel):
    """The head alone learns for `freeze_epochs` epochs, then all of the model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    freeze_epochs: int


@dataclass(frozen=True)
class TrainableField:
    """Annotation of a field that takes `all`, `head` or `{freeze_epochs: n}`."""

    def _check(self, value: object) -> str | FreezeEpochs:
        if isinstance(value, FreezeEpochs) or value in WORDS:
            return value
        more = ", or a mapping {freeze_epochs: n}"
        if isinstance(value, str):
            raise problem(not_known(value, WORDS, more=more))
        if not isinstance(value, Mapping) or set(value) != {"freeze_epochs"}:
            raise problem(f"need one of {', '.join(WORDS)}{more}")
        epochs = value["freeze_epochs"]
        if type(epochs) is not int or epochs < 1:
            raise problem("freeze_epochs: need a whole number ≥ 1")
        return FreezeEpochs(freeze_epochs=epochs)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        epochs = {"type": "integer", "minimum": 1, "description": "Epochs in which only the head learns."}
        frozen = {
            "type": "object",
            "properties": {"freeze_epochs": epochs},
            "required": ["freeze_epochs"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"enum": list(WORDS)}, frozen]}
