"""All the logs of an evaluation together: what decides between them, and what their columns are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.sources.columns import find
from seedwise.sources.conditions import meeting
from seedwise.sources.evaluations.log import roles
from seedwise.sources.layouts.patterns import parse_pattern
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Evaluation, Table

_GENERAL = ("accuracy", "mean", "score")
"""What the tools call the mean of their only score."""


def as_one(tables: Sequence[Table]) -> Evaluation | None:
    """Return what the columns of several files are together; None if none of them is a log.

    Raises:
        UserError: they are of different kinds.
    """
    found = [table.evaluation for table in tables]
    logs = [evaluation for evaluation in found if evaluation is not None]
    if not logs:
        return None
    first = next(table for table in tables if table.evaluation is not None)
    other = next((table for table in tables if table.layout != first.layout), None)
    if other is not None:
        raise UserError(
            f"{first.name} is {first.layout}, and {other.name} is {other.layout or 'another table'}; the files of a "
            "pattern must be of one kind"
        )
    return replace(
        logs[0],
        scores=tuple(dict.fromkeys(name for log in logs for name in log.scores)),
        dataset=next((log.dataset for log in logs if log.dataset), None),
        digest=next((log.digest for log in logs if log.digest), None),
        prompt=next((log.prompt for log in logs if log.prompt), None),
        settings=tuple(dict.fromkeys(name for log in logs for name in log.settings)),
        higher_is_better={name: way for log in logs for name, way in log.higher_is_better.items()},
    )


def settled(table: Table, options: Options) -> Table:
    """Check the logs of an evaluation, and say what their columns are where the user does not.

    Raises:
        UserError: the user has to choose a score or a filter, or not all models did all tasks.
    """
    if table.evaluation is None:
        return table
    table = _scored(meeting(table, options), table.evaluation, options)
    evaluation = table.evaluation or Evaluation((), "", ())
    named = set(roles(options))
    several = evaluation.dataset is not None and len(table.text(evaluation.dataset).unique()) > 1
    if evaluation.dataset and several and evaluation.dataset in named - {options.dataset}:
        table = _with_task(table, evaluation)
    dataset = evaluation.dataset if several and evaluation.dataset not in named - {options.dataset} else None
    if evaluation.one_of in table.columns and evaluation.one_of not in named:
        _refuse_several(table, str(evaluation.one_of), dataset, options)
    variant, notes = _variant(table, evaluation, dataset, options)
    table = _with_defaults(table, [column for column in variant if column in evaluation.settings])
    parts = [table.text(column) for column in variant]
    if dataset is not None and options.dataset is None:
        _refuse_other_tasks(table, parts, dataset, options)
    repeat = evaluation.repeat
    if repeat is not None and table.text(repeat).nunique() < 2:
        repeat = None
    digest = evaluation.digest if evaluation.digest not in options.ignore else None
    if evaluation.prompt in table.columns and not options.digest:
        notes += _other_prompts(table, [evaluation.example, *([dataset] if dataset else [])], evaluation)
    notes += _scored_otherwise(table, parts, evaluation, options)
    final = replace(evaluation, variant=variant, dataset=dataset, repeat=repeat, digest=digest)
    return replace(table, evaluation=final).noting(*notes)


def as_evaluation(options: Options, table: Table) -> Options:
    """Return the options with the columns that a pattern or a log has for what the user leaves open."""
    found = table.evaluation
    if options.sample == "runs":
        return options
    options = _with_placeholders(options, is_log=found is not None)
    if found is None:
        return options
    return replace(
        options,
        sample="examples",
        variant=options.variant or found.variant,
        example=options.example or found.example,
        dataset=options.dataset or found.dataset,
        repeat=options.repeat or (found.repeat if options.seed != found.repeat else None),
        digest=options.digest or found.digest,
    )


def _with_placeholders(options: Options, *, is_log: bool) -> Options:
    """Take a placeholder that is called as what an answer has, such as {repeat}, for that."""
    patterns = (("run-name", options.run_name), ("path-name", options.path_name))
    keys = {key for name, text in patterns if text for key in parse_pattern(text, options.named(name)).keys}
    keys -= set(roles(options))
    if not (options.evaluation or is_log or "example" in keys):
        return options
    meant = {key: key for key in keys}
    return replace(
        options,
        example=options.example or meant.get("example"),
        cluster=options.cluster or meant.get("cluster"),
        repeat=options.repeat or meant.get("repeat"),
        judge=options.judge or meant.get("judge"),
        digest=options.digest or meant.get("digest"),
        seed=options.seed or meant.get("seed"),
    )


def _scored(table: Table, evaluation: Evaluation, options: Options) -> Table:
    """Find the score that the user means."""
    metric = options.metrics[0]
    if find(table.columns, metric):
        return replace(table, evaluation=evaluation)
    if len(evaluation.scores) == 1 and metric in _GENERAL:
        only = evaluation.scores[0]
        ways = {metric: evaluation.higher_is_better[only]} if only in evaluation.higher_is_better else {}
        frame = table.frame.rename(columns={only: metric})
        renamed = replace(evaluation, scores=(metric,), higher_is_better=ways)
        return replace(table, frame=frame, evaluation=renamed).noting(f"{metric} is the mean of {only}.")
    if not evaluation.scores:
        errors = [text for text in table.text("error") if text] if "error" in table.columns else []
        first = f"; the first error: {errors[0]}" if errors else ""
        raise UserError(f"{table.name}: not one answer was scored{first}")
    bare, comma, chosen = metric.partition(",")
    if comma and bare in evaluation.scores and evaluation.one_of:  # as the harness writes it in its results
        condition = options.spelled("where", f"{evaluation.one_of}={chosen}")
        raise UserError(f"{table.name}: no score {quote(metric)}; write {options.spelled('metric', bare)} {condition}")
    raise UserError(f"{table.name}: no score {quote(metric)}; choose one of {shortened(list(evaluation.scores), 8)}")


def _with_task(table: Table, evaluation: Evaluation) -> Table:
    """Put the task before the name of an example, because tasks number theirs alike."""
    frame = table.frame.copy(deep=False)
    frame[evaluation.example] = table.text(str(evaluation.dataset)) + "/" + table.text(evaluation.example)
    return replace(table, frame=frame)


def _refuse_several(table: Table, column: str, dataset: str | None, options: Options) -> None:
    values = table.text(column)
    by_task = values.groupby(table.text(dataset)).nunique() if dataset else pd.Series([values.nunique()])
    if by_task.max() < 2:
        return
    there = list(values.unique())
    # A task with only one filter must not be lost with the others.
    ways = [options.spelled("where", f"{column}{'!=' if by_task.min() < 2 else '='}{value}") for value in there]
    raise UserError(
        f"{table.name}: there is a row for each document and {column} ({', '.join(there)}), and a document must count "
        f"once; choose with {enumerate_words(ways, 'or')}"
    )


def _variant(
    table: Table, evaluation: Evaluation, dataset: str | None, options: Options
) -> tuple[tuple[str, ...], list[str]]:
    """Return the columns that make the variant, and what to say about them."""
    if options.variant:
        return tuple(part for name in options.variant for part in name.split(",") if part in table.columns), []
    own = find(table.columns, "variant")
    if own:
        return (own[0],), []
    there = [column for column in evaluation.variant if column in table.columns]
    if not there:
        raise UserError(
            f"{table.name}: nothing says which model gave these answers; name the files with a pattern, and say how "
            f"their paths are made: {options.spelled('path-name', 'samples_{variant}.jsonl')}"
        )
    varying = [column for column in there if len(table.text(column).unique()) > 1] or there[:1]
    within = [table.text(column) for column in [*varying, *([dataset] if dataset else [])]]
    named = set(roles(options))
    more = [
        column
        for column in evaluation.settings
        if column not in named and table.text(column).groupby(within).nunique().max() > 1
    ]
    notes = []
    if len(varying) > 1 or more:
        notes.append(f"A variant is {enumerate_words([*varying, *more])}, because these vary.")
    return (*varying, *more), notes


def _with_defaults(table: Table, columns: Sequence[str]) -> Table:
    """Write a word where a log does not have a setting that others have."""
    frame = table.frame.copy(deep=False)
    for column in columns:
        cells = table.text(column)
        frame[column] = cells.where(cells != "", "default")
    return replace(table, frame=frame)


def _refuse_other_tasks(table: Table, variant: Sequence[pd.Series], dataset: str, options: Options) -> None:
    """Refuse tasks that not every variant did."""
    tasks = table.text(dataset)
    labels = _labels(variant)
    counts = labels.groupby(tasks).nunique()
    every = labels.nunique()
    partial = [task for task in tasks.unique() if counts[task] < every]
    if partial and len(partial) < len(counts):
        ways = " ".join(options.spelled("where", f"{dataset}!={task}") for task in partial[:4])
        raise UserError(
            f"{table.name}: not every variant did {shortened(partial, 4)}; leave "
            f"{'it' if len(partial) == 1 else 'them'} out with {ways}{' …' if len(partial) > 4 else ''}"
        )
    if partial:
        raise UserError(
            f"{table.name}: no task was done by every variant, so there is nothing to compare; check the pattern, or "
            f"choose variants with {options.named('where')}"
        )


def _other_prompts(table: Table, example: Sequence[str], evaluation: Evaluation) -> list[str]:
    """Say whether variants were asked the same questions in other words."""
    prompts = table.text(str(evaluation.prompt))
    asked = [table.text(column) for column in example]
    counts = prompts.where(prompts != "").groupby(asked).nunique()
    several = int((counts > 1).sum())
    if not several:
        return []
    return [
        f"{quantity(several, 'example')} of {len(counts)} {'was' if several == 1 else 'were'} asked with different "
        f"prompts ({evaluation.prompt}): a difference may come from the prompt as well as from the model."
    ]


def _scored_otherwise(
    table: Table, variant: Sequence[pd.Series], evaluation: Evaluation, options: Options
) -> list[str]:
    """Say which variants lack the compared score, although they have another one."""
    given = {name: table.text(name) != "" for name in evaluation.scores if name in table.columns}
    own = given.get(options.metrics[0])
    if own is None or own.all():
        return []
    notes = []
    labels = _labels(variant)
    for label in labels.unique():
        rows = labels == label
        others = [name for name, there in given.items() if there[rows].any()]
        if others and not own[rows].any():
            name = ", ".join(part[rows].iloc[0] for part in variant)
            notes.append(f"{name} was not scored with {options.metrics[0]}, but with {enumerate_words(others)}.")
    return notes


def _labels(variant: Sequence[pd.Series]) -> pd.Series:
    """Number the variants that several columns make."""
    return pd.Series(pd.factorize(pd.MultiIndex.from_arrays([part.to_numpy() for part in variant]))[0])
