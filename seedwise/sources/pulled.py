"""Pulling a study's runs from a source: runs.csv, and pulled.json, which says what was read and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from seedwise.basics.errors import UserError
from seedwise.basics.files import content_digest, short_digest, write_text
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.sources.answers import read_answers
from seedwise.sources.cells.numbers import NumberFormat
from seedwise.sources.evaluations.whole import as_evaluation
from seedwise.sources.notes import labels, note
from seedwise.sources.options import Options
from seedwise.sources.places import place_of
from seedwise.sources.runs import SEED, VARIANT, RunTable, read_runs
from seedwise.sources.settings import RunsSettings
from seedwise.sources.tables.files import FileOptions
from seedwise.sources.tables.table import Table
from seedwise.sources.taking import parse_take


class Pulled(BaseModel):
    """What the report says of runs that were recorded elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(description="Where the runs come from, in words.")
    runs: int = Field(description="How many runs, or answers, the source listed.")
    notes: list[str] = Field(description="A sentence about whatever was not counted, replaced or missing.")
    columns: dict[str, str] = Field(
        {}, description="Of an evaluation: what the source calls its columns, by their role."
    )
    table: str = Field("", description="Digest of the table beside it that was written; empty in older ones.")
    digest: str = Field("", description="Digest of all else in this file; empty in older ones.")


def options_of(settings: RunsSettings, metric: str, *, higher_is_better: bool | None = None) -> Options:
    """Return what a study says about its source; `metric` is the compared one."""
    return Options(
        metrics=(settings.metric or metric,),
        variant=() if settings.variant_key == "variant" else tuple(settings.variant_columns),
        seed=settings.seed_key,
        status=settings.status_key,
        created=settings.created_key,
        sample=settings.sample,
        example=settings.example,
        cluster=settings.cluster,
        repeat=settings.repeat,
        judge=settings.judge,
        dataset=settings.dataset,
        digest=settings.digest,
        where=tuple(settings.where),
        ignore=tuple(settings.ignore),
        rename=settings.rename,
        states=settings.states,
        numbers=NumberFormat(settings.decimal, settings.thousands),
        files=FileOptions(settings.encoding, settings.separator, settings.table),
        duplicates=settings.duplicates if "duplicates" in settings.model_fields_set else None,
        layout=settings.layout,
        take=parse_take(settings.take) if settings.take else None,
        run_name=settings.run_name,
        path_name=settings.path_name,
        higher_is_better=higher_is_better,
        spelling="keys",
    )


def _open(settings: RunsSettings, options: Options, base: Path) -> tuple[str, Table]:
    """Open the source that the settings name; only then is its library imported."""
    if settings.origin == "mlflow":
        from seedwise.sources import mlflow

        return f"MLflow experiment {settings.experiment}", mlflow.read(settings)
    if settings.origin == "trackio":
        from seedwise.sources import trackio

        return f"trackio project {settings.project}", trackio.read(settings)
    if settings.origin == "wandb":
        from seedwise.sources import wandb

        table = wandb.read(settings)
        return table.name, table
    from seedwise.sources.open import open_table

    path = place_of(str(settings.path), base)
    return f"the file {path}", open_table(path, options)


def pull(
    settings: RunsSettings,
    metric: str,
    variants: Sequence[str],
    seeds: Sequence[int],
    out: Path,
    *,
    base: Path,
    higher_is_better: bool | None = None,
) -> Pulled:
    """Read a source and write runs.csv to `out`, with pulled.json beside it.

    Args:
        settings: which source.
        metric: the compared one, by our name.
        variants: those that count.
        seeds: those that count.
        out: file to write.
        base: folder of the config, from which a path leads to the table.
        higher_is_better: direction of the metric.

    Raises:
        UserError: the source cannot be read or lacks the metric, a variant has no run, or a duplicate is an error.
    """
    options = options_of(settings, metric, higher_is_better=higher_is_better)
    with _about_runs():
        where, table = _open(settings, options, base)
        found = read_runs(table, options, declared=variants)
    runs, notes = select(found, variants, seeds)
    runs = runs.rename(columns={options.metrics[0]: metric})
    pulled = Pulled(source=where, runs=found.found, notes=[*found.notes, *notes])
    return _write(out, runs, pulled)


