"""Examples that come in groups which nobody named: no verdict may rest on their being independent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seedwise.analysis.example_decisions import Decisions
from seedwise.analysis.example_findings import ExampleAnalysis
from seedwise.analysis.example_table import cells, check_baseline, checked_answers
from seedwise.analysis.example_warnings import FEW_CLUSTERS
from seedwise.analysis.examples import analyse_examples
from seedwise.basics.errors import UserError
from seedwise.basics.names import plain
from seedwise.basics.words import quantity
from seedwise.plan import Plan
from seedwise.sources.answers import AnswerTable
from seedwise.sources.options import Options
from seedwise.statistics.clusters import groups_are_alike
from seedwise.statistics.verdict import CLAIMS, upholds

LEVEL = 0.01
"""How rarely a table is refused in which variants seem to differ by groups, and do not."""


def analyse_read_answers(place: str, found: AnswerTable, plan: Plan, options: Options) -> ExampleAnalysis:
    """Analyse answers as they were read, unless a column that nobody named groups examples in a way that matters.

    The arguments are those of `refuse_unnamed_clusters`.

    Raises:
        UserError: the table cannot be analysed, or has such groups.
    """
    analysis = analyse_examples(found.answers, plan, place=place, options=options)
    refuse_unnamed_clusters(place, found, plan, options)
    return analysis


def refuse_unnamed_clusters(place: str, found: AnswerTable, plan: Plan, options: Options) -> None:
    """Refuse groups of examples that nobody named, if a claim would be none with these as clusters.

    Almost every log has some column that is the same for many examples; where no claim depends on it, it is let pass.
    Fewer than 10 groups hardly support any claim, whatever they are: they matter if variants differ by group.

    Args:
        place: what the table is called in messages.
        found: the answers.
        plan: of the analysis.
        options: by which they were read, whose names messages use.

    Raises:
        UserError: there are such groups.
    """
    if "cluster" in found.answers or not found.groups:
        return
    verdicts = _verdicts(_decisions(place, found.answers, plan, options))
    for name, texts in found.groups.items():
        grouped = _decisions(place, found.answers.assign(cluster=texts), plan, options)
        lost = [
            key
            for key, own in _verdicts(grouped).items()
            if verdicts[key] in CLAIMS and not upholds(verdicts[key], own)
        ]
        count = len(grouped.answers.clusters)
        if lost and (count >= FEW_CLUSTERS or any(_alike(grouped, variant, len(found.groups)) for _, variant in lost)):
            # No verdict is named: whoever reads this has yet to decide how to judge.
            raise UserError(
                f"{place}: what can be claimed depends on whether examples that share {plain(name)} are independent of "
                f"each other ({quantity(count, 'value')} for {quantity(len(grouped.answers.examples), 'example')}). If "
                "new examples would bring new values of it, as with texts or speakers, add "
                f"{options.spelled('cluster', name)}. If they would have these again, as with topics or levels, add "
                f"{options.spelled('ignore', name)}, or {options.spelled('dataset', name)} to judge each by itself"
            )


def _decisions(place: str, table: pd.DataFrame, plan: Plan, options: Options) -> Decisions:
    answers = checked_answers(place, table, options)
    return Decisions(answers, plan, check_baseline(place, answers, plan.baseline), cells(answers))


def _verdicts(decisions: Decisions) -> dict[tuple[int, int], str]:
    """Return the verdict on every dataset (−1: their mean) and variant."""
    return {key: own.verdict for key, own in decisions.decide(decisions.pairs(decisions.cells)).items()}


def _alike(grouped: Decisions, variant: int, columns: int) -> bool:
    """Whether a variant differs from the baseline by clusters, within datasets."""
    pairs = [(dataset, pair) for (dataset, own), pair in grouped.pairs(grouped.cells).items() if own == variant]
    clusters = [pair.clusters for _, pair in pairs if pair.clusters is not None]
    return groups_are_alike(
        np.concatenate([pair.differences for _, pair in pairs]),
        np.concatenate(clusters),
        np.repeat([dataset for dataset, _ in pairs], [own.size for own in clusters]),
        level=LEVEL / len(grouped.others) / columns,
    )
