"""The keys `results`, `history` and `scores` of a study: where a program's numbers come from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from seedwise.basics.names import located, nearest, not_known, problem, quote
from seedwise.basics.sections import Section, Whole
from seedwise.basics.words import enumerate_words
from seedwise.trainers.command.program_settings import LOGGED, Logged

Word = Literal["last", "first", "best", "min", "max", "only"]
WORDS: tuple[Word, ...] = get_args(Word)
Text = Annotated[str, Field(min_length=1)]


def _pattern(text: str) -> str:
    """Refuse what is no regular expression with one group."""
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise problem(f"found {quote(text)}, which is not a regular expression: {error}") from None
    if groups == 0:
        raise problem(f"found {quote(text)}, which has no group; put the number in parentheses: 'Accuracy: (\\S+)'")
    if groups > 1:
        raise problem(
            f"found {quote(text)}, which has {groups} groups; put only the number in a group, the others in (?:…)"
        )
    return text


def _by_name(keys: object) -> object:
    """Let a key, or a list of them, stand for metrics of the same names."""
    if isinstance(keys, str):
        return {keys: keys}
    if isinstance(keys, (list, tuple)) and all(isinstance(key, str) for key in keys):
        return {key: key for key in keys}
    return keys


def _kind_of(value: object) -> str:
    return "word" if isinstance(value, str) else "mapping"


def _known_word(value: object) -> object:
    if isinstance(value, str) and value not in WORDS:
        raise problem(not_known(value, WORDS, more=", {mean_last: 10}, {at_min: name}, {at_max: name}"))
    return value


def _logged_or_mapping(value: object) -> object:
    """Refuse a text that is not `logged`; it is mostly a path whose kind is missing."""
    if isinstance(value, str) and value != LOGGED:
        kind = {"json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv", "tsv": "csv"}
        guess = kind.get(value.rpartition(".")[2].lower())
        if guess is None and nearest(value, [LOGGED]):
            raise problem(f"found {quote(value)}; did you mean {quote(LOGGED)}?")
        raise problem(f"found {quote(value)}; say of what kind it is: {{{guess or 'json'}: {quote(value)}}}")
    return value


def _listed(value: object) -> object:
    """Let one source stand for a list of one, and refuse texts that are not sources."""
    items = value if isinstance(value, (list, tuple)) else [value]
    return [_logged_or_mapping(item) for item in items]


Pattern = Annotated[Text, AfterValidator(_pattern)]
Keys = Annotated[dict[Text, Text], BeforeValidator(_by_name, json_schema_input_type=dict[str, str] | list[str] | str)]


class Choice(Section):
    """Which of many values counts, where a word does not say it."""

    mean_last: Annotated[Whole | None, Field(ge=1, description="The mean of the last so many values.")] = None
    at_min: Annotated[
        str | None,
        Field(min_length=1, description="The values where this metric or column is smallest.", examples=["val_loss"]),
    ] = None
    at_max: Annotated[
        str | None,
        Field(min_length=1, description="The values where this metric or column is largest.", examples=["val_acc"]),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [key for key, value in self if value is not None]
        if not given:
            raise located("Choice", [(("mean_last",), "missing; need it, at_min or at_max, for example mean_last: 10")])
        if len(given) > 1:
            raise located("Choice", [((given[1],), f"found beside {given[0]}; only one of them can choose")])
        return self

    def __str__(self) -> str:
        return next(f"{{{key}: {value}}}" for key, value in self if value is not None)


Take = Annotated[
    Annotated[Word, Tag("word")] | Annotated[Choice, Tag("mapping")],
    Discriminator(_kind_of),
    BeforeValidator(_known_word, json_schema_input_type=Word | Choice),
]


class Source(Section):
    """One place where numbers come from: exactly one kind, and what to take from it."""

    kinds: ClassVar[tuple[str, ...]] = ("json", "jsonl", "csv")
    extras: ClassVar[dict[str, tuple[str, ...]]] = {"rows": ("json",)}
    """Keys that fit only some kinds."""

    json_: Annotated[
        str | None,
        Field(alias="json", min_length=1, description="JSON file.", examples=["{out}/final.json"]),
    ] = None
    jsonl: Annotated[
        str | None,
        Field(min_length=1, description="File with one JSON object per line.", examples=["{out}/metrics.jsonl"]),
    ] = None
    csv: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Table with a header; comma, tab or semicolon between cells.",
            examples=["{out}/metrics.csv"],
        ),
    ] = None
    rows: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Dotted key of a list of objects in the JSON file, which is then read as a table.",
            examples=["log_history"],
        ),
    ] = None

    def given(self) -> dict[str, Any]:
        """Return what is set, by the name that it has in YAML."""
        fields = type(self).model_fields
        return {fields[name].alias or name: value for name, value in self if value is not None}

    @property
    def kind(self) -> str:
        """Kind of the source."""
        return next(key for key in self.given() if key in self.kinds)

    @property
    def path(self) -> str | None:
        """Path with placeholders; None if it reads the program's output."""
        value = self.given()[self.kind]
        return value if isinstance(value, str) else None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        given = self.given()
        kinds = [key for key in given if key in self.kinds]
        name = type(self).__name__
        if not kinds:
            message = f"missing; a source needs one of {enumerate_words(self.kinds, 'or')}"
            raise located(name, [((self.kinds[0],), message)])
        if len(kinds) > 1:
            more = "; for several, write a list of them" if isinstance(self, ResultsSource) else ""
            raise located(name, [((kinds[1],), f"found beside {kinds[0]}; a source has one of them{more}")])
        problems = [
            ((key,), f"{kinds[0]} does not take it; it belongs to {enumerate_words(fitting)}")
            for key, fitting in self.extras.items()
            if key in given and kinds[0] not in fitting
        ]
        if problems:
            raise located(name, problems)
        return self


