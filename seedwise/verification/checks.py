"""A check of a results folder, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "FAILED", "not checked"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: what was checked, in a word or two.
        state: how it ended.
        detail: what was found, or why nothing could be.
    """

    name: str
    state: State
    detail: str


def passed(name: str, detail: str) -> Check:
    """Return a check that found no fault."""
    return Check(name, "ok", detail)


def failed(name: str, detail: str) -> Check:
    """Return a check that found a fault."""
    return Check(name, "FAILED", detail)


def unchecked(name: str, why: str) -> Check:
    """Return a check that lacks something."""
    return Check(name, "not checked", why)


def attempt(name: str, check: Callable[[], Check]) -> Check:
    """Do a check; what makes it break off is a fault of the folder, because Seedwise writes nothing of the kind."""
    try:
        return check()
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        what = " ".join(str(error).split())[:200]
        return failed(name, f"cannot be read as Seedwise writes it ({type(error).__name__}: {what})")
