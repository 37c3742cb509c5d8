"""Renders docs/calibration.md from the runs and the measured rates."""

from __future__ import annotations

from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from benchmarks.calibration import alarms, effects, lost, power
from benchmarks.calibration.figures import ORDER
from benchmarks.calibration.measure import INTERVALS, SIZES, Effort
from benchmarks.calibration.promises import Effort as PromiseEffort
from benchmarks.calibration.rules import LABELS
from benchmarks.calibration.runs import TEST_IMAGES, describe, read_pools

TEMPLATE = Path(__file__).with_name("calibration.md.j2")
POINTS = 100 / TEST_IMAGES
PROMISE_KEY = ("quantity", "noise", "rule", "case", "comparisons", "n", "n_baseline", "difference", "promised")


class Rates:
    """Rates in the form in which they are printed, in per cent."""

    def __init__(self, measured: pd.DataFrame) -> None:
        self._rows = measured.set_index(["quantity", "setting", "rule", "n"]).sort_index()

    def rate(self, quantity: str, setting: str, rule: str, n: int) -> str:
        """Return the rate alone: 19.4 %."""
        return f"{100 * self._rows.loc[(quantity, setting, rule, n), 'rate']:.1f} %"

    def cell(self, quantity: str, setting: str, rule: str, n: int) -> str:
        """Return the rate ± the combined standard error of pool and Monte Carlo: 19.4 ± 0.6."""
        row = self._rows.loc[(quantity, setting, rule, n)]
        return f"{100 * row['rate']:.1f} ± {100 * np.hypot(row['mc_se'], row['pool_se']):.1f}"

    def worst_mc(self) -> str:
        """Return the largest Monte Carlo standard error of all rates."""
        return f"{100 * self._rows['mc_se'].max():.2f}"


class Promises:
    """Promises and measured rates in the form in which they are printed, in per cent."""

    def __init__(self, promises: pd.DataFrame) -> None:
        self._rows = promises

    def only(self, starts: str = "", **keys: str | float) -> pd.DataFrame:
        """Return the rows in which these columns have these values, and whose case starts with `starts`."""
        rows = self._rows[self._rows["case"].str.startswith(starts)]
        for name, value in keys.items():
            rows = rows[rows[name] == value]
        return rows

    def one(self, **keys: str | float) -> pd.Series:
        """Return the only row with these values.

        Raises:
            ValueError: there is not exactly one.
        """
        rows = self.only(**keys)
        if len(rows) != 1:
            raise ValueError(f"{len(rows)} rows have {keys}")
        return rows.iloc[0]

    def rate(self, **keys: str | float) -> str:
        """Return the rate alone: 79.4."""
        return f"{100 * self.one(**keys)['rate']:.1f}"

    def cell(self, **keys: str | float) -> str:
        """Return the rate ± its standard error, which includes that from the pool where it is known: 79.4 ± 0.6."""
        row = self.one(**keys)
        return f"{100 * row['rate']:.1f} ± {100 * np.hypot(row['mc_se'], np.nan_to_num(row['pool_se'])):.1f}"

    def mean(self, **keys: str | float) -> str:
        """Return the mean of the rates, with two decimals."""
        return f"{100 * self.only(**keys)['rate'].mean():.2f}"

    def most(self, **keys: str | float) -> pd.Series:
        """Return the row with the highest rate."""
        rows = self.only(**keys)
        return rows.loc[rows["rate"].idxmax()]

    def lowest(self, **keys: str | float) -> str:
        """Return the lowest of the rates."""
        return f"{100 * self.only(**keys)['rate'].min():.1f}"

    def highest(self, starts: str = "", **keys: str | float) -> str:
        """Return the highest of the rates."""
        return f"{100 * self.only(starts, **keys)['rate'].max():.1f}"

    def worst(self, **keys: str | float) -> str:
        """Return the largest distance of a rate from what was promised, in points."""
        rows = self.only(**keys)
        return f"{100 * (rows['rate'] - rows['promised']).abs().max():.1f}"


def render(runs: pd.DataFrame, measured: pd.DataFrame, promises: pd.DataFrame) -> str:
    """Return the text of docs/calibration.md."""
    pools = read_pools(runs)
    total = len(pools.baseline)
    half = total // 2
    first, second = pools.baseline[:half], pools.baseline[half:]
    error = np.sqrt(first.var(ddof=1) / half + second.var(ddof=1) / (total - half))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # the text is Markdown, not HTML
    )
    only = {name: runs[name].unique() for name in ("hardware", "device", "precision", "commit", "threads", "dirty")}
    if any(len(values) != 1 for values in only.values()):
        raise ValueError("the runs must all come from one commit, machine and precision")
    return environment.get_template(TEMPLATE.name).render(
        name=pools.name,
        total=total,
        half=half,
        runs=len(runs),
        only={name: values[0] for name, values in only.items()},
        epochs=int(runs["epochs"].iloc[0]),
        seconds=float(runs["seconds"].median()),
        hours=float(runs["seconds"].sum() / 3600),
        noise={"baseline": describe(pools.baseline), pools.name: describe(pools.variant)},
        difference=pools.difference * POINTS,
        difference_se=pools.difference_se * POINTS,
        effect=pools.difference / pools.std,
        effect_se=pools.effect_se,
        correlation=pools.correlation,
        copy_difference=float(second.mean() - first.mean()) * POINTS,
        copy_error=float(error) * POINTS,
        copy_effect=float((second.mean() - first.mean()) / pools.baseline.std(ddof=1)),
        rates=Rates(measured),
        rules=[(rule, LABELS[rule]) for rule in ORDER],
        intervals=INTERVALS,
        sizes=SIZES,
        effort=Effort(),
        promises=Promises(promises),
        promise_effort=PromiseEffort(),
        alarms=alarms,
        power=power,
        lost=lost,
        effects=effects,
    )
