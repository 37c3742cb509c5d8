"""Which column of a table is what: as the user says, or by the names that tools give."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, plain, quote
from seedwise.basics.unicode_forms import same_text
from seedwise.basics.words import quantity
from seedwise.sources.asked import EXAMPLES, asked_by, spelled_roles
from seedwise.sources.cells import dates, states
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

PREFIXES = re.compile(
    r"(?:final|params|metrics|tags|config|summary|hparams|user_attrs|data|values)[./_]|(?:config|summary|hparams)/",
    re.IGNORECASE,
)
"""What MLflow, W&B, Ray, TensorBoard and Optuna write before a name."""
SETTING = ("config", "params", "hparams")
MEASURED = ("summary", "metrics")
"""Prefixes of what a run was given, and of what it left."""
STEPS = (
    "step", "_step", "global_step", "global_steps", "env_step", "env_steps", "num_env_steps", "timestep", "timesteps",
    "num_timesteps", "total_timesteps", "timesteps_total", "training_iteration", "iteration", "iterations", "iter",
    "iters", "update", "updates", "round", "rounds", "generation", "epoch",
)  # fmt: skip
"""Columns that count the steps of a run, in lower case and after any /; the finest first."""
_METRICS = ("metric", "metric_name", "measure", "key", "tag", "variable", "name")
"""Columns that say which metric a row is of."""
_LISTED = 8
_FEW = 50  # values that a column of variants can have


@dataclass(frozen=True)
class Columns:
    """The columns by what they are.

    Attributes:
        variant: those that make the variant.
        seed: the column, or None if the table has none and need not have one.
        metrics: the compared ones; the first decides.
        status: those that say how runs ended.
        created: when they were made.
        dataset: on what.
    """

    variant: tuple[str, ...]
    seed: str | None
    metrics: tuple[str, ...]
    status: tuple[str, ...] = ()
    created: str | None = None
    dataset: str | None = None

    @property
    def named(self) -> set[str]:
        """All of them."""
        single = {column for column in (self.seed, self.created, self.dataset) if column}
        return {*self.variant, *self.metrics, *self.status, *single}


def find_columns(table: Table, options: Options, *, seed: bool = True) -> Columns:
    """Find the columns of a table.

    Args:
        table: with a row for each run, or each step of a run.
        options: what the user says.
        seed: whether the table must have seeds.

    Raises:
        UserError: one cannot be found, or several could be meant.
    """
    metrics = tuple(metric_column(table, name, options) for name in options.metrics)
    variant = tuple(named_column(table, name, "variant", options) for name in split_names(options.variant, table))
    if not variant:
        variant = (usual_column(table, "variant", options),)
    seeds = named_column(table, options.seed, "seed", options) if options.seed else None
    if seeds is None and (seed or find(table.columns, "seed")):
        seeds = _usual_seed(table, variant, metrics, options)
    created = named_column(table, options.created, "created", options) if options.created else None
    dataset = named_column(table, options.dataset, "dataset", options) if options.dataset else None
    status: tuple[str, ...] = (named_column(table, options.status, "status", options),) if options.status else ()
    taken = {*metrics, *variant, seeds, dataset}
    if not status:
        status = tuple(
            column
            for column in table.columns
            if simple(column) in states.COLUMNS and column not in taken and column not in options.ignore
        )
    if created is None:
        by_name = {simple(column): column for column in reversed(table.columns)}
        created = next(
            (by_name[name] for name in dates.COLUMNS if name in by_name and by_name[name] not in taken), None
        )
    columns = Columns(variant, seeds, metrics, status, created, dataset)
    _refuse_twins(table, columns, options)
    return columns


def _refuse_twins(table: Table, columns: Columns, options: Options) -> None:
    """Refuse a column that pandas has read twice from one file, as `acc` and `acc.1`, if it has a role."""
    for column in (*columns.metrics, *columns.variant, columns.seed, columns.dataset):
        twin = f"{column}.1"
        if column is None or twin not in table.columns or twin in columns.named or twin in options.ignore:
            continue
        if (table.text(column) != table.text(twin)).any():
            raise UserError(
                f"{table.name}: {plain(column)} and {plain(twin)} differ: so pandas names two columns that a file "
                f"calls {plain(column)}. Add {options.spelled('ignore', twin)} if the first counts; else name "
                f"{plain(twin)} instead"
            )


def split_names(names: Sequence[str], table: Table) -> list[str]:
    """Split `model,lr` at its commas, unless that is the name of a column."""
    return [part for name in names for part in ([name] if name in table.columns else name.split(",")) if part]


def simple(column: str) -> str:
    """Return a column's name without a tool's prefix, in lower case, with _ for blanks."""
    return bare(column).strip().lower().replace(" ", "_")


def simple_step(column: str) -> str:
    """Return the name of a column as STEPS has it: `train/global_step` counts steps too."""
    return bare(column).rpartition("/")[2].strip().lower().replace(" ", "_")


def bare(column: str) -> str:
    """Return a column's name without what a tool writes before it."""
    return _forms(column)[-1]


