"""The `runs` section of a study's config: analyse runs that were recorded elsewhere, instead of training."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from seedwise.basics.names import located
from seedwise.basics.sections import Number, Section
from seedwise.basics.words import enumerate_words

NEEDED = {"wandb": "project", "csv": "path", "mlflow": "experiment"}
ALLOWED = {"wandb": ("project", "entity", "filters", "timeout"), "csv": ("path",), "mlflow": ("experiment", "uri")}
OWN = {key for keys in ALLOWED.values() for key in keys}


class RunsSettings(Section):
    """Where runs that were recorded elsewhere come from, and what their columns are called there."""

    origin: Annotated[Literal["wandb", "csv", "mlflow"], Field(alias="from", description="Kind of source.")]
    path: Annotated[
        str | None, Field(min_length=1, description="CSV file, for example exported in W&B.", examples=["export.csv"])
    ] = None
    project: Annotated[str | None, Field(min_length=1, description="W&B project.", examples=["ablation"])] = None
    entity: Annotated[str | None, Field(min_length=1, description="W&B user or team; null is your default.")] = None
    filters: Annotated[
        dict[str, Any] | None,
        Field(description="W&B filters, as in MongoDB.", examples=[{"group": "fashion-mnist"}]),
    ] = None
    timeout: Annotated[Number, Field(gt=0, description="Seconds to wait for an answer of the W&B server.")] = 30
    experiment: Annotated[
        str | None, Field(min_length=1, description="MLflow experiment.", examples=["fashion-mnist"])
    ] = None
    uri: Annotated[
        str | None, Field(min_length=1, description="MLflow server or database; null is results/mlflow.db.")
    ] = None
    variant_key: Annotated[str, Field(min_length=1, description="Config key, tag or column with the variant.")] = (
        "variant"
    )
    seed_key: Annotated[str, Field(min_length=1, description="Config key, tag or column with the seed.")] = "seed"
    metric: Annotated[
        str | None,
        Field(
            min_length=1,
            description="What `analysis.metric` is called there; null tries final/<analysis.metric>, then that name.",
            examples=["val/acc"],
        ),
    ] = None
    duplicates: Annotated[
        Literal["latest", "first", "error"],
        Field(description="Which run counts if a variant has several finished runs with one seed."),
    ] = "latest"

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed, allowed = NEEDED[self.origin], ALLOWED[self.origin]
        fields = type(self).model_fields  # a study that was written out names every key, with its default
        given = sorted(key for key in OWN if getattr(self, key) != fields[key].default)
        problems = [
            ((key,), f"from: {self.origin} does not take it; it takes {enumerate_words(allowed)}")
            for key in given
            if key not in allowed
        ]
        if getattr(self, needed) is None:
            problems.append(((needed,), f"missing; from: {self.origin} needs it"))
        if problems:
            raise located("RunsSettings", problems)
        return self
