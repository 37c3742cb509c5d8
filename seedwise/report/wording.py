"""What all sentences of one report share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from seedwise.plan import Plan
from seedwise.report.digits import Digits
from seedwise.report.text.format import percent


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
        declared: whether the plan is known to be older than the results.
        p_name: what the p values that decide are called.
        family: how many comparisons they are corrected for.
        seeds: per variant, as declared so far; 0 where none were.
        test_set: whether runs are tested on a fixed set of examples, so that other examples are another question.
        seeds_if_paired: how many seeds a study paired by seed would need, by variant, where seeds clearly matter.
        escape: turns what a user wrote, such as a seed, into literal text of the report's format.
    """

    names: Mapping[str, str]
    metric: str
    plan: Plan
    deciding: Plan
    digits: Digits
    exploratory: bool = False
    declared: bool = False
    p_name: str = "Holm p"
    family: int = 0
    seeds: int = 0
    test_set: bool = False
    seeds_if_paired: Mapping[str, int] = field(default_factory=dict)
    escape: Callable[[str], str] = str

    @property
    def direction(self) -> str:
        """Which way of the metric is good."""
        return "higher is better" if self.plan.higher_is_better else "lower is better"

    @property
    def luck(self) -> str:
        """How often luck alone passes for a difference."""
        return f"about {percent(self.plan.alpha).removeprefix('less than ')}"

    @property
    def by_luck(self) -> str:
        """In how many studies luck alone passes for a difference; with looks, over all of them."""
        return f"{self.luck} of studies{', over all looks' if self.plan.looks else ''}"

    @property
    def margin(self) -> str:
        """The smallest difference that matters."""
        return self.digits.number(self.plan.margin)

    @property
    def span(self) -> str:
        """The differences within the margin, `±0.01`, or of non-inferiority `from −0.01 to 0`."""
        one_sided = self.plan.non_inferiority_margin is not None
        return f"from {self.minus_margin} to 0" if one_sided else f"±{self.margin}"

    @property
    def minus_margin(self) -> str:
        """The difference above which a variant is not inferior."""
        return self.digits.number(None if self.plan.margin is None else -self.plan.margin)

    @property
    def inferior_luck(self) -> str:
        """How often a variant that is worse by the margin passes for non-inferior; with looks, over all of them."""
        looks = ", over all looks" if self.plan.looks else ""
        return f"about {percent(self.plan.alpha / 2).removeprefix('less than ')}{looks}"

    @property
    def the_margin(self) -> str:
        """What that is called: declared only where it was."""
        return "the declared margin" if self.declared else "the margin"

    @property
    def basis(self) -> str:
        """What a claim rests on, as the end of a clause; empty where it is not known when the plan was made."""
        if self.exploratory:
            return " in this exploratory analysis"
        return " under the declared plan" if self.declared else ""
