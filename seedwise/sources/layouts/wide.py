"""Wide tables: a column for each seed, or a column for each variant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, quote
from seedwise.basics.words import shortened
from seedwise.runs.direction import higher_is_better
from seedwise.sources.cells import dates, states
from seedwise.sources.cells.numbers import read_numbers
from seedwise.sources.columns import STEPS, find, listing
from seedwise.sources.layouts.layout import Layout, has_metrics, has_seed, has_variant, is_evaluation, is_named
from seedwise.sources.layouts.long import long
from seedwise.sources.layouts.means import STATISTICS
from seedwise.sources.layouts.pivots import PIVOTED
from seedwise.sources.options import Options
from seedwise.sources.replicates import HARMLESS, SETTINGS
from seedwise.sources.tables.objects import NESTED, SCORE
from seedwise.sources.tables.table import Table

_MARK = r"(?P<mark>seed|s|run)[-_ =]?"
_SEED = re.compile(rf"(?:{_MARK})?(?P<seed>[0-9]+)", re.IGNORECASE)
_AFTER = re.compile(r"(?P<metric>.+?)[-_ ./](?P<mark>seed)[-_ =]?(?P<seed>[0-9]+)", re.IGNORECASE)
_BEFORE = re.compile(r"(?P<mark>seed)[-_ =]?(?P<seed>[0-9]+)[-_ ./](?P<metric>.+)", re.IGNORECASE)
_LIKELY = r"(?P<mark>folds?|splits?|reps?|repeats?|replicates?|trials?|cv|)[-_ =]?(?P<seed>[0-9]+)"
_MAYBE = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (_LIKELY, rf"(?P<metric>.+?)[-_ ./]?{_LIKELY}", rf"{_LIKELY}[-_ ./](?P<metric>.+)")
)
"""Columns such as `fold1`, `acc_1` and `split0_test_score`, which may be of one seed each, and may not."""
_BESIDE = STATISTICS | {
    "diff",
    "difference",
    "delta",
    "p",
    "p_value",
    "pvalue",
    "p-value",
    "t",
    "winner",
    "significant",
}
"""Columns that stand beside variants, and are none."""
_OTHERS = (*dates.COLUMNS, *states.COLUMNS, *STEPS)


def _seed_columns(table: Table, options: Options) -> dict[str, tuple[str, str]]:
    """Return for each column that is of one seed the seed and the metric."""
    found: dict[str, tuple[str, str]] = {}
    wanted = {name.strip().lower(): name for name in options.metrics}
    marks = set()
    for column in table.columns:
        matched = _SEED.fullmatch(column.strip())
        if matched and len(options.metrics) == 1:
            found[column] = (matched["seed"], options.metrics[0])
            marks.add((matched["mark"] or "").lower())
            continue
        for form in (_AFTER, _BEFORE):
            matched = form.fullmatch(column.strip())
            if matched and matched["metric"].lower() in wanted:
                found[column] = (matched["seed"], wanted[matched["metric"].lower()])
                marks.add("seed")
    return found if len(marks) == 1 else {}


def _likely_columns(table: Table, options: Options) -> dict[str, tuple[str, str]]:
    """Return for each column that may be of one seed the seed and the metric; the other columns are few."""
    found: dict[str, tuple[str, str]] = {}
    wanted = {name.strip().lower(): name for name in options.metrics}
    for column in table.columns:
        for form in _MAYBE:
            matched = form.fullmatch(column.strip())
            metric = matched.groupdict().get("metric", options.metrics[0]) if matched else ""
            if matched and metric.lower() in wanted:
                found[column] = (matched["seed"], wanted[metric.lower()])
                break
    return found


def _by_seeds(table: Table, options: Options) -> bool:
    found = _seed_columns(table, options)
    sure = len(found) > 1
    found = found if sure else _likely_columns(table, options)
    if len(found) < 2 or has_seed(table, options) or has_metrics(table, options) or not _holds_numbers(table, found):
        return False
    others = _without_statistics([column for column in table.columns if column not in found])
    if not has_variant(table, options) and len(others) != 1:
        return False
    seeds = sorted({int(seed) for seed, _ in found.values()})
    counted = seeds[0] <= 1 and seeds == list(range(seeds[0], seeds[0] + len(seeds)))
    if not sure or (not counted and not all("seed" in column.lower() for column in found)):
        raise UserError(
            f"{table.name}: {shortened([quote(column) for column in found], 3)} could be columns of one seed each; if "
            f"they are, add {options.spelled('layout', 'wide-seeds')}"
        )
    return True


def _by_seeds_forced(table: Table, options: Options) -> bool:
    return bool(_seed_columns(table, options) or _likely_columns(table, options))


def _from_seeds(table: Table, options: Options) -> Table:
    """Make a row for each cell below a seed."""
    found = _seed_columns(table, options) or _likely_columns(table, options)
    others = [column for column in table.columns if column not in found]
    kept = _without_statistics(others)
    left = [column for column in others if column not in kept]
    if not has_variant(table, options):
        if len(kept) != 1:
            raise UserError(
                f"{table.name}: say which column is the variant: {options.spelled('variant', 'COLUMN')}. "
                f"{listing(kept)}"
            )
        table = replace(table, frame=table.frame.rename(columns={kept[0]: "variant"}))
        kept = ["variant"]
    by_seed: dict[str, dict[str, str]] = {}
    for column, (seed, metric) in found.items():
        if metric in by_seed.setdefault(seed, {}):
            raise UserError(f"{table.name}: {quote(by_seed[seed][metric])} and {quote(column)} are one seed")
        by_seed[seed][metric] = column
    notes = [f"Left out, because they sum up seeds: {shortened(left, 6)}."] if left else []
    return long(table, ["seed"], {(seed,): columns for seed, columns in by_seed.items()}, kept, notes)


def _without_statistics(columns: Sequence[str]) -> list[str]:
    return [column for column in columns if not is_named(column, STATISTICS)]


def _holds_numbers(table: Table, columns: Sequence[str] | Mapping[str, object]) -> bool:
    """Whether columns hold numbers, nearly everywhere."""
    for column in columns:
        numbers = read_numbers(table.frame[column], column)
        if 2 * len(numbers.strange) > len(table.frame):
            return False
    return True


def _units(table: Table, options: Options) -> list[str]:
    """Return the columns that can tell the rows apart: the seed, or what was asked."""
    return find(table.columns, (options.example if is_evaluation(options) else options.seed) or "seed")


def _variant_columns(table: Table, options: Options) -> list[str]:
    """Return the columns that are neither the seed nor named by the user."""
    named = {
        options.seed,
        options.cluster,
        options.repeat,
        options.judge,
        options.digest,
        options.status,
        options.created,
        options.dataset,
        *options.ignore,
    }
    named |= {*options.where_columns}
    taken = {column for name in named if name for column in find(table.columns, name)} | {*_units(table, options)}
    return [column for column in table.columns if column not in taken and not is_named(column, _BESIDE)]


def _by_variants(table: Table, options: Options) -> bool:
    _refuse_unnumbered(table, options)
    if len(_units(table, options)) != 1 or has_variant(table, options) or has_metrics(table, options):
        return False
    columns = _variant_columns(table, options)
    if len(columns) < 2 or len(options.metrics) > 1 or not _holds_numbers(table, columns):
        return False
    if table.text(_units(table, options)[0]).duplicated().any() and not options.dataset:
        return False
    metric = options.metrics[0]
    odd = [
        column
        for column in columns
        if is_named(column, HARMLESS) or is_named(column, SETTINGS) or is_named(column, _OTHERS)
    ]
    odd += [column for column in columns if higher_is_better(column) is not None or _SEED.fullmatch(column.strip())]
    if odd or nearest(metric, columns):
        raise UserError(
            f"{table.name}: no column {quote(metric)} and none that is the variant. {listing(table.columns)} If each "
            f"column is a variant, add {options.spelled('layout', 'wide-variants')}; if not, say which column is the "
            f"variant: {options.spelled('variant', 'COLUMN')}"
        )
    return True


def _refuse_unnumbered(table: Table, options: Options) -> None:
    """Refuse nothing but columns of numbers, of which none is a seed, and none a metric by its name."""
    columns, metric = table.columns, options.metrics[0]
    if len(columns) < 2 or len(options.metrics) > 1 or table.evaluation or has_variant(table, options):
        return
    if table.frame.empty:
        return  # whatever its columns are
    if any(is_named(column, (*HARMLESS, *SETTINGS, *_OTHERS, *_BESIDE)) for column in columns):
        return
    if has_seed(table, options) or has_metrics(table, options) or nearest(metric, columns):
        return
    if any(higher_is_better(column) is not None for column in columns) or not _holds_numbers(table, columns):
        return
    raise UserError(
        f"{table.name}: no column {quote(metric)}. {listing(columns)} If each column is a variant, add a column seed "
        "that numbers its rows"
    )


def _by_variants_forced(table: Table, options: Options) -> bool:
    return len(_units(table, options)) == 1 and len(_variant_columns(table, options)) > 1


def _from_variants(table: Table, options: Options) -> Table:
    """Make a row for each cell below a variant."""
    columns = _variant_columns(table, options)
    if len(options.metrics) > 1:
        raise UserError(
            f"{table.name}: a column for each variant has one metric; name one with {options.named('metric')}"
        )
    kept = [column for column in table.columns if column not in columns and not is_named(column, _BESIDE)]
    cells: dict[tuple[str, ...], dict[str, str]] = {(column,): {options.metrics[0]: column} for column in columns}
    notes = [f"Each column is a variant: {shortened(columns, 8)}; their cells are {options.metrics[0]}."]
    if left := [column for column in table.columns if is_named(column, _BESIDE)]:
        notes.append(f"Left out, because they sum up or compare variants: {shortened(left, 6)}.")
    return long(table, ["variant"], cells, kept, notes)


def _is_nested(table: Table, _: Options) -> bool:
    return table.layout == NESTED


def _from_nested(table: Table, options: Options) -> Table:
    """Call the scores as the user does, because the object has no name for them."""
    if list(table.columns) != ["variant", "seed", SCORE] or has_metrics(table, options) or len(options.metrics) > 1:
        return table
    return replace(table, frame=table.frame.rename(columns={SCORE: options.metrics[0]}))


WIDE = (
    Layout(
        "json-nested",
        "scores by variant and seed",
        'a JSON object {"variant": {"seed": score}}',
        _is_nested,
        _from_nested,
    ),
    PIVOTED,
    Layout(
        "wide-seeds",
        "a table with a column for each seed",
        "a column for each seed (0, 1, 2 or seed_0, seed_1)",
        _by_seeds,
        _from_seeds,
        _by_seeds_forced,
    ),
    Layout(
        "wide-variants",
        "a table with a column for each variant",
        "a column of seeds (see {seed}) and one for each variant",
        _by_variants,
        _from_variants,
        _by_variants_forced,
    ),
)
