"""What a user says about a table: the same on the command line and in a study's `runs` section."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.sources.cells.numbers import NumberFormat
from seedwise.sources.cells.states import STATES, State
from seedwise.sources.choices import KEYS, OF_ANSWERS, OF_RUNS, Duplicates, Sample, Spelling, of_examples
from seedwise.sources.tables.files import FileOptions
from seedwise.sources.taking import Take

ARGUMENTS = {
    "map": "rename",
    "state": "states",
    "run-name": "run_name",
    "path-name": "path_name",
    "number-runs": "number_runs",
}
"""The same in Python."""
LISTS = ("ignore", "where")
PAIRS = ("map", "state")
OF_PLAN = ("pairing", "variance", "question", "margin")


@dataclass(frozen=True)
class Options:
    """What a user says about a table.

    Attributes:
        metrics: columns to compare; the first decides.
        variant: columns that make the variant together; none looks for `variant`.
        seed, status, created, dataset: columns; None looks for their usual names, except for the dataset.
        baseline: the variant that others are compared with, which tells where to look for variants.
        number_runs: whether the table has no seeds, and each row is a run.
        sample: what varies by chance: runs, or the examples of an evaluation; None lets `example` decide.
        example, cluster, repeat, judge, digest: columns of an evaluation: what was asked, its cluster, the number of
            the answer, who scored it, and a digest of what was asked. `example` makes the table one.
        where: conditions `column=value` or `column!=value` that a row must meet to count.
        ignore: columns that may vary within a variant.
        rename: variants by the name that they have in the table.
        states: what a word in the column of states means.
        numbers: how numbers are written.
        files: how files are read.
        duplicates: which of several runs of one variant and seed counts; None is the latest, where nobody chose.
        layout: of the table; None recognises it.
        take: which row of a run's history counts; None is the last, and is said.
        run_name: pattern with {variant} and {seed}, for layouts in which runs only have a name.
        path_name: such a pattern for the paths of files.
        higher_is_better: direction of the metric, where it is needed to choose the best row.
        spelling: whether messages name flags, the keys of a study, or the arguments of a function.
    """

    metrics: tuple[str, ...]
    variant: tuple[str, ...] = ()
    baseline: str | None = None
    seed: str | None = None
    number_runs: bool = False
    status: str | None = None
    created: str | None = None
    dataset: str | None = None
    sample: Sample | None = None
    example: str | None = None
    cluster: str | None = None
    repeat: str | None = None
    judge: str | None = None
    digest: str | None = None
    where: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    numbers: NumberFormat = field(default_factory=NumberFormat)
    files: FileOptions = field(default_factory=FileOptions)
    duplicates: Duplicates | None = None
    layout: str | None = None
    take: Take | None = None
    run_name: str | None = None
    path_name: str | None = None
    higher_is_better: bool | None = None
    spelling: Spelling = "flags"

    @property
    def where_columns(self) -> list[str]:
        """The columns that the conditions of `where` are about, as the user writes them."""
        return [re.split(r"!?=", condition)[0].strip() for condition in self.where]

    @property
    def evaluation(self) -> bool:
        """Whether the rows are answers, whose examples are the sample."""
        return of_examples(self.sample, self.example)

    def named(self, option: str) -> str:
        """Name an option as the user would: `--seed`, `runs.seed_key` or `seed=`."""
        if self.spelling == "keys":
            return f"analysis.{option}" if option in OF_PLAN else f"runs.{KEYS.get(option, option)}"
        return f"{ARGUMENTS.get(option, option)}=" if self.spelling == "arguments" else f"--{option}"

    def switched(self, option: str) -> str:
        """Write an option that has no value: `--number-runs`, `runs.number_runs: true` or `number_runs=True`."""
        return self.named(option) + {"keys": ": true", "flags": "", "arguments": "True"}[self.spelling]

    def quoted(self, option: str, value: str) -> str:
        """Write an option whose value stands in double quotes, such as a pattern with braces."""
        between = {"keys": ": ", "flags": " ", "arguments": ""}[self.spelling]
        return f"{self.named(option)}{between}{quote(value)}"

    def spelled(self, option: str, value: str) -> str:
        """Write an option as the user would: `--seed run`, `runs.seed_key: run` or `seed='run'`."""
        if self.spelling == "keys":
            text = ": ".join(map(_in_yaml, value.rsplit("=", 1) if option in PAIRS else [value]))
            text = f"{{{text}}}" if option in PAIRS else f"[{text}]" if option in LISTS else text
            return f"{self.named(option)}: {text}"
        if self.spelling == "arguments":
            text = ": ".join(map(repr, value.rsplit("=", 1) if option in PAIRS else [value]))
            return f"{self.named(option)}{f'{{{text}}}' if option in PAIRS else text}"
        if not value.isprintable():
            escaped = value.encode("unicode_escape").decode().replace("'", "\\'")
            return f"--{option} $'{escaped}'"
        return f"--{option} {shlex.quote(value)}" if value != "'" else f'--{option} "{value}"'


def _in_yaml(value: str) -> str:
    return value if value.replace("_", "").replace(".", "").replace("-", "").isalnum() else quote(value)


def refuse_unused(options: Options) -> None:
    """Refuse what means nothing for such rows, because nobody would notice that it is ignored.

    Raises:
        UserError: something was given for runs where the rows are answers, or the other way round.
    """
    fresh = Options(options.metrics)
    names = OF_RUNS if options.evaluation else OF_ANSWERS
    fields = {name: ARGUMENTS.get(name, name) for name in names}
    option = next((name for name, own in fields.items() if getattr(options, own) != getattr(fresh, own)), None)
    if option is None:
        return
    named = options.named(option)
    if options.evaluation:
        raise UserError(f"{named}: the rows of an evaluation are answers, not runs; remove it")
    ways = {
        "flags": "--example COLUMN with what was asked",
        "keys": "runs.sample: examples, and runs.example with what was asked",
        "arguments": "example= with the column of what was asked",
    }
    raise UserError(f"{named} is for an evaluation, whose rows are answers: add {ways[options.spelling]}, or remove it")


def parse_pairs(texts: Sequence[str], place: str) -> dict[str, str]:
    """Read `OLD=NEW`; the last = separates, because an old name may have one.

    Raises:
        UserError: there is no =, or one old name has two new ones.
    """
    pairs: dict[str, str] = {}
    for text in texts:
        old, mark, new = text.rpartition("=")
        if not mark or not new:
            raise UserError(f"{place}: found {quote(text)}; write OLD=NEW, as in {place} 'PPO v2=ppo'")
        if pairs.setdefault(old, new) != new:
            raise UserError(f"{place}: {quote(old)} is given two meanings, {quote(pairs[old])} and {quote(new)}")
    return pairs


def parse_states(pairs: Mapping[str, str], place: str) -> dict[str, State]:
    """Read what words for the end of a run mean.

    Raises:
        UserError: a meaning is none of our four words.
    """
    known = {str(state): state for state in STATES}
    for word, state in pairs.items():
        if state not in known:
            raise UserError(f"{place}: {quote(word)} cannot mean {quote(state)}; use {', '.join(STATES)}")
    return {word: known[state] for word, state in pairs.items()}
