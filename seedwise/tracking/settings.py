"""The `tracking` section of a study's config: which trackers mirror the runs, and how."""

from __future__ import annotations

import string
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from seedwise.basics.names import not_known, problem, quote
from seedwise.basics.plugins import is_plugin
from seedwise.basics.secrets import is_secret_name
from seedwise.basics.sections import Address, Number, Section

Text = Annotated[str, Field(min_length=1)]
PLACES = ("study", "variant", "seed")
"""What may stand in braces in the template of a run's name."""


def _template(name: str) -> str:
    """Refuse a template with a place that is unknown."""
    try:
        parts = list(string.Formatter().parse(name))
    except ValueError:
        raise problem(
            f"found {quote(name)}, in which a brace is not closed; write places in braces: {{variant}}-seed{{seed}}"
        ) from None
    for _, place, format_spec, conversion in parts:
        if place is not None and (place not in PLACES or format_spec or conversion):
            raise problem(not_known(place, PLACES, "Places"))
    return name


def _plugins(trackers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Refuse names that are not classes, and keys, which would stand in the file from which runs read this section."""
    for name in trackers:
        if not is_plugin(name):
            raise problem(f"found {quote(name)}; need a class of your own: package.module:Class")
        if secret := next((key for key, value in trackers[name].items() if value and is_secret_name(key)), None):
            raise problem(
                f"{quote(secret)} looks like a secret, which files of the results would show; let the class read it "
                "from the environment"
            )
    return trackers


class WandbSettings(Section):
    """Mirror of the runs in Weights & Biases."""

    mode: Annotated[
        Literal["offline", "online", "disabled", "auto"],
        Field(
            description="`offline` keeps the mirror in the study's folder; `auto` is online if there is an API key, "
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
        Field(
            description="What columns of the history are called in W&B, if not by their own name.",
            examples=[{"validation_loss": "val_loss"}],
        ),
    ] = Field(default_factory=dict)
    timeout: Annotated[Number, Field(ge=4, le=3600, description="Most seconds that a failing W&B may cost a run.")] = 15
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
        Address | None,
        Field(
            description="MLflow server or database; null is the SQLite file results/mlflow.db.",
            examples=["http://127.0.0.1:5000"],
        ),
    ] = None
    experiment: Annotated[str | None, Field(min_length=1, description="Experiment; null is the study's name.")] = None
    timeout: Annotated[
        Number, Field(ge=4, le=3600, description="Most seconds that a failing MLflow may cost a run.")
    ] = 15


class TrackingSettings(Section):
    """Trackers that mirror the runs; the run records remain the truth."""

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

    @property
    def mirrors(self) -> bool:
        """Whether any tracker mirrors the runs."""
        return self.wandb.mode != "disabled" or self.mlflow.enabled or bool(self.own)
