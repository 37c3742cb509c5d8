"""Checks of the report: do its tables, verdicts and sentences follow from the runs, by the registered plan?"""

from __future__ import annotations

import csv
import io
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from seedwise import __version__
from seedwise.analysis.findings import Findings, read_plain
from seedwise.analysis.tables import table_digests
from seedwise.basics.errors import UserError
from seedwise.basics.files import short_digest
from seedwise.basics.words import enumerate_words, quantity, shortened
from seedwise.config.study_file import StudyFile
from seedwise.registration.declared import plan_of
from seedwise.registration.ledger import NAME
from seedwise.registration.standing import Origin, standing_of
from seedwise.verification.again import analyse_again, page_of_tables, report_again, tabulate_again
from seedwise.verification.checks import Check, attempt, failed, passed, unchecked
from seedwise.verification.evidence import Evidence
from seedwise.verification.page import PAGE, comparable, drawing_of

CLOSE = 1e-6
"""Relative difference of two numbers that other versions of numerical libraries explain."""
SETUP, REPRODUCE = "Setup", "How to reproduce"
"""Sections of results.md that also say how it was installed, and what the baseline's record says."""
HERE = {"tables", "digest", "schema_version", "seedwise", "source", "commands"}
"""Keys of findings.json that have other checks, or depend on where it was made."""
OF_RECORDS = {"warnings", "test_set", "setup", "provenance"}
"""Keys that only run records can fill."""
NO_REPORT = "there is no report yet"
NO_STUDY = "the study file is not here, which has titles and settings: name the study's config with --config"


def looked(found: Evidence) -> Check:
    """Whether the ledger has the analysis that the report shows, of the same table."""
    name = "analysis"
    if (why := _without_findings(found)) or found.findings is None:
        return why or unchecked(name, NO_REPORT)
    if found.findings.registration is None:
        what = "names no registration" if found.ledger.registration() else "is of an earlier version of Seedwise"
        state = failed if found.ledger.registration() else unchecked
        return state(name, f"the report {what}")
    line = found.reported_line
    if line is None:
        return failed(name, f"the report names a line that {NAME} does not have")
    if not found.table.exists():
        return unchecked(name, f"there is no {found.table.name}")
    if line.kind != "look" or line.content["table"] != short_digest(found.table):
        return failed(name, f"the ledger's line of the reported analysis is about another {found.table.name}")
    later = len(found.ledger.entries) - 1 - list(found.ledger.entries).index(line)
    since = f"; the ledger has gone on since, which this report does not show ({later} more)" if later else ""
    return passed(name, f"line {line.number + 1} of {NAME} is about this {found.table.name}{since}")


def standing(found: Evidence) -> Check:
    """Whether the report calls its verdicts exploratory where the ledger says so, and gives the reasons."""
    name = "exploratory"
    if (why := _without_findings(found)) or found.findings is None:
        return why or unchecked(name, NO_REPORT)
    declared = found.declared()
    if declared is None:
        return unchecked(name, f"there is no {NAME}")
    records = [found.records[run].record for run in found.reported_runs() if run in found.records]
    origins = [Origin(record.variant, record.seed, record.registration) for record in records]
    reasons = standing_of(found.reported_ledger(), declared, origins).departures
    lacking = [reason for reason in reasons if reason not in found.findings.exploratory]
    if reasons and not found.findings.exploratory:
        return failed(name, f"the report does not say that its verdicts are EXPLORATORY: {shortened(reasons, 2)}")
    if lacking and (other := _other_version(found)):
        return unchecked(name, f"the report says EXPLORATORY, in the words of {other}")
    if lacking:
        return failed(name, f"the report does not give this reason: {shortened(lacking, 2)}")
    if found.findings.exploratory:
        return passed(name, "the report says that its verdicts are EXPLORATORY, and why")
    return passed(name, "nothing that decides was changed after there were results, and the report claims no less")


def repeated(found: Evidence) -> Iterator[Check]:
    """Yield whether the tables follow from the runs, and results.md from the tables, by doing both again."""
    names = ("tables", "results.md", *([PAGE] if (found.folder / PAGE).exists() else []))
    if (why := _without_findings(found)) or found.findings is None:
        yield from ([why] if why else [unchecked(name, NO_REPORT) for name in names])
        return
    findings = found.findings
    if found.runs is None and not found.table.name.startswith("answers"):
        yield from (unchecked(name, f"there is no {found.table.name}") for name in names)
        return
    with tempfile.TemporaryDirectory() as made:
        out = Path(made)
        yield attempt("tables", lambda: _tables(found, findings, out))
        yield attempt("results.md", lambda: _report(found, findings, out))
        if (found.folder / PAGE).exists():
            yield attempt(PAGE, lambda: _page(found, findings, out))
    if (found.folder / "figures").is_dir():
        yield unchecked(
            "figures", "images are not compared: `seedwise report` draws them again, from the tables that were checked"
        )


