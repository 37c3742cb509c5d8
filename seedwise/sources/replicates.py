"""Are the rows of a variant repetitions of one experiment? A column that nobody named may say that they are not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.basics.words import enumerate_words, shortened
from seedwise.runs.direction import higher_is_better
from seedwise.sources.cells import dates, states
from seedwise.sources.cells.dates import read_date
from seedwise.sources.cells.numbers import is_number
from seedwise.sources.columns import SETTING, STEPS, Columns, bare, shortened_name, simple
from seedwise.sources.options import Options
from seedwise.sources.tables.table import Table

HARMLESS = frozenset(
    """
    name id run_id run run_name reason source_run notes note tags user host hostname node node_ip pid gpu
    device duration runtime _runtime _wandb time time_this_iter_s time_total_s seconds wall_time walltime
    epochs_run best_epoch best_step timesteps_total warmup_time experiment_tag artifact_uri source_type
    source_name source logdir path folder filename log_dir checkpoint trial_id number time_since_restore
    iterations_since_restore port master_port end_time ended datetime_complete updated updated_at heartbeat job_id
    slurm_job_id description display_name url lifecycle_stage
    """.split()  # noqa: SIM905 - one list of words
)
"""Names, in lower case with _ for blanks, of what differs between repetitions of one experiment as well."""
_NAMES = frozenset(
    """
    name id run_id run run_name reason source_run notes note tags experiment_tag description display_name source
    logdir path folder log_dir
    """.split()  # noqa: SIM905 - one list of words
)
"""Those of them that tell experiments apart if one value stands for several runs of several variants."""
SETTINGS = frozenset(
    """
    lr learning_rate wd weight_decay batch_size bs optimizer env env_id env_name environment dataset data
    task fold split model arch architecture method algo algorithm prompt temperature dropout epochs
    max_epochs horizon gamma level subset domain language lang passage question question_id item_id example
    example_id doc_id benchmark width depth num_layers hidden_size train_size n_train scheduler augmentation
    loss_fn variant_group size difficulty num_tokens
    """.split()  # noqa: SIM905 - one list of words
)
"""Names of what makes another experiment when it differs."""
_FIXED = frozenset({"fold", "split", "subset", "level", "passage", "question", "question_id", "example", "train_size"})
"""Numbers that a run keeps from its first step to its last, other than a learning rate."""
_SCHEDULED = frozenset({"lr", "learning_rate", "wd", "weight_decay", "temperature", "dropout", "gamma", "epochs"})
"""Settings that a run can change from step to step."""
NOT_NUMBERS = frozenset({"nan", "inf", "-inf", "true", "false", "infinity", "-infinity"})
"""Words that a metric can have, in lower case."""
_SHOWN = 3
_FEW = 5  # rows of a run that can be runs of their own as well as a history


def refuse_mixed(table: Table, runs: pd.DataFrame, columns: Columns, options: Options) -> None:
    """Refuse a table in which a column that nobody named varies within a variant as a setting would.

    A column is not asked about if it is a metric by its name, another name of the seed, text that is different in each
    row, or a number with hardly a value twice.

    Args:
        table: with all columns.
        runs: the rows that count, with `variant`, `seed` and the row's number in the table as `_row`.
        columns: those that have a role.
        options: what the user says, with the columns that may vary.

    Raises:
        UserError: it names the columns and the ways on.
    """
    rows = runs["_row"].to_numpy()
    _refuse_states(table, rows, columns, options)
    keys = ["variant", *(["dataset"] if columns.dataset else [])]
    groups = np.asarray(runs.groupby(keys, sort=False).ngroup(), dtype=np.int64)
    seeds = runs["seed"].astype("str").reset_index(drop=True)
    repeated = bool(runs.duplicated([*keys, "seed"], keep=False).all())
    ignored = {name.strip().lower() for name in options.ignore}
    conditions = _conditions(options)
    mixed = []
    for column in table.columns:
        name = bare(column).strip().lower()
        if column in columns.named or _is_among(column, ignored | conditions):
            continue
        texts = table.text(column).iloc[rows].reset_index(drop=True)
        if _harmless(name, texts):
            if name.replace(" ", "_") in _NAMES and _crosses(texts, groups):
                mixed.append((column, texts))
            continue
        if _is_setting(column, texts, groups, seeds, repeated=repeated):
            mixed.append((column, texts))
    if mixed:
        raise UserError(_message(table, mixed, runs, options))


def refuse_several(table: Table, ordered: pd.DataFrame, columns: Columns, options: Options) -> None:
    """Refuse rows that are said to be the steps of one run, and differ in what no run changes on its way.

    Args:
        table: with all columns.
        ordered: all rows, before one of each run was taken, with the run as `_run` and the step as `_step`.
        columns: those that have a role.
        options: what the user says, with the columns that may vary.

    Raises:
        UserError: as `refuse_mixed`.
    """
    rows = ordered["_row"].to_numpy()
    run, step = ordered["_run"].to_numpy(), pd.factorize(ordered["_step"])[0]
    is_said = options.take is not None or table.steps  # that the rows of a run are its steps
    said = {name.strip().lower() for name in options.ignore} | _conditions(options)
    mixed, unsure = [], False
    for column in table.columns:
        name = bare(column).strip().lower()
        if column in columns.named or _is_among(column, said):
            continue
        texts = table.text(column).iloc[rows].reset_index(drop=True)
        if _harmless(name, texts):
            continue
        given = (texts != "").to_numpy()
        codes, words = pd.factorize(texts[given])
        if not len(codes) or _distinct(run[given], codes).max() < 2:
            continue
        word = name.replace(" ", "_")
        if not _is_measured(words.tolist()):
            varies = len(words) < len(codes)
        elif word in _FIXED or (word in SETTINGS - _SCHEDULED) or (is_parameter(column) and word not in _SCHEDULED):
            varies = True
        else:
            varies = not is_said and _is_grid(run[given], step[given], codes)
            unsure |= varies
        if varies:
            mixed.append((column, texts))
    if mixed:
        runs = ordered.reset_index(drop=True)
        raise UserError(_message(table, mixed, runs, options, histories=unsure))


def is_parameter(column: str) -> bool:
    """Whether a column has a tool's prefix for what a run was given: `params_tau`, `config.tau`, `hparams/tau`."""
    return re.match(rf"(?:{'|'.join(SETTING)})[./_]", column.strip(), re.IGNORECASE) is not None


