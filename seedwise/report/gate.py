"""The gate: may a change pass? Each comparison of findings.json is held against conditions that make it fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seedwise.analysis.example_findings import ALL_DATASETS, ExampleComparison
from seedwise.analysis.findings import read_findings
from seedwise.analysis.tables import table_digests
from seedwise.basics.errors import UserError
from seedwise.basics.names import nearest, not_known, quote
from seedwise.basics.words import enumerate_words, quantity
from seedwise.report.digits import Digits, digits_of_examples, digits_of_metric
from seedwise.report.findings_file import ExamplesFile, RunsFile, read_findings_file
from seedwise.report.rows import ComparisonRow
from seedwise.report.text.format import confidence_percent, p_value
from seedwise.statistics.verdict import JUDGED, Verdict

FILE = "findings.json"
AnyFile = RunsFile | ExamplesFile
Row = ComparisonRow | ExampleComparison


@dataclass(frozen=True)
class Condition:
    """What makes a comparison fail, or all of them.

    Attributes:
        help: when it does, in a few words.
        why: says why a comparison fails, as the end of a sentence about its variant; empty if it passes.
    """

    help: str
    why: Callable[[Row, AnyFile], str]


@dataclass(frozen=True)
class Check:
    """Whether one comparison passes.

    Attributes:
        variant: its name.
        label: what the report calls it.
        dataset: on which it was compared; empty where there is only one.
        verdict: of the report.
        row: the whole comparison.
        failed: the conditions that it fails on.
        sentence: why it passes or fails.
    """

    variant: str
    label: str
    dataset: str
    verdict: str
    row: Row
    failed: tuple[str, ...]
    sentence: str

    @property
    def passed(self) -> bool:
        """Whether it fails on nothing."""
        return not self.failed

    @property
    def name(self) -> str:
        """What it is called in a list of checks."""
        return f"{self.label} on {self.dataset}" if self.dataset else self.label


@dataclass(frozen=True)
class Outcome:
    """What the gate decides.

    Attributes:
        findings: that were judged.
        fail_on: the conditions that were asked for.
        checks: one for each comparison.
    """

    findings: AnyFile
    fail_on: tuple[str, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every comparison passes."""
        return all(check.passed for check in self.checks)

    @property
    def name(self) -> str:
        """The study, or the table that was analysed."""
        return self.findings.study or self.findings.source


def judge(findings: AnyFile, fail_on: Sequence[str], variants: Sequence[str] = ()) -> Outcome:
    """Hold the comparisons of findings against conditions.

    Args:
        findings: of a study, a table or an evaluation.
        fail_on: names of conditions.
        variants: those that count; none: all.

    Raises:
        UserError: there is nothing to judge, or a variant or condition does not exist or was not declared.
    """
    rows = _main(findings)
    baseline = findings.plan.baseline
    if not rows:
        raise UserError(f"{findings.study or findings.source}: nothing is compared: {baseline} is the only variant")
    known = list(dict.fromkeys(row.variant for row in rows))
    for name in variants:
        if name == baseline:
            raise UserError(f"--variant {quote(name)}: that is the baseline; the others are {enumerate_words(known)}")
        if name not in known:
            raise UserError(f"--variant: {not_known(name, known)}")
    for name in fail_on:
        if name not in CONDITIONS:
            raise UserError(f"--fail-on: {not_known(name, list(CONDITIONS))}")
        if name in NEED_A_MARGIN and findings.plan.margin is None:
            raise UserError(f"--fail-on {name}: the study declares no margin, the smallest difference that matters")
    labels = _labels(findings)
    chosen = [row for row in rows if not variants or row.variant in variants]
    checks = (_check(row, findings, fail_on, labels) for row in chosen)
    return Outcome(findings, tuple(fail_on), tuple(checks))