def _forms(column: str) -> list[str]:
    """Return a column's name, and what is left of it prefix by prefix."""
    forms = [column]
    while (found := PREFIXES.match(forms[-1])) and found.end() < len(forms[-1]):
        forms.append(forms[-1][found.end() :])
    return forms


def find(columns: Sequence[str], name: str, preferred: Sequence[str] = ()) -> list[str]:
    """Return the columns that a name can mean: the one of that name, else those that differ in case or by a prefix.

    Args:
        columns: all there are.
        name: as the user writes it, or as it is usual.
        preferred: prefixes of the columns that are meant where several fit.
    """
    if name in columns:
        return [name]
    wanted = _folded(name)
    same = [column for column in columns if _folded(column) == wanted]
    same = same or [column for column in columns if wanted in map(_folded, _forms(column))]
    chosen = [column for column in same if column.lower().startswith(tuple(preferred))] if preferred else []
    return chosen if len(chosen) == 1 else same


def _folded(name: str) -> str:
    return same_text(name).strip().lower()


def named_column(table: Table, name: str, option: str, options: Options) -> str:
    """Return the column that the user names; raises UserError if there is none, or several can be meant."""
    found = find(table.columns, name, SETTING)
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{table.name}: {_several(name, found)}; write {options.spelled(option, found[0])}")
    raise UserError(f"{table.name}: {missing(name, table.columns)}")


def metric_column(table: Table, name: str, options: Options) -> str:
    """Return the column of a metric; raises UserError if there is none, or several can be meant."""
    # Our own trackers record the value that counts as final/<name>, beside the history.
    found = find(table.columns, f"final/{name}", MEASURED) or find(table.columns, name, MEASURED)
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{table.name}: {_several(name, found)}; write {options.spelled('metric', found[0])}")
    column = next((column for column in table.columns if column in _METRICS and (table.text(column) == name).any()), "")
    if column and (value := next((other for other in table.columns if simple(other) in ("value", "score")), None)):
        raise UserError(
            f"{table.name}: no column {quote(name)}, but a row for each {column}: add "
            f"{options.spelled('where', f'{column}={name}')} and take {options.spelled('metric', value)}"
        )
    raise UserError(f"{table.name}: {missing(name, table.columns)}")


def _several(name: str, found: Sequence[str]) -> str:
    return f"several columns can be meant by {quote(name)}: {', '.join(map(plain, found))}"


def _usual_seed(table: Table, variant: Sequence[str], metrics: Sequence[str], options: Options) -> str:
    """Return the column of seeds as `usual_column` does; where there are questions, the error says that too."""
    try:
        return usual_column(table, "seed", options)
    except UserError as error:
        texts = pd.Series(zip(*(table.text(column) for column in variant), strict=True))
        example, repeat = asked_by(table, texts, {*variant, *metrics})
        if example is None or simple(example) not in EXAMPLES or simple(example) == "id" or options.sample == "runs":
            raise
        way = spelled_roles(options, example, repeat)
        raise UserError(f"{error} If each row is an answer to a question, add {way}.") from None


