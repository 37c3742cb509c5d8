"""The `tracking` section of a study's config: which trackers mirror the runs, and how."""

from __future__ import annotations

import string
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from seedwise.basics.names import not_known, problem, quote
from seedwise.basics.plugins import is_plugin
from seedwise.basics.sections import Number, Section

Text = Annotated[str, Field(min_length=1)]
EPOCH_METRICS = ("epoch", "train_loss", "validation_loss", "validation_accuracy", "learning_rate", "seconds")
"""What a tracker is sent after every epoch."""
PLACES = ("study", "variant", "seed")
"""What the template of a run's name may hold."""


def _template(name: str) -> str:
    """Refuse a template with braces that stand for nothing we know."""
    try:
        parts = list(string.Formatter().parse(name))
    except ValueError:
        raise problem(
            f"found {quote(name)} (a brace is not closed); write places in braces: {{variant}}-seed{{seed}}"
        ) from None
    for _, place, format_spec, conversion in parts:
        if place is not None and (place not in PLACES or format_spec or conversion):
            raise problem(not_known(place, PLACES, "Places"))
    return name


def _renamed(names: dict[str, str]) -> dict[str, str]:
    """Refuse unknown metrics, and new names that would make two metrics one."""
    for metric in names:
        if metric not in EPOCH_METRICS:
            raise problem(not_known(metric, EPOCH_METRICS, "Metrics of an epoch"))
    shown = [names.get(metric, metric) for metric in EPOCH_METRICS]
    for name in shown:
        if shown.count(name) > 1:
            raise problem(f"two metrics would be called {quote(name)}; give each a name of its own")
    return names


def _plugins(trackers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for name in trackers:
        if not is_plugin(name):
            raise problem(f"found {quote(name)}; name a class of your own: package.module:Class")
    return trackers


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
    name: Annotated[
        Text,
        AfterValidator(_template),
        Field(
            description="W&B's name of a run, with {study}, {variant} and {seed}.", examples=["{variant}-run-{seed}"]
        ),
    ] = "{variant}-seed{seed}"
    group: Annotated[str | None, Field(min_length=1, description="W&B group; null is the study's name.")] = None
    job_type: Annotated[str | None, Field(min_length=1, description="W&B job type.")] = None
    tags: Annotated[tuple[Text, ...], Field(description="W&B tags.", examples=[["ablation", "cnn"]])] = ()
    notes: Annotated[str | None, Field(min_length=1, description="W&B notes.")] = None
    metric_names: Annotated[
        dict[str, Text],
        AfterValidator(_renamed),
        Field(
            description="What metrics of an epoch are called in W&B, where that is not their own name.",
            examples=[{"validation_loss": "val_loss"}],
        ),
    ] = Field(default_factory=dict)
    timeout: Annotated[
        Number, Field(ge=4, le=3600, description="Seconds that a W&B in trouble may cost a run, at most.")
    ] = 15
    upload_code: Annotated[
        bool,
        Field(strict=True, description="Also send the training script, the git commit and diff, and the packages."),
    ] = False
    upload_results: Annotated[
        bool,
        Field(
            strict=True,
            description="Also log results.md, tables and figures, as an artifact of one analysis run per study.",
        ),
    ] = False

    @property
    def uploads_results(self) -> bool:
        """Whether the study's results are logged too."""
        return self.upload_results and self.mode != "disabled"


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
    own: Annotated[
        dict[str, dict[str, Any]],
        AfterValidator(_plugins),
        Field(
            description="Trackers of your own: package.module:Class, and the arguments that it takes.",
            examples=[{"my_tracker:Notebook": {"path": "notebook.txt"}}],
        ),
    ] = Field(default_factory=dict)
