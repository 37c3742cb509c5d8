"""findings.json: all that results.md says in its tables, in a declared form that later versions can read."""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict
from functools import cache
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from expected_reports import reports
from hostile import HOSTILE
from made_studies import A, B, make_report, make_runs
from test_examples_report import report as examples_report
from test_factorial_section import effects, scores

from seedwise.analysis.findings import Findings, read_findings, warned, write_findings
from seedwise.basics.errors import UserError
from seedwise.config.schema import FOLDER, render
from seedwise.report.findings_file import ExamplesFile, RunsFile, read_findings_file
from seedwise.report.findings_of import findings_of_examples, findings_of_report
from seedwise.report.findings_schema import NAME, findings_schema
from seedwise.report.text.examples import render_examples
from seedwise.report.text.results import render_results
from seedwise.statistics.randomness import contributions
from seedwise.statistics.warnings import note
from seedwise.trainers.image_classifier.settings import STREAM_WORDS, STREAMS
from tests.analysis.test_example_analysis import evaluation

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = findings_schema()
STORED = sorted(path.stem for path in (ROOT / "tests/report/expected").glob("*.md"))
OF_THE_METHOD = ("Method", "Says", "False claims")
"""Columns of the evidence that are about a method on any data: the same in every report."""


def test_the_page_names_every_key():
    page = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
    keys = {*RunsFile.model_fields, *ExamplesFile.model_fields, "digest"}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def base(report):
    return Findings(
        plan_hash=report.plan_hash,
        exploratory=list(report.exploratory),
        warnings=warned(map(note, report.warnings)),
        test_set=list(report.test_set),
        look=report.look,
        registration=report.registration,
    )


@cache
def made():
    return reports() | {"sources": with_sources(), "effects": with_effects()}


def with_sources():
    """A study that asks what makes seeds differ."""
    made_scores = {"all": [0.80, 0.85, 0.90], "init": [0.84, 0.85, 0.87]}
    varied = {"all": STREAMS, "init": ("init",)}
    found = contributions(make_runs(made_scores), "test_accuracy", varied, STREAMS)
    frame = pd.DataFrame(map(asdict, found), dtype=object)
    return make_report(made_scores, randomness=frame, streams=STREAM_WORDS)


def with_effects():
    """A factorial study."""
    made_scores = scores([0.9, 0.95, 0.9, 0.92])
    return make_report(made_scores, effects=effects(made_scores))


def written(report, folder):
    write_findings(folder / "findings.json", findings_of_report(base(report), report))
    return json.loads((folder / "findings.json").read_text(encoding="utf-8"))


def tables(markdown):
    """Each table: the label of the section that it stands in, its header and its rows as a person reads them."""
    for section in re.split(r"^(?=##)", markdown, flags=re.MULTILINE):
        label = re.match(r"### (.*): \w+", section)
        for block in re.findall(r"(?:^\|.*\|$\n?)+", section, re.MULTILINE):
            cells = [re.split(r"(?<!\\)\s\|\s", f" {line} ")[1:-1] for line in block.splitlines()]
            header, _, *body = [[shown(cell) for cell in row] for row in cells]
            yield shown(label[1]) if label else None, header, body


def shown(cell):
    text = html.unescape(cell.replace("&NoBreak;", ""))
    return re.sub(r"\\(.)", r"\1", text).strip("`* ")


def leaves(value):
    """Every text and every number of a part of the findings."""
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif value is not None:
        yield value


NUMBER = re.compile(r"(?:about |< )?[−+]?\d+(?:\.\d+)?(?:e[−+-]?\d+)?%?")


def is_shown(number, values):
    """Whether one of the values, or its size, is written as `number`: rounded, in percent or not."""
    if number.startswith("about "):
        return any(f"{value:.2g}" == f"{float(number[6:]):.2g}" for value in values)
    if number.startswith("< "):
        return any(value < float(number[2:]) for value in values)
    plain = number.replace("−", "-").lstrip("+").rstrip("%")
    mantissa, _, exponent = plain.partition("e")
    half = 0.5000001 * 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    factor = 100 if number.endswith("%") else 1
    return any(abs(size - float(plain)) <= half for value in values for size in (value * factor, abs(value) * factor))


