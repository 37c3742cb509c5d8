"""What a report says about a look at a study that is not, or need not be, run to its end."""

from __future__ import annotations

from collections.abc import Mapping

from seedwise.analysis.looks import Look, describe
from seedwise.report.text.format import confidence_percent, level


def look_paragraph(look: Look, names: Mapping[str, str]) -> str:
    """Say which look this is, what it may claim, and whether to stop or go on."""
    spent = "all" if look.number == len(look.looks) else level(look.spent)
    sure = confidence_percent(1 - look.nominal_alpha)
    return (
        f"{describe(look, names)} A difference is claimed at this look where p is below {level(look.nominal_alpha)}, "
        f"and intervals of differences have {sure} confidence. {len(look.looks)} looks at {level(look.alpha)} each "
        f"would claim too much, so the looks share one false-claim rate of {level(look.alpha)} (Lan & DeMets spending, "
        f"O'Brien–Fleming type), of which {spent} is spent by now. The intervals of single variants are not adjusted."
    )
