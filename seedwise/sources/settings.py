"""The `runs` section of a study's config: analyse runs that were recorded elsewhere, instead of training."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from seedwise.basics.errors import UserError
from seedwise.basics.names import located, problem
from seedwise.basics.sections import Address, Number, Section
from seedwise.basics.words import enumerate_words
from seedwise.sources.choices import KEYS, OF_ANSWERS, OF_RUNS, Decimal, Duplicates, Sample, Thousands, of_examples
from seedwise.sources.taking import parse_take

RESERVED = ("variant", "seed", "status", "reason", "source_run", "dataset")
"""Columns of runs.csv that are not metrics."""
TABLE = ("path", "encoding", "separator", "table", "layout", "run_name", "path_name")
NEEDED = {"wandb": "project", "trackio": "project", "csv": "path", "table": "path", "mlflow": "experiment"}
ALLOWED = {
    "wandb": ("project", "entity", "filters", "timeout"),
    "csv": TABLE,
    "table": TABLE,
    "mlflow": ("experiment", "uri"),
    "trackio": ("project",),
}
OWN = {key for keys in ALLOWED.values() for key in keys}
PLACES = ("origin", "path", "project", "entity", "experiment", "uri", "timeout", "encoding", "separator")
"""Where rows are and how they are read: they may be moved, or written again, without another choice of them."""

Text = Annotated[str, Field(min_length=1)]


class RunsSettings(Section):
    """Where runs that were recorded elsewhere come from, and what their columns are called there."""

    origin: Annotated[
        Literal["wandb", "csv", "table", "mlflow", "trackio"],
        Field(alias="from", description="Kind of source; table reads files of any format, and csv is the same."),
    ]
    path: Annotated[
        Text | None,
        Field(
            description="File or pattern, relative to the folder of the config.",
            examples=["export.csv", "runs/*/metrics.csv"],
        ),
    ] = None
    project: Annotated[Text | None, Field(description="W&B or trackio project.", examples=["ablation"])] = None
    entity: Annotated[Text | None, Field(description="W&B user or team; null is your default.")] = None
    filters: Annotated[
        dict[str, Any] | None,
        Field(description="W&B filters, as in MongoDB.", examples=[{"group": "fashion-mnist"}]),
    ] = None
    timeout: Annotated[
        Number, Field(gt=0, le=86400, description="Seconds to wait for an answer of the W&B server.")
    ] = 30
    experiment: Annotated[Text | None, Field(description="MLflow experiment.", examples=["fashion-mnist"])] = None
    uri: Annotated[Address | None, Field(description="MLflow server or database; null is results/mlflow.db.")] = None
    variant_key: Annotated[
        Text | Annotated[list[Text], Field(min_length=1)],
        Field(description="Config key, tag or column with the variant; a list makes it of several."),
    ] = "variant"
    seed_key: Annotated[
        Text | None,
        Field(
            description="Config key, tag or column with the seed; null looks for seed, and answers have none.",
            examples=["run"],
        ),
    ] = None
    status_key: Annotated[
        Text | None, Field(description="Column that says how a run ended; null looks for status, state and the like.")
    ] = None
    created_key: Annotated[
        Text | None,
        Field(description="Column with the date of a run; null looks for Created, start_time and the like."),
    ] = None
    sample: Annotated[
        Sample | None,
        Field(
            description="What is new next time: runs, or the examples of an evaluation, whose rows are answers; null "
            "is examples where `example` is given, else runs."
        ),
    ] = None
    example: Annotated[Text | None, Field(description="Column with what was asked; makes the examples the sample.")] = (
        None
    )
    cluster: Annotated[
        Text | None,
        Field(description="Column of what examples share, such as a text, so that they are not independent."),
    ] = None
    repeat: Annotated[
        Text | None, Field(description="Column with the number of the answer, where a model answered several times.")
    ] = None
    judge: Annotated[Text | None, Field(description="Column that says who scored the answer, where several did.")] = (
        None
    )
    dataset: Annotated[Text | None, Field(description="Column of an evaluation's datasets; each has a verdict.")] = None
    digest: Annotated[
        Text | None, Field(description="Column with a digest of what was asked: an example with two is refused.")
    ] = None
    metric: Annotated[
        Text | None,
        Field(
            description="What `analysis.metric` is called there; null tries final/<analysis.metric>, then that name.",
            examples=["val/acc"],
        ),
    ] = None
    duplicates: Annotated[
        Duplicates,
        Field(
            description="Which run counts if a variant has several finished runs with one seed: the latest or first by "
            "date, or the last or first row."
        ),
    ] = "latest"
    where: Annotated[
        list[Text], Field(description="Conditions that a run must meet to count.", examples=[["env=Hopper-v4"]])
    ] = Field(default_factory=list)
    ignore: Annotated[
        list[Text], Field(description="Columns that may differ between runs of a variant.", examples=[["hostname"]])
    ] = Field(default_factory=list)
    rename: Annotated[
        dict[Text, Text],
        Field(
            alias="map",
            description="Variants by the name that they have there.",
            examples=[{"openai/baselines PPO2": "ppo2"}],
        ),
    ] = Field(default_factory=dict)
    states: Annotated[
        dict[str, Literal["finished", "diverged", "failed", "running"]],
        Field(description="What a word in the column of states means.", examples=[{"abandoned": "failed"}]),
    ] = Field(default_factory=dict)
    take: Annotated[
        Text | None,
        Field(description="Which row of a run's history counts: last, first, best, best:COLUMN or mean-last:K."),
    ] = None
    decimal: Annotated[Decimal, Field(description="Decimal mark of numbers.")] = "."
    thousands: Annotated[Thousands | None, Field(description="Mark between groups of three digits.")] = None
    encoding: Annotated[Text | None, Field(description="Encoding of text; null finds out.")] = None
    separator: Annotated[
        str | None, Field(min_length=1, max_length=1, description="Between cells; null finds out.")
    ] = None
    table: Annotated[Text | None, Field(description="Sheet or table of a file that has several.")] = None
    layout: Annotated[Text | None, Field(description="Layout of the table; null recognises it.")] = None
    run_name: Annotated[
        Text | None,
        Field(description="What runs that only have a name are called.", examples=["{variant}-s{seed}"]),
    ] = None
    path_name: Annotated[
        Text | None,
        Field(description="What the paths of files say.", examples=["runs/{variant}/seed{seed}/metrics.csv"]),
    ] = None

    @field_validator("take")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parse_take(value)
            except UserError as error:
                raise problem(str(error)) from None
        return value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed, allowed = NEEDED[self.origin], ALLOWED[self.origin]
        fields = type(self).model_fields  # a study that was written out names every key, with its default
        given = sorted(key for key in OWN if self._given(key))
        problems = [
            ((key,), f"from: {self.origin} does not take it; it takes {enumerate_words(allowed)}")
            for key in given
            if key not in allowed
        ]
        if getattr(self, needed) is None:
            problems.append(((needed,), f"missing; from: {self.origin} needs it"))
        problems += self._unused(given={key for key in fields if self._given(key)})
        if self.decimal == self.thousands:
            problems.append((("thousands",), f"found {self.thousands!r}, which is the decimal mark"))
        if problems:
            raise located("RunsSettings", problems)
        return self

    def _given(self, key: str) -> bool:
        return bool(getattr(self, key) != type(self).model_fields[key].get_default(call_default_factory=True))

    def _unused(self, given: Collection[str]) -> Iterator[tuple[tuple[str], str]]:
        """Yield what means nothing for such rows, because nobody would notice that it is ignored."""
        if self.evaluation and self.origin not in ("csv", "table"):
            yield ("sample",), f"from: {self.origin} has runs, not answers; examples are read from: table"
        elif self.evaluation:
            for key in (KEYS.get(name, name) for name in OF_RUNS):
                if key in given:
                    yield (key,), "the rows of an evaluation are answers, not runs; remove it"
        else:
            for key in (*OF_ANSWERS, "dataset"):
                if key in given:
                    yield (key,), "is for an evaluation, whose rows are answers: add sample: examples, or remove it"

    @property
    def evaluation(self) -> bool:
        """Whether the rows are answers, whose examples are the sample."""
        return of_examples(self.sample, self.example)

    @property
    def columns_of_answers(self) -> dict[str, str]:
        """The columns that say what the answers of an evaluation are, by key."""
        given = {"sample": "examples"} | {key: getattr(self, key) for key in (*OF_ANSWERS, "dataset", "seed_key")}
        return {key: column for key, column in given.items() if column is not None}

    @property
    def choices(self) -> dict[str, Any]:
        """What decides which rows count, as what and with which number, by key; without what has its default."""
        plain, columns = self.model_dump(mode="json"), self.columns_of_answers if self.evaluation else {}
        return {
            field.alias or name: plain[name]
            for name, field in type(self).model_fields.items()
            if name not in (*PLACES, *columns, "sample") and self._given(name)
        }

    @property
    def variant_columns(self) -> Sequence[str]:
        """Columns that make the variant together."""
        return [self.variant_key] if isinstance(self.variant_key, str) else self.variant_key