def about(variant, plain):
    """Every number that the findings have about one variant, and about how it was compared."""
    rows = [row for key in ("variants", "comparisons", "test_set", "runs", "sources") for row in plain[key]]
    own = [row for row in rows if row["variant"] == variant]
    return [*numbers([own, plain["plan"]]), 1 - plain["level"], 1 - 2 * plain["level"], plain["family"]]


def numbers(part):
    return [leaf for leaf in leaves(part) if isinstance(leaf, (int, float)) and not isinstance(leaf, bool)]


@pytest.mark.parametrize("name", [*STORED, "sources", "effects"])
def test_each_number_and_verdict_of_the_tables_is_in_the_findings(name, tmp_path):
    report = made()[name]
    plain = written(report, tmp_path)
    by_label = {variant["label"]: variant["variant"] for variant in plain["variants"]}
    verdicts = {row["variant"]: row["verdict"] for row in plain["comparisons"]}
    texts = {str(leaf) for leaf in leaves(plain) if isinstance(leaf, str)}
    missing, found, judged = [], 0, set()
    for section, header, body in tables(render_results(report)):
        for row in body:
            if header[0] == "When (UTC)":
                at, what, line = row[0].replace(" ", "T") + "Z", row[1], row[2].strip("`")
                events = plain["registration"]["history"]
                assert (at, what, line) in [(event["at"], event["what"], event["hash"][:16]) for event in events]
                continue
            variant = by_label.get(section or row[0])
            known = about(variant, plain) if variant else numbers(plain)
            known = [*known, -(plain["plan"]["margin"] or 0)]
            for column, cell in zip(header, row, strict=True):
                if column == "Verdict":
                    judged.add((variant, re.sub(r" \(.*|EXPLORATORY ", "", cell)))
                elif column not in OF_THE_METHOD and cell not in texts:
                    shown_here = NUMBER.findall(cell)
                    found += len(shown_here)
                    missing += [(row[0], column, number) for number in shown_here if not is_shown(number, known)]
    assert missing == []
    assert judged == set(verdicts.items())
    assert found > 5


def examples(folder):
    table = evaluation(40, gains=(0.0, 0.3, 0.1), noise=1.0, repeats=3)
    report = examples_report(table.assign(score=(table["score"] > 0).astype(float)), margin=0.1)
    findings = Findings(
        plan_hash="0" * 12, exploratory=[], warnings=warned(report.analysis.warnings), test_set=[], tables={}
    )
    write_findings(folder / "findings.json", findings_of_examples(findings, report))
    return report, json.loads((folder / "findings.json").read_text(encoding="utf-8"))


def test_each_number_and_verdict_of_an_evaluation_is_in_the_findings(tmp_path):
    report, plain = examples(tmp_path)
    verdicts = [row["verdict"] for row in plain["comparisons"]]
    missing, judged = [], []
    for _, header, body in tables(render_examples(report)):
        for row in body:
            own = [part for key in ("variants", "comparisons", "pass_at_k") for part in plain[key]]
            known = numbers([part for part in own if part["variant"] == row[0]] or plain)
            parts = [value for part in own if part["variant"] == row[0] for value in shares(part)]
            for column, cell in zip(header, row, strict=True):
                if column == "Verdict":
                    judged.append(cell.removesuffix(" (fragile)"))
                elif cell not in (*map(str, plain["plan"].values()), "pass@k"):
                    missing += [
                        (row[0], column, number)
                        for number in NUMBER.findall(cell)
                        if not is_shown(number, known + parts)
                    ]
    assert missing == []
    assert judged == verdicts != []
    assert plain["pass_at_k"]


