"""What all sentences of one report share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seedwise.plan import Plan
from seedwise.report.digits import Digits


@dataclass(frozen=True)
class Wording:
    """What a sentence needs besides its row.

    Attributes:
        names: of the variants, ready to print: escaped, bold.
        metric: what the compared metric is called, ready to print.
        plan: the declared plan, at whose confidence the intervals of single variants are.
        deciding: the plan that decides about differences; at a look it has the look's level.
        digits: of every value of the metric.
        exploratory: whether no verdict confirms anything.
        test_set: whether runs are tested on a fixed set of examples, so that other examples are another question.
    """

    names: Mapping[str, str]
    metric: str
    plan: Plan
    deciding: Plan
    digits: Digits
    exploratory: bool = False
    test_set: bool = False

    @property
    def direction(self) -> str:
        """Which way of the metric is good."""
        return "higher is better" if self.plan.higher_is_better else "lower is better"

    @property
    def margin(self) -> str:
        """The declared margin."""
        return self.digits.number(self.plan.margin)
