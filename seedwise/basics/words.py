"""English in messages: a count with its noun, a list, a capital letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def quantity(count: float, singular: str, plural: str | None = None) -> str:
    """Write a count with its noun: `1 seed`, `3 seeds`, `8.5 pairs`."""
    return f"{count:g} {singular if count == 1 else plural or singular + 's'}"


def capital(text: str) -> str:
    """Capitalise the first letter."""
    return text[:1].upper() + text[1:]


def enumerate_words(words: Sequence[str], last: str = "and") -> str:
    """Join words: `a`, `a and b`, or `a, b and c`; `last` is the word before the last one."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def shortened(words: Sequence[str], most: int = 4) -> str:
    """Name at most so many words, and count the others: `a, b and 3 more`."""
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def ranges(numbers: Iterable[int | str], at_most: int) -> str:
    """Join numbers, those that follow one another as one: `0 to 4, 7, 9`; after `at_most` of them, count the others."""
    parts: list[list[int | str]] = []
    for number in numbers:
        if parts and isinstance(number, int) and number - 1 == parts[-1][-1]:
            parts[-1].append(number)
        else:
            parts.append([number])
    texts = [
        str(part[0]) if len(part) == 1 else f"{part[0]}{', ' if len(part) == 2 else ' to '}{part[-1]}"
        for part in parts[:at_most]
    ]
    left = sum(len(part) for part in parts[at_most:])
    return f"{', '.join(texts)}{f' and {left} more' if left else ''}"
