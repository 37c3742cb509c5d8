"""The `runs` section of a study's config: analyse runs that were recorded elsewhere instead of training."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from seedwise.basics.names import problem
from seedwise.basics.sections import Number, Section

NEEDED = {"wandb": "project", "csv": "path", "mlflow": "experiment"}
ALLOWED = {"wandb": {"project", "entity", "filters", "timeout"}, "csv": {"path"}, "mlflow": {"experiment", "uri"}}
OWN = set().union(*ALLOWED.values())


class RunsSettings(Section):
    """Where runs come from that are not trained here, and what their columns are called there."""

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
    timeout: Annotated[Number, Field(gt=0, description="Seconds that the W&B server has for an answer.")] = 30
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
        Field(min_length=1, description="What `analysis.metric` is called there; null is final/<analysis.metric>."),
    ] = None
    duplicates: Annotated[
        Literal["latest", "first", "error"],
        Field(description="Which run counts where a variant has finished a seed more than once."),
    ] = "latest"

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = NEEDED[self.origin]
        if getattr(self, needed) is None:
            raise problem(f"from: {self.origin} needs {needed}")
        fields = type(self).model_fields  # a study that was written out names every key, with its default
        given = {key for key in OWN if getattr(self, key) != fields[key].default}
        foreign = sorted(given - ALLOWED[self.origin])
        if foreign:
            raise problem(f"from: {self.origin} takes no {', '.join(foreign)}")
        return self
