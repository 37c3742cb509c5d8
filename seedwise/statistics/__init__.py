"""Statistics of studies with few runs: intervals, comparisons, power, and what the data support.

Each name is loaded when it is first used: a verdict can be read without scipy, and runs compared without pandas.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seedwise.statistics.analysis import Analysis, analyse, compare_all, format_table, summarise
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

# What works on tables needs pandas, and tests need scipy: most of the time that this package takes to import.
_HOMES: Mapping[str, Sequence[str]] = {
    "analysis": ("Analysis", "analyse", "compare_all", "format_table", "summarise"),
    "bootstrap": ("bootstrap_ci", "bootstrap_cis", "bootstrap_difference_ci", "percentile_coverage"),
    "comparison": ("Comparison", "compare"),
    "crossed": ("TwoQuestions", "VarianceParts", "two_questions", "variance_parts"),
    "effect": ("hedges_g", "improvement_interval", "probability_of_improvement", "rule_of_thumb"),
    "intervals": ("DataError", "Interval", "rate_upper_bound", "sigma_interval", "t_interval"),
    "multiple": ("dunnett", "holm", "simultaneous_intervals"),
    "permutation": ("permutation_test", "sign_flip_test"),
    "planning": ("SeedPlan", "detectable_differences", "plan_seeds"),
    "power": (
        "detectable_effect",
        "detectable_effect_paired",
        "power_table",
        "required_n",
        "required_n_paired",
        "seeds_needed",
    ),
    "verdict": ("Verdict", "decide"),
    "warnings": ("DataWarning", "find_warnings"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