def _tables(found: Evidence, findings: Findings, out: Path) -> Check:
    name, declared = "tables", found.declared()
    if found.study and declared and (other := _other_plan(found.study, found)):
        return failed(name, other)
    try:
        if found.study:
            analyse_again(found, found.study, findings, out)
        elif declared and found.runs is not None:
            tabulate_again(declared, found.runs, out)
        else:
            return unchecked(name, "neither the study file nor a registration says how to analyse")
    except UserError as error:
        return failed(name, f"cannot be made again: {' '.join(str(error).split())}")
    here = table_digests(found.folder, findings.tables)
    if edited := [table for table, digest in findings.tables.items() if here.get(table) != digest]:
        return failed(name, f"not as the analysis has read and written them: {enumerate_words(edited)}")
    compared = sorted(path.name for path in out.glob("*.csv") if path.name != found.table.name)
    for table in compared:
        if (difference := _difference(found.folder / table, out / table, _other_version(found))) is not None:
            return failed(name, f"{table} does not follow from {found.table.name} by the registered plan: {difference}")
    if found.study:
        left = HERE if found.records or found.study.study.source else HERE | OF_RECORDS
        was, now = (read_plain(folder / "findings.json") for folder in (found.folder, out))
        if differ := [key for key in was if key not in left and not _alike(was[key], now.get(key))]:
            if version := _other_version(found):
                return unchecked(name, f"{_follow(compared, found)}; findings.json has the words of {version}")
            return failed(name, f"findings.json says something else than the runs: {enumerate_words(differ)}")
        compared.append("findings.json")
    return passed(name, _follow(compared, found))


def _follow(compared: Sequence[str], found: Evidence) -> str:
    by = "the registered plan" if found.declared() else "the plan of the study file"
    return f"{enumerate_words(compared)} follow from {found.table.name} by {by}"


def _report(found: Evidence, findings: Findings, out: Path) -> Check:
    name = "results.md"
    path = found.folder / name
    if not path.exists():
        return unchecked(name, NO_REPORT)
    if found.study is None:
        return unchecked(name, NO_STUDY)
    if not (out / "summary.csv").exists():
        return unchecked(name, "its tables could not be made again")
    file = found.study.model_copy(update={"config": _config_in(path) or found.study.config})
    skipped = {REPRODUCE} if found.records or file.study.source else {REPRODUCE, SETUP}
    for made, text in report_again(found, file, findings, out).items():
        there = found.folder / made
        if not there.exists():
            continue
        whole = made == name
        was, now = there.read_text(encoding="utf-8"), text
        if whole:
            was, now = (_without(each, skipped) for each in (was, now))
        if was != now:
            if version := _other_version(found):
                return unchecked(name, f"written by {version}, whose words may differ; the tables were compared")
            return failed(made, f"does not follow from the tables: {_first_difference(was, now)}")
    left = f"; the section {SETUP} was left out, which the run records fill" if SETUP in skipped else ""
    return passed(name, f"it and the tables for papers follow from the tables, word for word{left}")


def _page(found: Evidence, findings: Findings, out: Path) -> Check:
    if found.study is None:
        return unchecked(PAGE, NO_STUDY)
    version, records = _other_version(found), bool(found.records or found.study.study.source)
    # It shows numbers in full, so that those of the tables here are taken: another machine may round the last digit.
    tables = out if version else found.folder
    try:
        made = page_of_tables(found, found.study, findings, tables)
    except UserError as error:
        return unchecked(PAGE, f"it cannot be made again here: {' '.join(str(error).split())}")
    there = (found.folder / PAGE).read_text(encoding="utf-8")
    was, now = (comparable(page, records=records) for page in (there, made))
    if was != now:
        if version:
            return unchecked(PAGE, f"written by {version}, whose words may differ; the tables were compared")
        return failed(PAGE, f"does not follow from the tables: {_first_difference(was, now)}")
    if drawing_of(there) != drawing_of(made):
        return unchecked(PAGE, "its words and numbers follow from the tables; what draws its plots is another program")
    left = "" if records else "; Setup and learning curves were left out, which the run records fill"
    return passed(PAGE, f"it follows from the tables, word for word{left}")


