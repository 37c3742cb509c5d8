"""Variant, seed and settings in the name of a run or in a path, as `{variant}-s{seed}` says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seedwise.basics.errors import UserError
from seedwise.basics.names import quote
from seedwise.basics.words import quantity, shortened

_PIECE = re.compile(r"\{([^{}]*)\}|(\*\*/?)|(\*)")
_SEED = r"[+-]?[0-9]+"
_LISTED = 3


@dataclass(frozen=True)
class Pattern:
    """A pattern with placeholders.

    Attributes:
        text: as the user wrote it.
        place: the flag or key that it is from, in messages.
        keys: the placeholders, in order.
    """

    text: str
    place: str
    keys: tuple[str, ...]
    _long: re.Pattern[str]
    _short: re.Pattern[str]

    def read(self, name: str) -> dict[str, str] | None:
        """Return what the placeholders stand for in a name; None if it does not fit.

        Raises:
            UserError: the name can be read in two ways.
        """
        longest, shortest = self._long.fullmatch(name), self._short.fullmatch(name)
        if longest is None or shortest is None:
            return None
        if longest.groups() != shortest.groups():
            ways = " or ".join(
                ", ".join(f"{key} {quote(text)}" for key, text in zip(self.keys, found.groups(), strict=True))
                for found in (shortest, longest)
            )
            pairs = zip(longest.groups(), shortest.groups(), strict=True)
            differing = self.keys[[one != other for one, other in pairs].index(True)]
            raise UserError(
                f"{self.place}: {quote(self.text)} reads {quote(name)} in two ways: {ways}. Say what {{{differing}}} "
                f"is made of, as in {{{differing},[a-z]+}} or {{{differing},[^_]+}}"
            )
        return dict(zip(self.keys, longest.groups(), strict=True))

    def read_all(self, names: Sequence[str], what: str) -> list[dict[str, str]]:
        """Read names that must all fit; `what` is what they are names of, such as run or file.

        Raises:
            UserError: one does not fit, or can be read in two ways.
        """
        read = [self.read(name) for name in names]
        strange = [name for name, found in zip(names, read, strict=True) if found is None]
        if strange:
            digits = " ({seed} is a whole number; write what stands before it)" if "seed" in self.keys else ""
            raise UserError(
                f"{self.place}: {quantity(len(strange), what)} of {len(names)} {'does' if len(strange) == 1 else 'do'} "
                f"not fit {quote(self.text)}{digits}: {shortened([quote(name) for name in strange], _LISTED)}"
            )
        return [found for found in read if found is not None]


def parse_pattern(text: str, place: str, *, path: bool = False) -> Pattern:
    """Read a pattern: {variant}, {seed} and other names in braces become columns, * is anything.

    As in Snakemake, a regular expression after a comma says what a placeholder is made of: {subset,[0-9]+pct}.

    Args:
        text: the pattern.
        place: the flag or key that it is from.
        path: whether it is for paths. Then a name does not go beyond a folder, ** does, and the path may begin earlier.

    Raises:
        UserError: it has no placeholder, one twice, or one without a name.
    """
    keys: list[str] = []
    any_of = "[^/]" if path else "."
    long, short, end = "", "", 0
    for found in _PIECE.finditer(text):
        between = re.escape(text[end : found.start()])
        end = found.end()
        long, short = long + between, short + between
        if found[3]:
            long, short = long + any_of + "*", short + any_of + "*?"
        elif found[2]:
            long, short = long + "(?:.*/)?", short + "(?:.*/)?"
        else:
            key, _, made_of = found[1].partition(",")
            if not re.fullmatch(r"[^\W\d][\w./-]*", key) or key in keys:
                problem = "twice" if key in keys else "which is no name"
                raise UserError(f"{place}: {quote(text)} has {{{key}}} {problem}; write it as in {{variant}}-s{{seed}}")
            keys.append(key)
            long += f"({made_of or (_SEED if key == 'seed' else any_of + '+')})"
            short += f"({made_of or (_SEED + '?' if key == 'seed' else any_of + '+?')})"
    rest = re.escape(text[end:])
    if not keys:
        raise UserError(f"{place}: {quote(text)} says nothing about a run; write it as in {{variant}}-s{{seed}}")
    start = "(?:.*/)?" if path and not text.startswith("/") else ""
    flags = re.DOTALL
    try:
        greedy, lazy = re.compile(start + long + rest, flags), re.compile(start + short + rest, flags)
    except re.error as error:
        raise UserError(f"{place}: {quote(text)}: not a regular expression ({error})") from None
    if greedy.groups != len(keys):
        raise UserError(f"{place}: {quote(text)}: write a group as (?:…)")
    return Pattern(text, place, tuple(keys), greedy, lazy)
