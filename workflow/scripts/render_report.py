"""Render results.md from the study and its tables."""

from __future__ import annotations

from seedwise.errors import run_script
from seedwise.files import write_text
from seedwise.report.arguments import read_report, report_parser
from seedwise.report.markdown import render_results


def main() -> None:
    """Parse arguments, gather, render."""
    arguments = report_parser(__doc__, "results.md to write").parse_args()
    write_text(arguments.out, render_results(read_report(arguments)))


if __name__ == "__main__":
    run_script(main)
