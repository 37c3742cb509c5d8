"""Write the report of an evaluation in a study: figures, results.md, page.html and summary.txt."""

from __future__ import annotations

import argparse
from pathlib import Path

from seedwise.analysis.findings import read_findings
from seedwise.analysis.study_examples import analyse_answers
from seedwise.analysis.tables import refuse_altered
from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.config.study_file import read_study_file
from seedwise.report.example_files import write_pages
from seedwise.report.gather import report_of_evaluation
from seedwise.report.text.example_terminal import examples_line


def main() -> None:
    """Write the files beside the answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="the study file, results/<study>/study-<digest>.json")
    parser.add_argument("--answers", type=Path, required=True, help="answers.csv; the output goes beside it")
    arguments = parser.parse_args()
    file = read_study_file(arguments.study)
    folder = arguments.answers.parent
    findings = read_findings(folder / "findings.json")
    refuse_altered(folder, findings.tables)
    found = analyse_answers(file.study, folder, findings.exploratory, findings.registration)
    report = report_of_evaluation(file, found)
    write_pages(folder, report)
    write_text(folder / "summary.txt", examples_line(report) + "\n")


if __name__ == "__main__":
    run_script(main)
