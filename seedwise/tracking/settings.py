"""The `tracking` section of a study's config: which trackers mirror the runs, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seedwise.settings import Number, Section

Text = Annotated[str, Field(min_length=1)]


class WandbSettings(Section):
    """Mirror of the runs in Weights & Biases."""

    mode: Annotated[
        Literal["offline", "online", "disabled", "auto"],
        Field(
            description="`offline` keeps the mirror in the study's folder; `auto` is online where an API key is there, "
            "else offline."
        ),
    ] = "offline"
    project: Annotated[str, Field(min_length=1, description="W&B project.")] = "ablation"
    entity: Annotated[str | None, Field(min_length=1, description="W&B user or team; null is your default.")] = None
    group: Annotated[str | None, Field(min_length=1, description="W&B group; null is the study's name.")] = None
    job_type: Annotated[str | None, Field(min_length=1, description="W&B job type.")] = None
    tags: Annotated[tuple[Text, ...], Field(description="W&B tags.", examples=[["ablation", "cnn"]])] = ()
    notes: Annotated[str | None, Field(min_length=1, description="W&B notes.")] = None
    timeout: Annotated[
        Number, Field(ge=4, le=3600, description="Seconds that a W&B in trouble may cost a run, at most.")
    ] = 15
    upload_code: Annotated[
        bool,
        Field(strict=True, description="Also send the training script, the git commit and diff, and the packages."),
    ] = False


class MlflowSettings(Section):
    """Mirror of the runs in MLflow; needs `pip install -r requirements-mlflow.txt`."""

    enabled: Annotated[bool, Field(strict=True, description="Whether to mirror the runs in MLflow.")] = False
    uri: Annotated[
        str | None,
        Field(
            min_length=1,
            description="MLflow server or database; null is the SQLite file results/mlflow.db.",
            examples=["http://127.0.0.1:5000"],
        ),
    ] = None
    experiment: Annotated[str | None, Field(min_length=1, description="Experiment; null is the study's name.")] = None
    timeout: Annotated[
        Number, Field(ge=4, le=3600, description="Seconds that an MLflow in trouble may cost a run, at most.")
    ] = 15


class TrackingSettings(Section):
    """Trackers that mirror the runs; the run records are the truth."""

    wandb: Annotated[WandbSettings, Field(description="Weights & Biases.")] = WandbSettings()
    mlflow: Annotated[MlflowSettings, Field(description="MLflow.")] = MlflowSettings()
