"""The sections `command` and `function` of a study."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    field_serializer,
)

from seedwise.basics.names import problem, quote
from seedwise.basics.nested import flat
from seedwise.basics.plugins import PATTERN
from seedwise.basics.secrets import MASK, has_password, masked
from seedwise.basics.sections import Section, Whole
from seedwise.trainers.command.command_line import (
    BOOLEANS,
    STYLE,
    Booleans,
    Style,
    placeholders,
    split_command,
)
from seedwise.trainers.command.environments import EnvironmentSettings
from seedwise.trainers.command.outputs.settings import History, Results, ScoresOf, takes_best
from seedwise.trainers.command.program_settings import ProgramSettings

if TYPE_CHECKING:
    from seedwise.plan import Plan

Text = Annotated[str, Field(min_length=1)]
SCALAR = StrictBool | StrictInt | StrictFloat | StrictStr | None
SettingValue = Annotated[SCALAR | tuple[SCALAR, ...], AfterValidator(lambda value: _passable(value))]
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")


def flatten(settings: object) -> object:
    """Turn nested settings into dotted names: `{optim: {lr: 0.1}}` becomes `{optim.lr: 0.1}`."""
    if not isinstance(settings, Mapping):
        return settings
    return dict(flat(settings))


def _seconds(limit: object) -> object:
    """Read a time limit such as `90 min` as seconds."""
    if not isinstance(limit, str):
        return limit
    try:
        return seconds_of(limit)
    except ValueError as error:
        raise problem(str(error)) from None


def seconds_of(text: str) -> float:
    """Read a duration such as `90 min` as seconds.

    Raises:
        ValueError: it is none; the message says what is needed.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"found {quote(text)}; need seconds, or a number with s, min, h or d: 90 min")
    return float(found[1]) * _UNITS[found[2]]


def _words(run: str | tuple[str, ...]) -> str | tuple[str, ...]:
    try:
        words = split_command(run)
    except ValueError as error:
        raise problem(f"found {quote(str(run))}, in which a quote is not closed ({error})") from None
    if not words or not words[0]:
        raise problem("found no program; need a command, for example python train.py --seed {seed}")
    for word in words:
        _without_password(word)
    return run


def _call(function: object) -> object:
    """Read `function: module:name` as the section with that function."""
    return {"call": function} if isinstance(function, str) else function


def _passable(value: Any) -> Any:
    """Refuse texts that no program can be given."""
    for part in value if isinstance(value, tuple) else (value,):
        if isinstance(part, str) and ("\0" in part or any("\ud800" <= character <= "\udfff" for character in part)):
            raise problem(f"found {quote(part)}, with a character that cannot be passed to a program")
        if isinstance(part, str):
            _without_password(part)
    return value


def _without_password(text: str) -> None:
    """Refuse an address with a password in what the record of a run shows."""
    if has_password(text):
        raise problem(
            "found an address with a password, which every run record would show; give it to the program by env:"
        )


def _value_of_variable(value: str | None) -> str | None:
    """Refuse texts that no variable can have; they may be secrets, and are not shown."""
    if value is not None and ("\0" in value or any("\ud800" <= character <= "\udfff" for character in value)):
        raise problem("found a character that cannot be passed to a program")
    return value