def read_for_gate(given: Path) -> AnyFile:
    """Read the findings of a results folder, or a findings.json itself.

    Raises:
        UserError: there are none, they cannot be read, or tables beside them are not those of which they were made.
    """
    path = given / FILE if given.is_dir() else given
    if given.suffix in (".yaml", ".yml"):
        from seedwise.config.study_file import results_of

        raise UserError(f"{given}: name the folder of its results, {results_of(given)}, instead of the study file")
    if not path.is_file():
        raise UserError(_missing(given))
    digests = read_findings(path).tables
    found = table_digests(path.parent, digests)
    if altered := [name for name, digest in found.items() if digests[name] != digest]:
        raise UserError(
            f"{path}: not made of {enumerate_words(altered)} as it is now, so its verdicts may be out of date; run "
            "`seedwise report` or `seedwise run` first"
        )
    return read_findings_file(path)


def _missing(given: Path) -> str:
    if given.is_dir():
        return f"{given}: has no {FILE}: the study is not finished, or this is not the folder of its results"
    others = sorted(path.parent.name for path in given.parent.glob(f"*/{FILE}"))
    guess = nearest(given.name, others)
    hint = f"; did you mean {given.parent / guess}?" if guess else ""
    known = f" Studies with findings there: {', '.join(others)}." if others else ""
    return f"{given}: there is no such folder{hint}{known}"


def _main(findings: AnyFile) -> Sequence[Row]:
    """The comparisons that answer the question: over all datasets, where there are several."""
    if isinstance(findings, RunsFile):
        return findings.comparisons
    overall = [row for row in findings.comparisons if row.dataset == ALL_DATASETS]
    return overall or findings.comparisons


def _labels(findings: AnyFile) -> Mapping[str, str]:
    return {row.variant: row.label for row in findings.variants} if isinstance(findings, RunsFile) else {}


def _check(row: Row, findings: AnyFile, fail_on: Sequence[str], labels: Mapping[str, str]) -> Check:
    reasons = {name: why for name in fail_on if (why := CONDITIONS[name].why(row, findings))}
    label = labels.get(row.variant, row.variant)
    dataset = row.dataset if isinstance(row, ExampleComparison) and row.dataset != ALL_DATASETS else ""
    found = f"{label} {_found(row, findings, labels.get(row.baseline, row.baseline))}"
    sentence = f"{found}. Fails: {'; '.join(reasons.values())}." if reasons else f"{found}."
    return Check(row.variant, label, dataset, row.verdict, row, tuple(reasons), sentence)


def _found(row: Row, findings: AnyFile, baseline: str) -> str:
    """What was found about a variant, with the evidence in brackets."""
    evidence = _evidence(row, findings)
    match row.verdict:
        case "BETTER" | "WORSE" as verdict:
            return f"is {verdict.lower()} than {baseline}{evidence}"
        case "EQUIVALENT":
            return f"is as good as {baseline}, give or take {findings.plan.margin:g}{evidence}"
        case "NON_INFERIOR":
            return f"is not worse than {baseline} by more than {findings.plan.margin:g}{evidence}"
        case "NOT_SUPPORTED":
            return f"is not shown to differ from {baseline}{evidence}"
        case "TOO_FEW_SEEDS" | "TOO_FEW_EXAMPLES" | "NO_RESULT" as verdict:
            return f"cannot be compared with {baseline}: {WHY_UNJUDGED[verdict]}"
        case _:
            return f"cannot be compared with {baseline}: {WHY_UNJUDGED[Verdict.UNDEFINED]}"


WHY_UNJUDGED: Mapping[str, str] = {
    Verdict.TOO_FEW_SEEDS: "too few seeds gave a result",
    Verdict.TOO_FEW_EXAMPLES: "there are too few examples",
    Verdict.NO_RESULT: "all runs of one of the two were lost",
    Verdict.UNDEFINED: "the comparison is not defined",
}


def _evidence(row: Row, findings: AnyFile) -> str:
    if row.difference is None:
        return ""
    digits = digits_of(findings)
    parts = [f"difference {digits.signed(row.difference)}"]
    if row.ci_low is not None and row.ci_low != row.ci_high:
        level = findings.level if isinstance(findings, RunsFile) else findings.plan.alpha
        parts.append(f"{confidence_percent(1 - level)} CI {digits.interval(row.ci_low, row.ci_high)}")
    if row.p_holm is not None:
        family = findings.family if isinstance(findings, RunsFile) else len(_main(findings))
        corrected = f", corrected for {family} comparisons" if family > 1 else ""
        parts.append(f"p {p_value(row.p_holm)}{corrected}")
    return f" ({', '.join(parts)})"