class MetricsSource(Source):
    """A source of several metrics."""

    kinds: ClassVar[tuple[str, ...]] = ("json", "jsonl", "csv", "stdout", "tensorboard", "mlflow")
    extras: ClassVar[dict[str, tuple[str, ...]]] = {
        "rows": ("json",),
        "keys": ("json", "jsonl", "csv", "tensorboard", "mlflow"),
    }

    stdout: Annotated[
        dict[Text, Pattern] | None,
        Field(
            min_length=1,
            description="Metrics by regular expressions on the lines of the program's output, with one group each.",
            examples=[{"accuracy": r"Accuracy: (\d+/\d+)"}],
        ),
    ] = None
    tensorboard: Annotated[
        str | None,
        Field(min_length=1, description="Folder with TensorBoard's events, also below it.", examples=["{out}"]),
    ] = None
    mlflow: Annotated[
        str | None,
        Field(
            min_length=1,
            description="MLflow's store: a folder, or a database as sqlite:///….",
            examples=["sqlite:///{out}/mlflow.db"],
        ),
    ] = None
    keys: Annotated[
        Keys | None,
        Field(
            min_length=1,
            description="Which numbers, as `metric: key`, or a list of keys. Keys are names of columns or tags, or "
            "dotted paths into JSON. Without it: all of them.",
            examples=[{"val_bpb": "eval.bpb"}],
        ),
    ] = None

    @property
    def names(self) -> Mapping[str, str] | None:
        """Key or pattern by metric; None if every number is one."""
        return self.stdout if self.stdout is not None else self.keys


class ResultsSource(MetricsSource):
    """Where a run's metrics are read."""

    take: Annotated[
        Take,
        Field(
            description="Which of several values counts; `best` is where the metric that decides is best.",
            examples=["last", {"mean_last": 10}],
        ),
    ] = "last"

    @model_validator(mode="after")
    def _chooses_by_what_it_has(self) -> Self:
        by = chosen_by(self.take)
        if by is not None and self.stdout is not None and by not in self.stdout:
            raise located("ResultsSource", [(("take",), not_known(by, list(self.stdout), "Patterns"))])
        return self


