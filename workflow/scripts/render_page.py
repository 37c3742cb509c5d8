"""Render page.html, the report to explore, from the study, its tables and the histories of its runs."""

from __future__ import annotations

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.report.arguments import read_report, report_parser
from seedwise.report.page.page import MOST_BYTES, render_page
from seedwise.runs.history import read_history_of_runs


def main() -> None:
    """Parse arguments, gather, render."""
    arguments = report_parser(__doc__, "page.html to write").parse_args()
    report = read_report(arguments)
    page = render_page(report, read_history_of_runs(report.runs, arguments.runs.with_name("runs")))
    write_text(arguments.out, page)
    if len(page.encode()) > MOST_BYTES:
        print(f"{arguments.out} is too large for Chromium to show inside Snakemake's report; open it by itself")


if __name__ == "__main__":
    run_script(main)