def _other_plan(file: StudyFile, found: Evidence) -> str:
    """Say in what a study file differs from what was registered; empty if in nothing that decides."""
    declared = found.declared()
    assert declared
    study = file.study
    pairs = {
        "plan": (plan_of(declared), study.analysis.model_dump(mode="json")),
        "choices": (declared.get("choices", study.declared_choices), study.declared_choices),
        "seeds": (declared["seeds"], sorted(study.declared_seeds)),
        "variants": (sorted(declared["variants"]), sorted(variant.name for variant in study.variants)),
    }
    other = [what for what, (registered, own) in pairs.items() if registered != own]
    return f"the study here has other {enumerate_words(other)} than the ledger" if other else ""


def _other_version(found: Evidence) -> str:
    """Name the version of Seedwise that made the report, if it is not this one."""
    line = found.reported_line
    version = line.content.get("version") if line else None
    return "" if version == __version__ else f"Seedwise {version or 'of another version'}"


def _without_findings(found: Evidence) -> Check | None:
    why = found.damaged.get("findings.json")
    return failed("findings.json", why) if why else None


def _config_in(path: Path) -> str | None:
    """Return what results.md calls the config: that is no number, and its folder depends on where it was run."""
    line = next((line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("**Run:**")), "")
    _, _, rest = line.partition(" from `")
    return rest.partition("`")[0] or None


def _without(text: str, sections: set[str]) -> str:
    parts = text.split("\n## ")
    return "\n## ".join(part for part in parts if part.partition("\n")[0] not in sections)


def _first_difference(was: str, now: str) -> str:
    for old, new in zip_longest(was.splitlines(), now.splitlines(), fillvalue=""):
        if old != new:
            return f"it has {_quoted(old)}, and they give {_quoted(new)}"
    return "it ends otherwise"


def _quoted(text: str, most: int = 100) -> str:
    return json.dumps(text if len(text) <= most else f"{text[:most]}…", ensure_ascii=False)


def _difference(path: Path, again: Path, other_version: str) -> str | None:
    """Say in what a table differs from the one that was made again; None if in nothing but rounding.

    Another version may have other columns; then those that both have are compared.
    """
    if not path.exists():
        return f"{path.name} is missing"
    was, now = path.read_bytes(), again.read_bytes()
    if was == now:
        return None
    rows, own = ([row for row in csv.reader(io.StringIO(text.decode(errors="replace"))) if row] for text in (was, now))
    if not rows:
        return "it is empty"
    if other_version and own:
        both = [column for column in own[0] if column in rows[0]]
        if not both:
            return f"it has none of the columns {enumerate_words(own[0])}"
        for number, cells in enumerate(map(len, rows)):
            if cells != len(rows[0]):
                return f"row {number} has {quantity(cells, 'cell')}, and its header {len(rows[0])}"
        rows, own = ([[row[table[0].index(column)] for column in both] for row in table] for table in (rows, own))
    for number, (row, other) in enumerate(zip_longest(rows, own, fillvalue=())):
        for column, (cell, made) in enumerate(zip_longest(row, other, fillvalue="")):
            if not _close(cell, made):
                key = rows[0][column] if column < len(rows[0]) else f"column {column + 1}"
                return f"in row {number}, {key} is {_quoted(cell)}, and they give {_quoted(made)}"
    return None


def _alike(was: Any, now: Any) -> bool:
    """Whether two values of JSON differ in nothing but the rounding of numbers."""
    if isinstance(was, dict) and isinstance(now, dict):
        return was.keys() == now.keys() and all(_alike(own, now[key]) for key, own in was.items())
    if isinstance(was, list) and isinstance(now, list):
        return len(was) == len(now) and all(map(_alike, was, now))
    if {type(was), type(now)} in ({float}, {int, float}):
        return _equal(was, now)
    return type(was) is type(now) and bool(was == now)


def _close(cell: str, made: str) -> bool:
    if cell == made:
        return True
    try:
        own, other = (_numbers(each) for each in (cell, made))
    except ValueError:
        return False
    same = len(own) == len(other)
    return same and all(map(_equal, own, other))


def _equal(was: float, now: float) -> bool:
    return math.isclose(was, now, rel_tol=CLOSE, abs_tol=1e-12)


def _numbers(cell: str) -> Sequence[float]:
    """Return the number in a cell, or the numbers that it lists."""
    return [float(number) for number in cell.split(";")]
