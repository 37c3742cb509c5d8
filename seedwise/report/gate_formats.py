"""The outcome of a gate for a terminal, for programs, for GitHub, for what reads JUnit, and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

from seedwise.basics.names import one_line
from seedwise.basics.words import quantity
from seedwise.report.gate import Outcome, digits_of
from seedwise.report.text.format import escape, markdown_table, p_cell


def text(outcome: Outcome) -> str:
    """One line for the outcome and one for each comparison."""
    width = max(len(one_line(check.name)) for check in outcome.checks)
    lines = [f"{_title(outcome)} (fails on {', '.join(outcome.fail_on)})"]
    lines += [
        f"  {'pass' if check.passed else 'FAIL'}  {one_line(check.name):<{width}}  {one_line(check.sentence)}"
        for check in outcome.checks
    ]
    if outcome.findings.exploratory:
        lines.append("The verdicts are EXPLORATORY; --fail-on exploratory refuses them.")
    return "\n".join(lines)


def as_json(outcome: Outcome) -> str:
    """The outcome as one JSON object."""
    findings = outcome.findings
    return json.dumps(
        {
            "passed": outcome.passed,
            "study": findings.study,
            "source": findings.source,
            "plan_hash": findings.plan_hash,
            "exploratory": findings.exploratory,
            "headline": findings.headline,
            "fail_on": list(outcome.fail_on),
            "checks": [
                {
                    "variant": check.variant,
                    "label": check.label,
                    "dataset": check.dataset or None,
                    "verdict": check.verdict,
                    "passed": check.passed,
                    "failed_on": list(check.failed),
                    "sentence": check.sentence,
                }
                for check in outcome.checks
            ],
        },
        indent=2,
    )


def github(outcome: Outcome) -> str:
    """A workflow command of GitHub Actions for each comparison, which shows beside the code of a pull request."""
    return "\n".join(
        f"::{'notice' if check.passed else 'error'} title={_property(f'seedwise gate: {check.name}')}::"
        f"{_data(check.sentence)}"
        for check in outcome.checks
    )


def _data(value: str) -> str:
    return one_line(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def junit(outcome: Outcome) -> str:
    """JUnit XML with a test case for each comparison."""
    failures = sum(not check.passed for check in outcome.checks)
    counts = {"tests": str(len(outcome.checks)), "failures": str(failures), "errors": "0", "skipped": "0"}
    root = ElementTree.Element("testsuites", {"name": "seedwise gate"} | counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": one_line(outcome.name)} | counts)
    for check in outcome.checks:
        names = {"classname": one_line(outcome.name), "name": one_line(check.name)}
        case = ElementTree.SubElement(suite, "testcase", names)
        sentence = one_line(check.sentence)
        if check.passed:
            ElementTree.SubElement(case, "system-out").text = sentence
        else:
            failed = {"type": ", ".join(check.failed), "message": sentence}
            ElementTree.SubElement(case, "failure", failed).text = sentence
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def markdown(outcome: Outcome) -> str:
    """A heading, what was found, and a table, for a comment on a pull request."""
    digits = digits_of(outcome.findings)
    rows = [
        [
            escape(check.name),
            digits.signed(check.row.difference),
            digits.interval(check.row.ci_low, check.row.ci_high),
            p_cell(check.row.p_holm),
            check.verdict,
            "passes" if check.passed else f"**fails** ({', '.join(check.failed)})",
        ]
        for check in outcome.checks
    ]
    findings = outcome.findings
    header = ["Variant", "Difference", "CI", "p", "Verdict", "Gate"]
    parts = [f"## {escape(_title(outcome))}"]
    if findings.exploratory:
        parts.append(f"**EXPLORATORY**: {escape(' '.join(findings.exploratory))}")
    parts += [
        f"{escape(findings.question)} {escape(findings.headline)}",
        markdown_table(header, rows, numeric=(1, 3)),
        "\n".join(f"- {escape(check.sentence)}" for check in outcome.checks),
        f"Plan `{findings.plan_hash}`; fails on {', '.join(outcome.fail_on)}.",
    ]
    return "\n\n".join(parts)


def _title(outcome: Outcome) -> str:
    failed = sum(not check.passed for check in outcome.checks)
    if outcome.passed:
        return f"Gate passed: {one_line(outcome.name)}"
    return f"Gate failed: {one_line(outcome.name)}, {failed} of {quantity(len(outcome.checks), 'comparison')}"


FORMATS: Mapping[str, Callable[[Outcome], str]] = {
    "text": text,
    "json": as_json,
    "github": github,
    "junit": junit,
    "markdown": markdown,
}
"""Each writes a whole outcome; what users wrote is only text in all of them."""