def shares(row):
    """The parts of the variance of a difference, which the report shows as shares of their sum."""
    parts = [row.get(f"variance_{kind}") or 0.0 for kind in ("example", "seed", "residual")]
    return [part / sum(parts) for part in parts] if sum(parts) else []


@pytest.mark.parametrize(
    "name", ["three_variants", "all_runs_lost", "not_finite", "first_look", "one_variant", "sources", "effects"]
)
def test_findings_fit_their_schema_and_come_back_as_they_were(name, tmp_path):
    report = made()[name]
    plain = written(report, tmp_path)
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    again = read_findings_file(tmp_path / "findings.json")
    assert isinstance(again, RunsFile)
    assert again == findings_of_report(base(report), report)
    assert again.comparisons == report.comparison_rows
    assert read_findings(tmp_path / "findings.json") == base(report)


def test_findings_of_an_evaluation_fit_the_same_schema(tmp_path):
    report, plain = examples(tmp_path)
    jsonschema.Draft202012Validator(SCHEMA).validate(plain)
    again = read_findings_file(tmp_path / "findings.json")
    assert isinstance(again, ExamplesFile)
    assert again.comparisons == list(report.analysis.comparisons)
    assert again.headline.startswith("The data do not support a difference between b and a on new")


def test_the_committed_schema_is_up_to_date():
    assert (FOLDER / NAME).read_text(encoding="utf-8") == render(SCHEMA), "run: make generate"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_texts_are_kept_as_they_were_given(tmp_path):
    report = make_report({"a": A, "b": B}, labels={"b": HOSTILE}, title=HOSTILE, setup={HOSTILE: HOSTILE})
    plain = written(report, tmp_path)
    assert (plain["title"], plain["setup"], plain["variants"][1]["label"]) == (HOSTILE, {HOSTILE: HOSTILE}, HOSTILE)
    assert plain["headline"].startswith(f"{HOSTILE} is better than a.")


OLD = '{"plan_hash": "0123456789ab", "exploratory": ["So."], "warnings": ["Few seeds."], "test_set": [], "look": null}'


def test_findings_of_earlier_versions_are_read_and_those_of_later_ones_are_not(tmp_path):
    path = tmp_path / "findings.json"
    path.write_text(OLD, encoding="utf-8")
    old = read_findings(path)
    assert (old.schema_version, old.exploratory, old.tables) == (0, ["So."], {})
    assert [(warning.code, warning.sentence) for warning in old.warnings] == [("note", "Few seeds.")]
    with pytest.raises(UserError, match="written by an earlier Seedwise"):
        read_findings_file(path)

    plain = written(make_report({"a": A, "b": B}), tmp_path)
    del plain["digest"]
    path.write_text(json.dumps(plain | {"schema_version": 2}), encoding="utf-8")
    with pytest.raises(UserError, match="written by a later Seedwise"):
        read_findings_file(path)


def test_a_key_that_a_later_version_adds_is_ignored(tmp_path):
    plain = written(make_report({"a": A, "b": B}), tmp_path)
    del plain["digest"]
    for part in (plain, plain["plan"], plain["comparisons"][0], plain["runs"][0], plain["provenance"]):
        part["new_key"] = "new"
    (tmp_path / "findings.json").write_text(json.dumps(plain), encoding="utf-8")
    assert read_findings_file(tmp_path / "findings.json").comparisons[0].variant == "b"


def test_an_edit_is_noticed(tmp_path):
    written(make_report({"a": A, "b": B}), tmp_path)
    path = tmp_path / "findings.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("NOT_SUPPORTED", "BETTER").replace('"BETTER"', '"WORSE"'), encoding="utf-8")
    with pytest.raises(UserError, match="damaged or edited"):
        read_findings_file(path)


@pytest.mark.parametrize("folder", sorted(path.parent for path in (ROOT / "results").glob("*/findings.json")))
def test_committed_findings_are_read(folder):
    assert len(read_findings(folder / "findings.json").plan_hash) == 12