def _variable(name: str) -> str:
    """Refuse what is no name of an environment variable."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise problem(f"found {quote(name)}; need the name of an environment variable: letters, digits and _")
    return name


Limit = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=10 * 365 * 86400)]


class Arguments(Section):
    """How `{args}` writes the settings."""

    style: Annotated[Style, Field(description="How a setting is written; Hydra takes key=value.")] = STYLE
    booleans: Annotated[
        Booleans,
        Field(description="`flag`: --key or nothing; `no-flag`: --key or --no-key; `value`: --key True or False."),
    ] = BOOLEANS


class Resume(Section):
    """How an interrupted run goes on from a checkpoint."""

    checkpoint: Annotated[
        Text, Field(description="Where the program saves it; * and ? match, and the latest file counts.")
    ]
    args: Annotated[
        str, Field(description="Arguments to add then, with {checkpoint}; none for a program that looks by itself.")
    ] = ""


class Program(Section):
    """What the sections `command` and `function` have in common."""

    settings: Annotated[
        dict[str, SettingValue],
        BeforeValidator(flatten),
        Field(
            description="Every setting that a variant may set, with its default.",
            examples=[{"lr": 0.001, "dropout": 0.0}],
        ),
    ] = Field(default_factory=dict)
    folder: Annotated[str, Field(min_length=1, description="Where the program runs; relative to the study's file.")] = (
        "."
    )
    code: Annotated[
        tuple[Text, ...] | None,
        Field(
            min_length=1,
            description="Files that decide its numbers; null: sources that git tracks or does not ignore, of Python "
            "files those that the command reaches.",
            examples=[["*.py", "src/**/*.py"]],
        ),
    ] = None
    data: Annotated[
        tuple[Text, ...],
        Field(
            description="Files and folders that it reads; a change of them reruns it.", examples=[["data/train.txt"]]
        ),
    ] = ()
    results: Annotated[
        Results | None, Field(description="Where its metrics are; by default in the file $SEEDWISE_RESULTS.")
    ] = None
    history: Annotated[
        History | None, Field(description="Where its metrics by step are; `logged`: what seedwise.log() wrote.")
    ] = None
    scores: Annotated[
        ScoresOf | None, Field(description="Where its score on each test example is; `logged`: from seedwise.scores().")
    ] = None
    env: Annotated[
        dict[Annotated[str, AfterValidator(_variable)], Annotated[str | None, AfterValidator(_value_of_variable)]],
        Field(
            description="Environment variables; values may hold placeholders; null: one that you must have set.",
            examples=[{"DATA_SEED": "{seed}", "API_KEY": None}],
        ),
    ] = Field(default_factory=dict)
    environment: Annotated[
        EnvironmentSettings | None, Field(description="Where its interpreter is; null: on the PATH.")
    ] = None
    isolate: Annotated[
        Literal["copy"] | None, Field(description="`copy`: each run has a copy of the code as its working folder.")
    ] = None
    link: Annotated[
        tuple[Text, ...],
        Field(
            description="What a copy or a revision links to instead of copying, besides `data`.", examples=[["data"]]
        ),
    ] = ()
    time_limit: Annotated[
        Limit | None, Field(description="Longest run, in seconds or as 90 min; then it is stopped and has failed.")
    ] = None
    retries: Annotated[
        Whole, Field(ge=0, le=1000, description="How often a failed run is tried again; the report counts such runs.")
    ] = 0
    failures: Annotated[
        Literal["stop", "count"],
        Field(description="A failed run: `stop` reports an error; `count` makes it a lost run of the report."),
    ] = "stop"
    resume: Annotated[
        Resume | None,
        Field(
            description="How an interrupted run goes on; null: from the start.",
            examples=[{"checkpoint": "{out}/last.pt", "args": "--resume {checkpoint}"}],
        ),
    ] = None
    canary: Annotated[
        bool, Field(strict=True, description="If the first run of a variant fails, its other runs are not started.")
    ] = True

    @field_serializer("env", when_used="json")
    def _without_secrets(self, env: dict[str, str | None]) -> dict[str, str | None]:
        return {name: value if value is None else masked(name, value) for name, value in env.items()}

    @property
    def choices(self) -> dict[str, Any]:
        """What decides which runs are lost, by key; without what has its default, and none if no failed run counts."""
        found = {"failures": self.failures, "retries": self.retries, "time_limit": self.time_limit}
        if self.failures == "stop":
            return {}
        return {key: value for key, value in found.items() if value != type(self).model_fields[key].default}

    @property
    def recorded_env(self) -> dict[str, str]:
        """The variables that count as settings of a run, and that its record shows: none that holds a secret."""
        shown = {name: masked(name, value) for name, value in self.env.items() if value is not None}
        return {name: value for name, value in shown.items() if value != MASK}


class Command(Program):
    """A program of your own, in any language: how it is called, and where its numbers are."""

    run: Annotated[
        str | tuple[str, ...],
        AfterValidator(_words),
        Field(
            description="The command, as text or as a list of words, with placeholders in braces.",
            examples=["python train.py --lr {lr} --seed {seed} --out {out}"],
        ),
    ]
    args: Annotated[Arguments, Field(description="How {args} passes the settings.")] = Arguments()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command, before placeholders are filled in."""
        return split_command(self.run)


class Function(Program):
    """A Python function of your own: called as `run(settings, seed, run)`, it returns its metrics."""

    call: Annotated[
        str,
        Field(
            pattern=f"^{PATTERN}$", description="The function, package.module:name.", examples=["my_project.train:run"]
        ),
    ]

    @property
    def words(self) -> tuple[str, ...]:
        """The command that calls the function."""
        return ("python", "-m", "seedwise.call", self.call, "{settings}")


FunctionField = Annotated[Function, BeforeValidator(_call)]


def resolve(
    program: Command | Function,
    overrides: Mapping[str, SettingValue],
    revision: str | None,
    plan: Plan,
    threads: int | None,
) -> ProgramSettings:
    """Return the settings of a variant's runs: the study's with the variant's overrides in their place.

    Settings are in the order of their names, as in the record, so that `{args}` always has the same order.

    Args:
        program: of the study.
        overrides: of the variant.
        revision: of the variant.
        plan: of the study: which of several values is the best depends on it.
        threads: of a run.
    """
    chosen_by = f"{plan.metric}, {'highest' if plan.higher_is_better else 'lowest'}"
    texts = [*program.words, *program.recorded_env.values()]
    return ProgramSettings(
        words=program.words,
        settings=dict(sorted({**program.settings, **overrides}.items())),
        best=chosen_by if any(takes_best(source) for source in program.results or ()) else None,
        threads=(threads or 1) if "threads" in placeholders(texts) else None,
        args=plain(program.args) if isinstance(program, Command) else {},
        env=program.recorded_env,
        results=None if program.results is None else [plain(source) for source in program.results],
        scores=plain(program.scores),
        isolate=program.isolate,
        revision=revision,
    )


def plain(value: Any) -> Any:
    """Turn a section into what a study writes, without what has its default."""
    return (
        value.model_dump(mode="json", by_alias=True, exclude_defaults=True) if isinstance(value, BaseModel) else value
    )