class HistorySource(MetricsSource):
    """Where a run's learning curves are read."""

    step: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Column, tag or pattern that numbers the rows. Without it: step, global_step, iteration, "
            "epoch, … whichever is there, else the number of the row.",
            examples=["epoch"],
        ),
    ] = None

    @model_validator(mode="after")
    def _steps_are_there(self) -> Self:
        if self.step is not None and self.stdout is not None and self.step not in self.stdout:
            raise located("HistorySource", [(("step",), not_known(self.step, list(self.stdout), "Patterns"))])
        if self.step is not None and (self.tensorboard is not None or self.mlflow is not None):
            raise located("HistorySource", [(("step",), f"{self.kind} has steps of its own; remove it")])
        return self


class ScoresSource(Source):
    """Where a run's scores per test example are read."""

    id: Annotated[str, Field(min_length=1, description="Column with the name or number of each example.")] = "id"
    value: Annotated[str, Field(min_length=1, description="Column with its score; true and false are 1 and 0.")] = (
        "value"
    )
    cluster: Annotated[
        str | None,
        Field(
            min_length=1, description="Column with the group that examples belong to, such as a document or a speaker."
        ),
    ] = None
    metric: Annotated[
        str | None, Field(min_length=1, description="Metric that is the mean of the scores; it is then checked.")
    ] = None


_Results = Annotated[
    Annotated[Logged, Tag("word")] | Annotated[ResultsSource, Tag("mapping")],
    Discriminator(_kind_of),
]
Results = Annotated[
    tuple[_Results, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=Logged | ResultsSource | list[Logged | ResultsSource]),
]
"""Value of `results`: one source or a list of them."""
History = Annotated[
    Annotated[Logged, Tag("word")] | Annotated[HistorySource, Tag("mapping")],
    Discriminator(_kind_of),
    BeforeValidator(_logged_or_mapping, json_schema_input_type=Logged | HistorySource),
]
"""Value of `history`."""
ScoresOf = Annotated[
    Annotated[Logged, Tag("word")] | Annotated[ScoresSource, Tag("mapping")],
    Discriminator(_kind_of),
    BeforeValidator(_logged_or_mapping, json_schema_input_type=Logged | ScoresSource),
]
"""Value of `scores`."""


def chosen_by(take: Word | Choice) -> str | None:
    """Return the metric or column by which a row is chosen; None if rows are not chosen by a column."""
    return (take.at_min or take.at_max) if isinstance(take, Choice) else None


def paths(*values: Sequence[Source | Logged] | Source | Logged | None) -> Iterator[str]:
    """Yield every path with placeholders in the values of `results`, `history` and `scores`."""
    for value in values:
        for source in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            if isinstance(source, Source) and source.path is not None:
                yield source.path


def takes_best(source: ResultsSource | Logged) -> bool:
    """Whether a source takes the value where the metric that decides is best."""
    return isinstance(source, ResultsSource) and source.take == "best"


def cautions(
    results: Sequence[ResultsSource | Logged] | None,
    metric: str,
    *others: Source | Logged | None,
    isolated: bool = False,
) -> list[str]:
    """Say what is allowed and yet may mislead, one sentence each.

    Args:
        results: value of `results`.
        metric: the metric that decides.
        others: values of `history` and `scores`.
        isolated: whether each run has a copy of the program's folder, in which relative paths start.
    """
    found = [
        f"take: {source.take} chooses the checkpoint by {metric}, which also judges it: noisy runs look better. "
        "Choose by a validation metric, for example take: {at_min: val_loss}"
        for source in results or ()
        if isinstance(source, ResultsSource) and _chosen_on_itself(source, metric)
    ]
    found += [
        f"{path} lies outside {{out}}: runs for which it is the same path take turns, and none may write it otherwise"
        for path in dict.fromkeys(paths(results, *others))
        if not ("{out}" in path or ("{seed}" in path and path.count("{") > 1))
        if not isolated or path.startswith(("/", "~", "sqlite:////")) or ".." in path.split("/")
    ]
    return found


def _chosen_on_itself(source: ResultsSource, metric: str) -> bool:
    names = source.names
    if names is not None and metric not in names:
        return False
    if isinstance(source.take, Choice):
        return chosen_by(source.take) in (metric, (names or {}).get(metric, metric))
    return source.take in ("best", "min", "max")
