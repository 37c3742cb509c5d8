"""The long table of an evaluation: checked, and brought to one score for each variant and example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.sources.options import Options
from seedwise.statistics.intervals import LARGEST_SCORE

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

NEEDED = ("variant", "example", "score")
OPTIONAL = ("repeat", "seed", "cluster", "judge", "dataset", "hash")
LEAST_SHARED = 0.5
"""Of the examples of two variants, the share that both must have."""
MOST_NAMED = 3


@dataclass(frozen=True)
class Answers:
    """Every answer of every variant: codes, and a score averaged over the judges.

    Attributes:
        variants: their names, in order of appearance.
        datasets: the datasets, in order of appearance; a single empty name where the table has none.
        examples: labels of the examples.
        dataset_of: the dataset of each example.
        cluster_of: the cluster of each example; None without clusters.
        clusters: labels of the clusters.
        seeds: labels of the seeds; empty without seeds.
        judges: labels of the judges; empty without judges.
        repeated: whether the table has a column of repeats, or of seeds and repeats.
        variant: of each answer.
        example: of each answer.
        seed: of each answer; 0 without seeds.
        score: of each answer, NaN where there is none.
        by_judge: shape (judges, answers); empty without judges.
    """

    variants: list[str]
    datasets: list[str]
    examples: list[str]
    dataset_of: Codes
    cluster_of: Codes | None
    clusters: list[str]
    seeds: list[str]
    judges: list[str]
    repeated: bool
    variant: Codes
    example: Codes
    seed: Codes
    score: Floats
    by_judge: Floats

    def with_missing_at(self, value: float) -> Answers:
        """The answers with this score wherever there is none."""
        return replace(self, score=np.where(np.isnan(self.score), value, self.score))

    def of_judge(self, judge: int) -> Answers:
        """The answers with the scores of one judge, where all judges gave one."""
        own = np.where(np.isnan(self.score), np.nan, self.by_judge[judge])
        return replace(self, score=own)


@dataclass(frozen=True)
class Cells:
    """What one variant scored on each example.

    Attributes:
        counts: answers with a score.
        asked: answers, with a score or without.
        means: of the scores, over seeds and repeats; NaN where there is none.
        squares: sum of squared deviations from the mean.
        table: shape (seeds, examples): the mean over repeats; NaN where there is none. None without seeds.
    """

    counts: Floats
    asked: Floats
    means: Floats
    squares: Floats
    table: Floats | None


def checked_answers(place: str, table: pd.DataFrame, options: Options) -> Answers:
    """Check a long table with the columns `NEEDED` and any of `OPTIONAL`.

    Args:
        place: what the table is called in messages.
        table: one row per answer, or per answer and judge.
        options: whose names messages use.

    Raises:
        UserError: a column is missing, a cell is empty, a row is there twice, an example has two clusters or hashes.
    """
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise UserError(f"{place}: an evaluation needs the columns {', '.join(NEEDED)}; missing: {', '.join(missing)}")
    if table.empty:
        raise UserError(f"{place}: has no rows")
    codes, labels = {}, {}
    where = options.named("where")
    for name in ("variant", "example", *OPTIONAL):
        if name not in table.columns:
            continue
        found, uniques = pd.factorize(table[name])
        if (found < 0).any() and name != "hash":
            row = int(np.argmax(found < 0)) + 1
            raise UserError(f"{place}: row {row} has no {name}; fill it in, or leave such rows out with {where}")
        codes[name], labels[name] = found.astype(np.int64), [str(label) for label in uniques]
    rows = len(table)
    nothing = np.zeros(rows, dtype=np.int64)
    dataset = codes.get("dataset", nothing)
    # An example is known by its dataset and its name: two datasets may both number theirs from 0.
    example, first = _numbered(dataset * len(labels["example"]) + codes["example"])
    names = [labels["example"][code] for code in codes["example"][first]]
    score = _scores(place, table["score"])
    cluster_of, clusters = None, list[str]()
    if "cluster" in codes:
        # A cluster of one name in several datasets is the same one, such as a text that was translated: if it is not,
        # the errors are right all the same, from fewer clusters.
        cluster, own = _numbered(codes["cluster"])
        cluster_of = cluster[first]
        clusters = [labels["cluster"][code] for code in codes["cluster"][own]]
        _refuse_two(place, names, example, cluster, cluster_of, [labels["cluster"][c] for c in codes["cluster"]])
    if "hash" in codes:
        _refuse_other_hash(place, names, labels["variant"], example, codes["variant"], codes["hash"])
    seed, repeat, judge = (codes.get(name, nothing) for name in ("seed", "repeat", "judge"))
    key = _mixed([(codes["variant"], labels["variant"]), (example, names), (seed, labels.get("seed", [""]))])
    key = _mixed_more(key, repeat, labels.get("repeat", [""]))
    answer, at = _numbered(key)
    _refuse_twice(place, table, answer, judge, names, example, labels, codes, options)
    judges = labels.get("judge", [])
    by_judge = np.empty((0, at.size))
    scores = np.full(at.size, np.nan)
    if len(judges) > 1:
        by_judge = np.full((len(judges), at.size), np.nan)
        by_judge[judge, answer] = score
        scores = by_judge.mean(axis=0)
        variants = [labels["variant"][code] for code in codes["variant"][at]]
        _refuse_few_judged(place, scores, by_judge, variants, options)
    else:
        scores[answer] = score
    return Answers(
        labels["variant"],
        labels.get("dataset", [""]),
        names,
        dataset[first],
        cluster_of,
        clusters,
        labels.get("seed", []),
        judges,
        "repeat" in codes,
        codes["variant"][at],
        example[at],
        seed[at],
        scores,
        by_judge,
    )


def _scores(place: str, column: pd.Series) -> Floats:
    """The scores as numbers, NaN where there is none."""
    try:
        score = pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise UserError(f"{place}: a score is not a number ({error})") from error
    wrong = np.abs(score) > LARGEST_SCORE
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{place}: row {row + 1} has the score {score[row]}, which is too large to be averaged")
    if np.isnan(score).all():
        raise UserError(f"{place}: no row has a score")
    return score


def cells(answers: Answers) -> list[Cells]:
    """What each variant scored on each example."""
    size = len(answers.examples)
    key = answers.variant * size + answers.example
    shape = (len(answers.variants), size)
    given = ~np.isnan(answers.score)
    asked = np.bincount(key, minlength=shape[0] * size).reshape(shape).astype(np.float64)
    means, counts = _means(key[given], answers.score[given], shape[0] * size)
    deviations = answers.score[given] - means[key[given]]
    squares = _sums(key[given], deviations**2, shape[0] * size)
    found = [
        Cells(*rows, None)
        for rows in zip(counts.reshape(shape), asked, means.reshape(shape), squares.reshape(shape), strict=True)
    ]
    return [_with_seeds(answers, variant, cell) for variant, cell in enumerate(found)] if answers.seeds else found


def _with_seeds(answers: Answers, variant: int, cell: Cells) -> Cells:
    """With a table of seeds × examples; an example counts only where every seed of the variant has a score."""
    size = len(answers.examples)
    own = answers.variant == variant
    seeds, place = np.unique(answers.seed[own], return_inverse=True)
    given = ~np.isnan(answers.score[own])
    key = place * size + answers.example[own]
    table, _ = _means(key[given], answers.score[own][given], seeds.size * size)
    table = table.reshape(seeds.size, size)
    return replace(cell, means=table.mean(axis=0), table=table)


def _means(key: Codes, scores: Floats, size: int) -> tuple[Floats, Floats]:
    counts = np.bincount(key, minlength=size).astype(np.float64)
    sums = _sums(key, scores, size)
    return np.divide(sums, counts, out=np.full(size, np.nan), where=counts > 0), counts


def _sums(key: Codes, scores: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(key, weights=scores, minlength=size), dtype=np.float64)


def _numbered(keys: Codes) -> tuple[Codes, Codes]:
    """Number the keys in order of appearance; return the number of each row, and the first row of each number."""
    codes, _ = pd.factorize(keys)
    codes = codes.astype(np.int64)
    first = np.full(int(codes.max()) + 1, keys.size, dtype=np.int64)
    # Written backwards, the first row of a number is the last to be written.
    first[codes[::-1]] = np.arange(keys.size - 1, -1, -1)
    return codes, first


def _mixed(parts: Sequence[tuple[Codes, Sequence[str]]]) -> Codes:
    key = np.zeros(parts[0][0].size, dtype=np.int64)
    for codes, labels in parts:
        key = _mixed_more(key, codes, labels)
    return key


def _mixed_more(key: Codes, codes: Codes, labels: Sequence[str]) -> Codes:
    return np.asarray(key * max(len(labels), 1) + codes)


def _refuse_two(
    place: str, names: Sequence[str], example: Codes, cluster: Codes, cluster_of: Codes, labels: Sequence[str]
) -> None:
    wrong = np.flatnonzero(cluster != cluster_of[example])
    if wrong.size:
        row = int(wrong[0])
        other = int(np.argmax(example == example[row]))
        raise UserError(
            f"{place}: example {names[example[row]]} is in cluster {labels[other]} and in cluster {labels[row]}; an "
            "example has one cluster, so one of the two columns is another one"
        )


def _refuse_other_hash(
    place: str, names: Sequence[str], variants: Sequence[str], example: Codes, variant: Codes, digest: Codes
) -> None:
    """Refuse examples whose content differs between variants, although their name is the same."""
    _, first = _numbered(example)
    differs = (digest != digest[first][example]) & (digest >= 0)
    wrong = pd.unique(example[differs])
    if wrong.size:
        at = int(np.argmax(differs))
        pair = enumerate_words(sorted({variants[variant[first[example[at]]]], variants[variant[at]]}))
        raise UserError(
            f"{place}: {quantity(wrong.size, 'example')} of {pair} "
            f"{'has' if wrong.size == 1 else 'have'} the same name but another hash, so these are not the same "
            f"questions: {shortened([names[code] for code in wrong], MOST_NAMED)}; score both on one version of them"
        )


def _refuse_twice(
    place: str,
    table: pd.DataFrame,
    answer: Codes,
    judge: Codes,
    names: Sequence[str],
    example: Codes,
    labels: dict[str, list[str]],
    codes: dict[str, Codes],
    options: Options,
) -> None:
    key = answer * max(len(labels.get("judge", [])), 1) + judge
    again = pd.Series(key).duplicated().to_numpy()
    if not again.any():
        return
    row = int(np.argmax(again))
    count = int((key == key[row]).sum())
    told = [name for name in ("dataset", "seed", "repeat", "judge") if name in codes]
    where = "".join(f", {name} {labels[name][codes[name][row]]}" for name in told)
    column = {name: options.named(name) for name in ("repeat", "seed", "dataset", "judge", "where")}
    remedy = (
        f"name the column that tells them apart: {column['repeat']} for answers to one question, {column['seed']} for "
        "retrained models"
    )
    if "repeat" in codes or "seed" in codes:
        remedy = (
            f"leave one out, or name the column that tells them apart ({column['dataset']}, {column['judge']}, or "
            f"{column['where']} to choose)"
        )
    raise UserError(
        f"{place}: example {names[example[row]]} of {labels['variant'][codes['variant'][row]]}{where} is there "
        f"{count} times (again in row {row + 1} of {len(table)}); {remedy}"
    )


def _refuse_few_judged(place: str, scores: Floats, by_judge: Floats, variants: Sequence[str], options: Options) -> None:
    """Refuse judges who scored different answers: a lenient one would favour the answers that it saw."""
    every, some = ~np.isnan(scores), (~np.isnan(by_judge)).any(axis=0)
    judged = pd.DataFrame({"variant": variants, "any": some, "all": every})
    for variant, own in judged.groupby("variant", sort=False):
        complete, any_judge = int(own["all"].sum()), int(own["any"].sum())
        if complete < LEAST_SHARED * any_judge:
            way = options.spelled("where", "JUDGE=NAME")
            raise UserError(
                f"{place}: only {complete} of {any_judge} answers of {variant} were scored by all {len(by_judge)} "
                f"judges, and judges who score different answers cannot be averaged; choose one with {way}"
            )


def check_shared(place: str, answers: Answers, found: Sequence[Cells], baseline: int, options: Options) -> None:
    """Refuse variants that were asked other examples than the baseline.

    Raises:
        UserError: less than `LEAST_SHARED` of the examples of a pair are shared.
    """
    base = found[baseline].asked > 0
    for variant, own in enumerate(found):
        for dataset, name in enumerate(answers.datasets):
            here = answers.dataset_of == dataset
            asked = (own.asked > 0) & here
            shared, either = int((asked & base).sum()), int((asked | (base & here)).sum())
            if variant != baseline and shared < LEAST_SHARED * either:
                where = f" of {name}" if name else ""
                raise UserError(
                    f"{place}: {answers.variants[variant]} and {answers.variants[baseline]} share {shared} of {either} "
                    f"examples{where}, and variants can only be compared on the same ones; check that the ids of both "
                    f"name the same questions, or leave a variant out with {options.named('where')}"
                )


def check_baseline(place: str, answers: Answers, baseline: str) -> int:
    """Return the place of the baseline.

    Raises:
        UserError: the table has no such variant.
    """
    if baseline in answers.variants:
        return answers.variants.index(baseline)
    guess = nearest(baseline, answers.variants)
    hint = f"; did you mean {guess}?" if guess else f"; it has {shortened(answers.variants)}"
    raise UserError(f"{place}: there is no variant {baseline}{hint}")