def digits_of(findings: AnyFile) -> Digits:
    """Return how differences are written, which is as in the report."""
    if isinstance(findings, RunsFile):
        return digits_of_metric(findings.variants, findings.comparisons)
    return digits_of_examples(findings.variants, findings.comparisons)


def _worse(row: Row, _findings: AnyFile) -> str:
    return "worse" if row.verdict == Verdict.WORSE else ""


def _unless(*verdicts: str, needed: str) -> Callable[[Row, AnyFile], str]:
    return lambda row, _findings: "" if row.verdict in verdicts else f"not shown to be {needed}"


def _not_equivalent(row: Row, findings: AnyFile) -> str:
    low, high, margin = row.equivalence_low, row.equivalence_high, findings.plan.margin
    inside = margin is not None and low is not None and high is not None and -margin < low and high < margin
    return "" if row.verdict in JUDGED and inside else "not shown to be as good, give or take the margin"


def _no_verdict(row: Row, _findings: AnyFile) -> str:
    # Read from a file, a verdict is plain text; one that a later version adds is none that this one can trust.
    return "" if row.verdict in JUDGED or row.verdict == "NON_INFERIOR" else "no verdict"


def _exploratory(_row: Row, findings: AnyFile) -> str:
    return f"EXPLORATORY, because {' '.join(findings.exploratory)}".rstrip(".") if findings.exploratory else ""


def _unfinished(_row: Row, findings: AnyFile) -> str:
    look = findings.look
    if not look or look.decision == "stop":
        return ""
    following = next(size for size in look.looks if size > len(look.seeds))
    return f"not finished: the next declared look, with {quantity(following, 'seed')}, is due"


def _lost_runs(row: Row, findings: AnyFile) -> str:
    if isinstance(row, ComparisonRow):
        lost, noun = {row.variant: row.n_lost, row.baseline: row.n_lost_baseline}, "run"
    else:
        assert isinstance(findings, ExamplesFile)
        missing = dict.fromkeys((row.variant, row.baseline), 0)
        for summary in findings.variants:
            if summary.variant in missing:
                missing[summary.variant] += summary.n_missing
        lost, noun = missing, "answer"
    said = [f"{quantity(count, noun)} of {name}" for name, count in lost.items() if count]
    return f"lost: {enumerate_words(said)}" if said else ""


def _fragile(row: Row, _findings: AnyFile) -> str:
    judged = row.verdict not in WHY_UNJUDGED
    return f"fragile: it would be different {row.fragile_because}" if row.fragile and judged else ""


def _warnings(row: Row, findings: AnyFile) -> str:
    codes = [
        warning.code
        for warning in findings.warnings
        if warning.code != "note" and (not warning.variants or {row.variant, row.baseline} & {*warning.variants})
    ]
    return f"warnings: {', '.join(dict.fromkeys(codes))}" if codes else ""


CONDITIONS: Mapping[str, Condition] = {
    "worse": Condition("it is WORSE", _worse),
    "no-verdict": Condition("it could not be judged: lost runs, too few seeds", _no_verdict),
    "unfinished": Condition("another declared look is due", _unfinished),
    "not-better": Condition("it is not BETTER", _unless("BETTER", needed="better")),
    "not-equivalent": Condition("it is not shown to lie within the margin", _not_equivalent),
    "not-non-inferior": Condition(
        "it may be worse by more than the margin",
        _unless("NON_INFERIOR", "BETTER", "EQUIVALENT", needed="at most a margin worse"),
    ),
    "exploratory": Condition("the verdicts are EXPLORATORY", _exploratory),
    "lost-runs": Condition("a run of it or of the baseline was lost", _lost_runs),
    "fragile": Condition("its verdict hangs on one run or on the method", _fragile),
    "warnings": Condition("a warning is about it", _warnings),
}
"""What a gate can fail on, by its name."""
DEFAULT = ("worse", "no-verdict", "unfinished")
NEED_A_MARGIN = ("not-equivalent", "not-non-inferior")