def _is_grid(run: NDArray[np.int64], step: NDArray[np.int64], codes: NDArray[np.int64]) -> bool:
    """Whether a number takes the same few values in each run, and is none that a run could change on its way.

    Either one step has two of the values, as no run has, or each of the few rows of a run has one of its own, and with
    it the same step in every run: a schedule looks like that, and so do several runs that differ in their length.
    """
    runs, values = int(run.max()) + 1, int(codes.max()) + 1
    pairs = np.unique(run * values + codes)
    in_runs = np.bincount(pairs % values, minlength=values)
    if runs < 2 or values > _FEW or (in_runs < runs).any():
        return False
    at = run * (int(step.max()) + 1) + step
    if _distinct(at, codes).max() > 1:
        return True
    return len(pairs) == len(codes) and _distinct(codes, step).max() == 1


def _distinct(groups: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each group how many different codes it has."""
    width = int(codes.max()) + 1
    return np.bincount(np.unique(groups * width + codes) // width)


def _is_measured(words: Sequence[str]) -> bool:
    words = words[:1000]
    return all(map(is_number, words)) or all(read_date(word) is not None for word in words)


def _refuse_states(table: Table, rows: NDArray[np.int64], columns: Columns, options: Options) -> None:
    """Refuse a column that may say how runs ended, by its name or by a word in it, if nobody said what it is."""
    ignored = {name.strip().lower() for name in (*options.ignore, *_conditions(options))}
    for column in table.columns:
        name = simple(column)
        if column in columns.named or _is_among(column, ignored):
            continue
        words = table.text(column).iloc[rows].unique().tolist()
        bad = [word for word in words if states.meaning(word, {}) in ("failed", "running") and word.isalpha()]
        bad = [word for word in bad if word.lower() not in ("true", "false", "active", "lost")]
        if len(words) < 2 or not (name in states.HINTS or bad):
            continue
        if name in states.HINTS and not bad and _are_measured(words):
            continue  # an error is a metric as well
        seen = shortened([shortened_name(word) or "nothing" for word in words], 3)
        raise UserError(
            f"{table.name}: does {plain(shortened_name(column))} say how runs ended ({seen})? If so, add "
            f"{options.spelled('status', column)}, and for words of its own {_state(options)}, or "
            f"{options.spelled('where', f'{column}={words[0]}')} for those rows only; if not, "
            f"{options.spelled('ignore', column)}"
        )


def _is_among(column: str, names: set[str]) -> bool:
    """Whether a column is named, or fits a pattern such as `config.*`."""
    forms = {column.strip().lower(), bare(column).strip().lower()}
    return bool(forms & names) or any(fnmatchcase(form, name) for form in forms for name in names if "*" in name)


def _conditions(options: Options) -> set[str]:
    return {name.lower() for name in options.where_columns}


def _are_measured(words: Sequence[str]) -> bool:
    """Whether words are measured, or dates, and no code that a process ended with."""
    given = [word for word in words if word]
    dates_only = all(read_date(word) is not None and not is_number(word) for word in given)
    return dates_only or (all(map(is_number, given)) and any("." in word or "e" in word.lower() for word in given))


def _state(options: Options) -> str:
    return options.spelled("state", "WORD=failed")


def _harmless(name: str, texts: pd.Series) -> bool:
    word = name.replace(" ", "_")
    return (
        word in HARMLESS
        or word in dates.COLUMNS
        or word in states.COLUMNS
        or word.rpartition("/")[2] in STEPS
        or (word not in SETTINGS and higher_is_better(name) is not None and _has_numbers(texts))
    )


def _has_numbers(texts: pd.Series) -> bool:
    """Whether there is a number among texts, as in a metric, or nothing at all."""
    given = [text for text in texts.unique()[:1000].tolist() if text]
    return not given or any(any(map(str.isdecimal, text)) or text.lower() in NOT_NUMBERS for text in given)


def _crosses(texts: pd.Series, groups: NDArray[np.int64]) -> bool:
    """Whether each of several texts stands for several runs of a variant, and of another one too."""
    words = int(texts.nunique())
    if words < 2 or 4 * words > len(texts) or (texts == "").any():
        return False
    counts = pd.crosstab(texts.to_numpy(), groups).to_numpy()
    return bool(((counts > 1).sum(axis=1) > 1).all())


def _is_setting(column: str, texts: pd.Series, groups: NDArray[np.int64], seeds: pd.Series, *, repeated: bool) -> bool:
    """Whether a column varies within a group as a setting would.

    Args:
        column: its name.
        texts: its cells.
        groups: the variant, and dataset, of each row, as a number.
        seeds: of each row.
        repeated: whether each row has the variant, seed and dataset of another.
    """
    codes, words = pd.factorize(texts)
    if len(words) < 2:
        return False
    distinct = _distinct(groups, codes)
    varied = distinct > 1
    if not varied.any():
        return False
    word = bare(column).strip().lower().replace(" ", "_")
    given = [text for text in words if text]
    numeric = all(map(is_number, given[:1000]))
    parameter = is_parameter(column)
    seed_codes = pd.factorize(seeds)[0]
    of_seeds = int(seed_codes.max()) + 1
    by_seed = len(words) == of_seeds == int(_distinct(seed_codes, codes).sum())
    if parameter and numeric and by_seed and not _counts_runs(word):
        # That it goes with the seed says something only where a seed occurs twice, and of whole numbers.
        by_seed = of_seeds < len(codes) and all(text.lstrip("+-").isdigit() for text in given)
    if by_seed and (_counts_runs(word) or (numeric and word not in SETTINGS) or _names_seeds(texts, seeds)):
        return False
    if word in SETTINGS or (parameter and numeric):
        return True
    cells = int((texts != "").sum())
    if not numeric:
        return len(given) < cells and any(read_date(text) is None for text in given)
    if repeated and given and len(given) <= cells // 2:
        return True
    return bool((distinct[varied] <= np.bincount(groups)[varied] / 2).all())


def _counts_runs(word: str) -> bool:
    """Whether a setting can be what a seed is called elsewhere."""
    return word in ("fold", "split", "subset") or "seed" in word


def _names_seeds(texts: pd.Series, seeds: pd.Series) -> bool:
    """Whether each text has the run's seed in it, such as `fold-3`."""
    pairs = zip(texts, seeds, strict=True)
    return all(re.search(rf"(?<![0-9])0*{re.escape(seed)}(?![0-9])", text) for text, seed in pairs)


def _message(
    table: Table,
    mixed: list[tuple[str, pd.Series]],
    runs: pd.DataFrame,
    options: Options,
    *,
    histories: bool = False,
) -> str:
    variants = runs["variant"].reset_index(drop=True)
    said = []
    for column, texts in mixed[:_SHOWN]:
        counts = texts.groupby(variants, sort=False).nunique()
        variant = str(counts[counts > 1].index[0])
        values = shortened([shortened_name(value) or "nothing" for value in texts[variants == variant].unique()], 3)
        said.append(f"{plain(shortened_name(column))} varies within the variant {plain(variant)} ({values})")
    more = f", and so do {len(mixed) - _SHOWN} more" if len(mixed) > _SHOWN else ""
    column, texts = mixed[0]
    name = bare(column)
    first = next((text for text in texts if text), "…")
    ways = [f"{options.spelled('where', f'{name}={first}')} for those rows only"]
    finer = ",".join([*(options.variant or ("variant",)), name])
    ways.append(f"{options.spelled('variant', finer)} to compare each value")
    if options.spelling != "keys":
        ways.insert(1, f"{options.spelled('dataset', name)} for a verdict on each")
    names = [bare(other) for other, _ in mixed] if len(mixed) <= _SHOWN else ["*"]
    ignoring = " ".join(options.spelled("ignore", other) for other in names)
    ways.append(f"{ignoring} if these are repetitions all the same")
    if histories:
        ways.append(f"{options.spelled('take', 'last')} if the rows of a seed are steps of one run")
    return (
        f"{table.name}: {enumerate_words(said)}{more}: are its rows repetitions of one experiment? "
        f"Add {enumerate_words(ways, 'or')}"
    )