def pull_answers(
    settings: RunsSettings,
    metric: str,
    variants: Sequence[str],
    out: Path,
    *,
    base: Path,
    higher_is_better: bool | None = None,
    check: Callable[..., None] = lambda **_: None,
) -> Pulled:
    """Read the answers of an evaluation and write answers.csv to `out`, with pulled.json beside it.

    The arguments are those of `pull`, and `check`, which gets the `place`, the `options` and the AnswerTable `found`.
    The answers stand in the order of the variants.

    Raises:
        UserError: the table cannot be read or lacks a column, a variant has no answer, or the check raises it.
    """
    options = options_of(settings, metric, higher_is_better=higher_is_better)
    with _about_runs():
        _, table = _open(settings, options, base)
        options = as_evaluation(options, table)
        found = read_answers(table, options)
    own = found.answers["variant"]
    there = sorted(map(str, own.dropna().unique()))
    if lacking := [variant for variant in variants if variant not in there]:
        raise UserError(
            f"variants: found no answer of {enumerate_words(lacking)}; variants found: {shortened(there, 12) or 'none'}"
        )
    notes = list(found.notes)
    if strange := int((~own.isin(list(variants))).sum()):
        others = shortened([name for name in there if name not in variants], 12)
        notes.append(
            f"{quantity(strange, 'answer')} not counted: no variant in the config"
            + (f" is called {others}." if others else ", nor in the table.")
        )
    found = found.rows(np.concatenate([np.flatnonzero(own == variant) for variant in variants]))
    with _about_runs():
        check(place=table.name, found=found, options=options)
    pulled = Pulled(source=table.name, runs=len(table.frame), notes=notes, columns=found.columns)
    return _write(out, found.answers, pulled)


def _write(out: Path, table: pd.DataFrame, pulled: Pulled) -> Pulled:
    """Write a table, and pulled.json beside it with a digest of each, by which an edited number is noticed."""
    write_text(out, table.to_csv(index=False, lineterminator="\n"))
    pulled = pulled.model_copy(update={"table": short_digest(out)})
    pulled = pulled.model_copy(update={"digest": content_digest(pulled.model_dump(mode="json"))})
    write_text(out.with_name("pulled.json"), pulled.model_dump_json(indent=2) + "\n")
    return pulled


def read_pulled_answers(path: Path) -> pd.DataFrame:
    """Read the answers that `pull_answers` wrote; whatever is not a score is text."""
    # An id may read NA, and only the reading of text as a number is exact in every version of pandas.
    answers = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    return answers.assign(score=answers["score"].astype("float64"))


@contextmanager
def _about_runs() -> Iterator[None]:
    """Say of a mistake in the source which section of the config is about it."""
    try:
        yield
    except UserError as error:
        text = str(error)
        raise UserError(text if text.startswith(("runs", "variants:")) else f"runs: {text}") from error


def select(found: RunTable, variants: Sequence[str], seeds: Sequence[int]) -> tuple[pd.DataFrame, list[str]]:
    """Return the runs of the declared variants and seeds, in that order, and notes about the rest.

    Raises:
        UserError: a variant has no run at all.
    """
    notes = []
    strange = ~found.runs[SEED].isin(list(seeds))
    if strange.any():
        notes.append(note(labels(found.runs[strange]), "not counted: its seed is not in the config"))
    runs = found.runs[~strange]
    cells = {(variant, seed): row for row, (variant, seed) in enumerate(zip(runs[VARIANT], runs[SEED], strict=True))}
    for variant in variants:
        if not any(name == variant for name, _ in cells):
            there = ", ".join(sorted(set(found.runs[VARIANT]))) or "none"
            raise UserError(
                f"variants: found no run of {variant} that has ended and has one of the seeds; variants found: {there}"
            )
    missing = [f"{variant} seed {seed}" for variant in variants for seed in seeds if (variant, seed) not in cells]
    if missing:
        notes.append(note(missing, "missing: the source has no run that has ended", "declared run"))
    order = [cells[variant, seed] for variant in variants for seed in seeds if (variant, seed) in cells]
    return runs.iloc[order], notes


def read_pulled(path: Path) -> Pulled:
    """Read what `pull` wrote."""
    return Pulled.model_validate_json(path.read_bytes())
