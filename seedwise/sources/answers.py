"""From a table of any kind to the answers of an evaluation, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain, quote
from seedwise.basics.words import capital, quantity
from seedwise.sources.asked import EXAMPLES, FEW, asked_by, spelled_roles
from seedwise.sources.cells import states
from seedwise.sources.cells.numbers import FALSE, MISSING
from seedwise.sources.cells.seeds import read_seeds
from seedwise.sources.columns import (
    find,
    listing,
    metric_column,
    named_column,
    shortened_name,
    simple,
    split_names,
    usual_column,
)
from seedwise.sources.conditions import meeting
from seedwise.sources.groups import groups_of
from seedwise.sources.identities import refuse_alike, refuse_judges, variants_of
from seedwise.sources.options import Options
from seedwise.sources.plausible import refuse_summary_rows, refuse_units, said_marks
from seedwise.sources.scores import numbers_of
from seedwise.sources.tables.table import Table

ROLES = {"repeat": "repeat", "seed": "seed", "cluster": "cluster", "judge": "judge", "dataset": "dataset"}
"""Columns of an evaluation that need not be there, by the option that names them."""
ERRORS = ("error", "errors", "error_message", "error_type", "exception", "traceback")
"""Names of a column that has what went wrong, in lower case with _ for blanks."""
_ASKED = frozenset(
    """
    question question_text target targets gold gold_answer reference references reference_answer expected
    expected_answer expected_output ground_truth answer_key correct_answer choices
    """.split()  # noqa: SIM905 - one list of words
)
"""Names, in the same form, of what is the same for all who are asked a question."""
_LOST = ("failed", "diverged", "running")
_FEW = 20  # values of a column that may tell several answers to one example apart


@dataclass(frozen=True)
class AnswerTable:
    """Answers, one row each.

    Attributes:
        answers: variant, example, score (NaN where there is none), and of repeat, seed, cluster, judge, dataset and
            hash what the user named.
        columns: the source's own names, by those of `answers`.
        notes: sentences about whatever was left out or assumed.
        groups: further columns of the source, which may say what examples share; one text per answer.
    """

    answers: pd.DataFrame
    columns: dict[str, str]
    notes: tuple[str, ...]
    groups: dict[str, pd.Series]

    def rows(self, chosen: NDArray[np.intp]) -> AnswerTable:
        """Return the answers at these places, in this order."""
        groups = {name: texts.iloc[chosen].reset_index(drop=True) for name, texts in self.groups.items()}
        return replace(self, answers=self.answers.iloc[chosen].reset_index(drop=True), groups=groups)


def read_answers(table: Table, options: Options) -> AnswerTable:
    """Make one row per answer of a table.

    Args:
        table: whose rows are answers.
        options: what the user says about it; `example` names the column with what was asked.

    Raises:
        UserError: the table lacks a column, holds what cannot be read, or several answers are told apart by a column
            that nobody named.
    """
    table = meeting(table, options)
    metric = metric_column(table, options.metrics[0], options)
    variant = [named_column(table, name, "variant", options) for name in split_names(options.variant, table)]
    variant = variant or [usual_column(table, "variant", options)]
    columns = {"example": _example(table, options)}
    for role, option in ROLES.items():
        name = getattr(options, option)
        if name:
            columns[role] = named_column(table, name, option, options)
    if options.digest:
        columns["hash"] = named_column(table, options.digest, "digest", options)
    variants = variants_of(table, variant, options)
    refuse_alike(table, variants, options)
    rows = np.arange(len(table.frame))
    numbers = numbers_of(table, metric, rows, options, "if there is no answer")
    refuse_units(table, options.metrics[0], numbers.values, options)
    answers = pd.DataFrame({"variant": variants.where(variants != "", None), "score": numbers.at(rows)[0]})
    for role, column in columns.items():
        texts = table.text(column)
        # A log has one way to write an id; in a table 7 and 7.0 are the same, and only a digest is as it is.
        as_written = role == "hash" or table.evaluation is not None
        answers[role] = (texts if as_written else read_seeds(texts).astype("str")).where(texts != "", None)
        if role == "judge":
            refuse_judges(table, texts, column)
    _refuse_without_example(table, answers, columns["example"], options)
    if table.evaluation is None:
        refuse_summary_rows(table, table.text(columns["example"]), columns["example"], options)
    notes = [*table.notes, *numbers.notes]
    notes += said_marks(options.metrics[0], numbers.values, answers.get("dataset"))
    if "cluster" in answers and "dataset" in answers:
        shared = int(answers.drop_duplicates(["cluster", "dataset"])["cluster"].value_counts().gt(1).sum())
        if shared:
            notes.append(
                f"{quantity(shared, 'cluster')} {'has' if shared == 1 else 'have'} one name in several datasets, and "
                f"{'counts' if shared == 1 else 'each counts'} as the same one in all of them. If they are different, "
                "give them different names: the mean over the datasets then has more clusters."
            )
    infinite = ~np.isfinite(numbers.values) & ~numbers.missing
    if infinite.any():
        answers.loc[infinite, "score"] = np.nan
        notes.append(f"{quantity(int(infinite.sum()), 'score')} not finite; counted as missing.")
    named = [*variant, metric, *columns.values()]
    if table.evaluation is None:  # a log says itself which answers are errors
        _refuse_scored_errors(table, answers, named, options)
    swapped = _swapped(table, answers, columns, [*variant, metric], options)
    if swapped and answers.duplicated([name for name in answers if name not in ("score", "cluster", "hash")]).any():
        raise UserError(
            f"{table.name}: {swapped}; else name the column that tells several answers to one example apart: "
            f"{options.named('repeat')}, or {options.named('seed')} for retrained models"
        )
    if swapped:
        notes.append(f"{capital(swapped)}.")
    _refuse_levels(table, answers, named, options)
    if table.evaluation is None and not options.digest:
        _refuse_other_questions(table, answers, named, options)
    known = {*named, *options.ignore, *options.where_columns}
    unnamed = [name for name in table.columns if name not in known and simple(name) not in _ASKED]
    return AnswerTable(answers, columns, tuple(dict.fromkeys(notes)), groups_of(table, answers, unnamed))


def _example(table: Table, options: Options) -> str:
    if options.example:
        return named_column(table, options.example, "example", options)
    usual = next((found[0] for name in EXAMPLES if len(found := find(table.columns, name)) == 1), None)
    if usual is None:
        raise UserError(
            f"{table.name}: say which column has what was asked: "
            f"{options.spelled('example', 'COLUMN')}. {listing(table.columns)}"
        )
    return usual


def _refuse_without_example(table: Table, answers: pd.DataFrame, column: str, options: Options) -> None:
    """Refuse rows without an example, such as the other events of a log; raises UserError with what leaves them out."""
    asked = answers["example"].notna().to_numpy()
    if asked.all():
        return
    complete = asked & answers["score"].notna().to_numpy()
    condition, fewest = f"{column}!=", int(asked.sum())
    for other in table.columns:
        texts = table.text(other)
        words = texts[complete].unique()
        if len(words) != 1 or not words[0]:
            continue
        chosen = (texts == words[0]).to_numpy()
        if chosen.sum() < fewest and asked[chosen].all():
            condition, fewest = f"{other}={words[0]}", int(chosen.sum())
    rows = np.flatnonzero(~asked)
    raise UserError(
        f"{table.place(int(rows[0]))}: no example, because {plain(column)} is empty (so in "
        f"{quantity(len(rows), 'row')}); fill it in, or leave such rows out with {options.spelled('where', condition)}"
    )


def _swapped(
    table: Table, answers: pd.DataFrame, columns: Mapping[str, str], taken: Sequence[str], options: Options
) -> str:
    """Say that another column is probably the one of examples, where so few cannot carry a verdict; else nothing."""
    count = int(answers["example"].nunique())
    if count >= FEW:
        return ""
    example, repeat = asked_by(table, answers["variant"], taken)
    if example in (None, columns["example"]) or (values := table.text(str(example)).nunique()) < FEW:
        return ""
    return (
        f"there {'is' if count == 1 else 'are'} {quantity(count, 'example')} in {plain(columns['example'])}, and "
        f"{values} values in {plain(str(example))}; if those are the examples, say "
        f"{spelled_roles(options, str(example), repeat)}"
    )


def _refuse_scored_errors(table: Table, answers: pd.DataFrame, named: Sequence[str], options: Options) -> None:
    """Refuse scores of answers that another column calls errors: an error may be a wrong answer, or none at all."""
    asked = {simple(name) for name in options.where_columns}
    for column in table.columns:
        name = simple(column)
        if column in named or column in options.ignore or name in asked:
            continue
        texts = table.text(column)
        if name in states.COLUMNS:
            lost_words = {text for text in set(texts) if states.meaning(text, {}, name) in _LOST}
            lost = texts.isin(lost_words)
        elif name in ERRORS:
            lost = ~texts.str.lower().isin(MISSING | FALSE | {"0", "[]", "{}"})
        else:
            continue
        scored = (lost & answers["score"].notna()).to_numpy(dtype=bool)
        if scored.any():
            row, count = int(scored.argmax()), quantity(int(scored.sum()), "row")
            raise UserError(
                f"{table.place(row)}: {plain(column)} is {quote(shortened_name(texts[row]))}, and the answer has a "
                f"score (so in {count}). If it was no answer, empty the score; if the score counts, add "
                f"{options.spelled('ignore', column)}"
            )


def _refuse_levels(table: Table, answers: pd.DataFrame, named: Sequence[str], options: Options) -> None:
    """Refuse several answers of a variant to one example that a column which nobody named tells apart."""
    key = [column for column in answers.columns if column not in ("score", "cluster", "hash")]
    twice = answers.duplicated(key, keep=False).to_numpy()
    if not twice.any():
        return
    groups = [answers.loc[twice, column].to_numpy() for column in key]
    for column in table.columns:
        if column in named or column in options.ignore:
            continue
        texts = table.text(column)[twice].reset_index(drop=True)
        if texts.nunique() > _FEW or texts.groupby(groups, dropna=False).nunique().min() < 2:
            continue
        scored = texts[answers["score"].notna().to_numpy()[twice]]
        value = (scored if len(scored) else texts).iloc[0]
        raise UserError(
            f"{table.name}: {plain(column)} tells several answers of a variant to one example apart. Add "
            f"{options.spelled('where', f'{column}={value}')} for one of them, or say what it is: "
            f"{options.spelled('repeat', column)}, {options.spelled('seed', column)}, "
            f"{options.spelled('judge', column)}, {options.spelled('dataset', column)}, or part of the variant: "
            f"{options.spelled('variant', ','.join([*(options.variant or ('variant',)), column]))}"
        )


def _refuse_other_questions(table: Table, answers: pd.DataFrame, named: Sequence[str], options: Options) -> None:
    """Refuse one id for two questions, as where each model's file numbers its rows in an order of its own."""
    keys = [answers[key] for key in ("dataset", "example") if key in answers]
    for column in table.columns:
        if column in named or column in options.ignore or simple(column) not in _ASKED:
            continue
        texts = table.text(column)
        first = texts.where(texts != "").groupby(keys, dropna=False).transform("first")
        other = ((texts != "") & (texts != first)).to_numpy(dtype=bool)
        if other.any():
            row, count = int(other.argmax()), quantity(int(other.sum()), "row")
            raise UserError(
                f"{table.place(row)}: {plain(column)} of example {answers['example'].iloc[row]} is "
                f"{quote(shortened_name(texts[row]))}, and {quote(shortened_name(str(first[row])))} in another row (so "
                f"in {count}): does one id mean two questions? Name a column that tells them apart with "
                f"{options.named('example')}, or add {options.spelled('ignore', column)} if it is one question all "
                "the same"
            )
