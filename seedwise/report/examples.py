"""The report of an evaluation as data: its text, page and figures read this and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seedwise.analysis.example_findings import ExampleAnalysis, ExampleComparison, ExampleSummary
from seedwise.basics.words import enumerate_words, quantity
from seedwise.plan import Plan
from seedwise.registration.facts import Registration
from seedwise.report.digits import Digits, digits_of_examples
from seedwise.report.products import example_figures
from seedwise.runs.metrics import metric_label


@dataclass(frozen=True)
class ExamplesReport:
    """Everything that the report of an evaluation says.

    Attributes:
        source: what was analysed: a file, or standard input.
        plan: metric, direction, baseline, confidence and margin.
        analysis: what was found.
        command: the command line that made the report.
        columns: what the columns of the source are called, by their role (`example`, `cluster`, …), where that differs.
        direction_assumed: whether the direction of the metric was read from its name.
        study: name of the study; empty for a table that was analysed by itself.
        heading: the study's title; empty for one that names the variants.
        plan_hash: of the declared plan of a study.
        choices: what else decides, by its key in the config, where it is not the default.
        exploratory: why the verdicts are exploratory; empty if they confirm.
        registration: what the ledger of the study says.
    """

    source: str
    plan: Plan
    analysis: ExampleAnalysis
    command: str
    columns: Mapping[str, str] = field(default_factory=dict)
    direction_assumed: bool = False
    study: str = ""
    heading: str = ""
    plan_hash: str = ""
    choices: Mapping[str, Any] = field(default_factory=dict)
    exploratory: Sequence[str] = ()
    registration: Registration | None = None

    @cached_property
    def title(self) -> str:
        """Heading of the report."""
        if self.heading:
            return self.heading
        others = [name for name in self.analysis.variants if name != self.plan.baseline]
        if not others:
            return f"Evaluation of {self.plan.baseline}"
        compared = enumerate_words(others) if len(others) <= 3 else f"{len(others)} variants"
        return f"{compared} compared with {self.plan.baseline}"

    @cached_property
    def metric(self) -> str:
        """What the compared metric is called."""
        return metric_label(self.plan.metric)

    @property
    def direction(self) -> str:
        """Which way of the metric is good."""
        return "higher is better" if self.plan.higher_is_better else "lower is better"

    @cached_property
    def main(self) -> Sequence[ExampleComparison]:
        """The comparisons that answer the question."""
        return self.analysis.main

    @cached_property
    def datasets(self) -> list[str]:
        """The datasets; empty where the table names none."""
        return [name for name in dict.fromkeys(row.dataset for row in self.analysis.summaries) if name]

    @cached_property
    def summaries(self) -> Sequence[ExampleSummary]:
        """A row for each variant, and each dataset."""
        return self.analysis.summaries

    @cached_property
    def figures(self) -> list[str]:
        """The figures that there is something for."""
        return example_figures(bool(self.main))

    @property
    def p_name(self) -> str:
        """What the p values that decide are called; a single one needs no correction."""
        return "Holm p" if len(self.analysis.comparisons) > 1 else "p"

    @property
    def levels(self) -> str:
        """What is repeated: `seeds`, `repeats`, or nothing."""
        return f"{self.analysis.level}s" if self.analysis.level else ""

    @cached_property
    def digits(self) -> Digits:
        """How every value of the metric is written."""
        return digits_of_examples(self.summaries, self.analysis.comparisons)

    def size(self, row: ExampleComparison) -> str:
        """How many examples were compared: `200 examples in 20 clusters`."""
        examples = quantity(row.n_examples, "example")
        return examples if row.n_clusters is None else f"{examples} in {quantity(row.n_clusters, 'cluster')}"
