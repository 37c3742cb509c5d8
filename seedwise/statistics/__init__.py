"""Statistics of studies with few runs: intervals, comparisons, power, and what the data support.

Imports neither torch nor snakemake nor matplotlib, and pandas only when a whole study is analysed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from seedwise.statistics.bootstrap import bootstrap_ci, bootstrap_cis, bootstrap_difference_ci, percentile_coverage
from seedwise.statistics.comparison import Comparison, compare
from seedwise.statistics.crossed import TwoQuestions, VarianceParts, two_questions, variance_parts
from seedwise.statistics.effect import hedges_g, improvement_interval, probability_of_improvement, rule_of_thumb
from seedwise.statistics.intervals import DataError, Interval, rate_upper_bound, sigma_interval, t_interval
from seedwise.statistics.multiple import dunnett, holm, simultaneous_intervals
from seedwise.statistics.permutation import permutation_test, sign_flip_test
from seedwise.statistics.planning import SeedPlan, detectable_differences, plan_seeds
from seedwise.statistics.power import (
    detectable_effect,
    detectable_effect_paired,
    power_table,
    required_n,
    required_n_paired,
    seeds_needed,
)
from seedwise.statistics.verdict import Verdict, decide

if TYPE_CHECKING:
    from seedwise.statistics.analysis import Analysis, analyse, compare_all, format_table, summarise
    from seedwise.statistics.warnings import DataWarning, find_warnings

__all__ = [
    "Analysis",
    "Comparison",
    "DataError",
    "DataWarning",
    "Interval",
    "SeedPlan",
    "TwoQuestions",
    "VarianceParts",
    "Verdict",
    "analyse",
    "bootstrap_ci",
    "bootstrap_cis",
    "bootstrap_difference_ci",
    "compare",
    "compare_all",
    "decide",
    "detectable_differences",
    "detectable_effect",
    "detectable_effect_paired",
    "dunnett",
    "find_warnings",
    "format_table",
    "hedges_g",
    "holm",
    "improvement_interval",
    "percentile_coverage",
    "permutation_test",
    "plan_seeds",
    "power_table",
    "probability_of_improvement",
    "rate_upper_bound",
    "required_n",
    "required_n_paired",
    "rule_of_thumb",
    "seeds_needed",
    "sigma_interval",
    "sign_flip_test",
    "simultaneous_intervals",
    "summarise",
    "t_interval",
    "two_questions",
    "variance_parts",
]

# What works on tables needs pandas, half the time that this package takes to import: it is loaded when first named.
_ON_TABLES = dict.fromkeys(("Analysis", "analyse", "compare_all", "summarise", "format_table"), "analysis")
_ON_TABLES |= dict.fromkeys(("DataWarning", "find_warnings"), "warnings")


def __getattr__(name: str) -> object:
    if name not in _ON_TABLES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ON_TABLES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
