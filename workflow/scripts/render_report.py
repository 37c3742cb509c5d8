"""Write a study's results.md, the tables for papers and summary.txt."""

from __future__ import annotations

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.report.gather import read_report, report_parser
from seedwise.report.text.paper import paper_files
from seedwise.report.text.results import render_results


def main() -> None:
    """Write results.md to `--out` and the other files beside it."""
    arguments = report_parser(__doc__, "file to write, results.md; the other files go beside it").parse_args()
    report = read_report(arguments)
    write_text(arguments.out, render_results(report))
    for file, text in paper_files(report, arguments.out.parent).items():
        write_text(file, text)


if __name__ == "__main__":
    run_script(main)