def usual_column(table: Table, role: str, options: Options) -> str:
    """Return the column that has the usual name of a role; raises UserError with the likely one if there is none."""
    found = find(table.columns, role, SETTING)
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{table.name}: {_several(role, found)}; write {options.spelled(role, found[0])}")
    likely = _likely(table, role, options)
    which = f"say which column it is: {options.spelled(role, likely or 'COLUMN')}"
    none = f" (if there is none, {without_seeds(options)})" if role == "seed" else ""
    raise UserError(f"{table.name}: no column {role!r}; {which}{none}. {listing(table.columns)}")


def without_seeds(options: Options) -> str:
    """Return what to do about a table that has no seeds."""
    if options.spelling == "keys":  # a study declares the seeds that count
        return "number the runs of each variant"
    return f"add {options.switched('number-runs')} if each row is a run"


def with_baseline(table: Table, options: Options) -> str | None:
    """Return the columns in which the baseline's name is found, as `model` or `model,lr`; for a message."""
    if options.baseline is None:
        return None
    for name in [old for old, new in options.rename.items() if new == options.baseline] or [options.baseline]:
        finer = re.fullmatch(r"(.+) \((.+=.*)\)", name)
        settings = [part.partition("=")[0] for part in finer[2].split(", ")] if finer else []
        more = [find(table.columns, setting, SETTING) for setting in settings]
        for column in table.columns:
            if column in options.metrics:
                continue
            texts = {same_text(text) for text in table.text(column).unique()}
            if same_text(name) in texts:
                return column
            if finer and same_text(finer[1]) in texts and all(len(found) == 1 for found in more):
                return ",".join([column, *(found[0] for found in more)])
    return None


def _likely(table: Table, role: str, options: Options) -> str | None:
    """Return a column that may have this role, for a message."""
    if role == "variant" and (found := with_baseline(table, options)):
        return found
    others = [column for column in table.columns if column not in {*options.metrics, *options.variant, options.seed}]
    names = {
        "variant": ("model", "method", "algo", "algorithm", "name", "config", "arch", "optimizer", "exp_name", "group"),
        "seed": ("random_seed", "rng_seed", "random_state", "run", "trial", "repeat", "replicate", "rep"),
    }[role]
    named = {simple(column): column for column in reversed(others)}
    rows = len(table.frame)
    usual = [named[name] for name in names if name in named]
    if role == "variant":  # the names of runs, one for each row, are no variants
        usual = [column for column in usual if rows == 1 or table.text(column).nunique() < rows]
    if usual or role == "seed":
        return usual[0] if usual else None
    for column in others:
        values = table.text(column)
        if simple(column) in (*states.COLUMNS, *dates.COLUMNS):
            continue
        if 2 <= values.nunique() <= min(_FEW, rows // 2) and not values.str.fullmatch(r"[0-9.,eE+%-]*").all():
            return column
    return None


def missing(name: str, columns: Sequence[str]) -> str:
    """Say that there is no such column, which one was probably meant, and a few of those there are."""
    guess = nearest(name, columns) or nearest(name, [bare(column) for column in columns])
    real = next((column for column in columns if guess in (column, bare(column))), None) if guess else None
    hint = f"; did you mean {quote(shortened_name(real))}?" if real else "."
    return f"no column {quote(name)}{hint} {listing(columns)}"


def listing(columns: Sequence[str]) -> str:
    """Name a few columns, and count the others."""
    shown = ", ".join(plain(shortened_name(column)) for column in columns[:_LISTED])
    more = f" and {quantity(len(columns) - _LISTED, 'more column')}" if len(columns) > _LISTED else ""
    return f"Found: {shown or 'none'}{more}."


def shortened_name(text: str) -> str:
    """Return a name in at most 40 characters, on one line."""
    text = "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))
    return text if len(text) <= 40 else text[:39] + "…"
