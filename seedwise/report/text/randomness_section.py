"""The section that says which sources of randomness the seed-to-seed variance comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from seedwise.basics.words import enumerate_words
from seedwise.report.rows import read_rows
from seedwise.report.text.format import MISSING, markdown_table, percent
from seedwise.report.wording import Wording
from seedwise.statistics.randomness import Contribution

NOTE = (
    "Each interval holds on its own, for roughly normal noise. A source that does not vary follows seed 0 in every "
    "run: with another fixed seed the shares may differ, and as sources interact, shares need not add up to 100%. The "
    "test set is the same in all runs."
)


@dataclass(frozen=True)
class RandomnessSection:
    """Sentences, a Markdown table, and what to keep in mind when reading them."""

    sentences: Sequence[str]
    table: str
    note: str


def randomness_section(
    table: pd.DataFrame, wording: Wording, escaped: Mapping[str, str], streams: Mapping[str, str]
) -> RandomnessSection:
    """Put sources.csv into words.

    Args:
        table: sources.csv.
        wording: of the report.
        escaped: the labels of variants in the table.
        streams: the sources of randomness of a run, each with what it is called in a sentence.
    """
    rows = read_rows(Contribution, table)
    sentences = [_sentence(row, wording, streams) for row in rows] + _sum(rows, wording.names, streams)
    return RandomnessSection(sentences, _table(rows, wording, escaped), NOTE)


def _sentence(row: Contribution, wording: Wording, streams: Mapping[str, str]) -> str:
    name, digits, confidence = wording.names[row.variant], wording.digits, percent(wording.plan.confidence)
    if row.std is None:
        return f"{name}: no spread is known, because that takes two runs with a finite result."
    if row.std == 0:
        return f"{name}, where {_varies(row, streams)}: all {row.n} runs gave the same result."
    text = (
        f"{name}, where {_varies(row, streams)}: a standard deviation of {digits.number(row.std)} "
        f"({confidence} CI {digits.interval(row.std_low, row.std_high)})"
    )
    if row.share is None or row.share_low is None or row.share_high is None:
        return f"{text}."
    reference = wording.names[row.reference]
    text += f", {percent(row.share)} of the variance of {reference} ({confidence} CI {_shares(row)})"
    if row.share_high < 1:
        return f"{text}: less than there."
    if row.share_low > 1:
        return f"{text}: more than there."
    return f"{text}. These runs do not show whether the two variances differ."


def _varies(row: Contribution, words: Mapping[str, str]) -> str:
    streams = [stream for stream in row.varied.split(";") if stream]
    if len(streams) == len(words):
        return "everything varies"
    if not streams:
        return "nothing varies"
    only = "only " if len(streams) == 1 else ""
    verb = "vary" if len(streams) > 1 or streams == ["init"] else "varies"
    return f"{only}{enumerate_words([words[stream] for stream in streams])} {verb}"


def _sum(rows: Sequence[Contribution], names: Mapping[str, str], streams: Mapping[str, str]) -> list[str]:
    """What the single sources add up to, if there is one variant for each of them."""
    single = {row.varied: row.share for row in rows if row.varied in streams and row.share is not None}
    if set(single) != set(streams):
        return []
    reference = names[next(row.reference for row in rows if row.reference)]
    return [f"The shares of the {len(single)} single sources add up to {percent(sum(single.values()))} of {reference}."]


def _shares(row: Contribution) -> str:
    return f"[{percent(row.share_low)}, {percent(row.share_high)}]"


def _table(rows: Sequence[Contribution], wording: Wording, escaped: Mapping[str, str]) -> str:
    confidence, digits = percent(wording.plan.confidence), wording.digits
    cells = [
        [
            escaped[row.variant],
            ", ".join(row.varied.split(";")) or "nothing",
            str(row.n),
            digits.number(row.std),
            digits.interval(row.std_low, row.std_high),
            percent(row.share),
            MISSING if row.share_low is None else _shares(row),
        ]
        for row in rows
    ]
    header = ["Variant", "Varies", "n", "Std", f"{confidence} CI", "Share of the variance", f"{confidence} CI"]
    return markdown_table(header, cells, numeric=(2, 3, 5))
