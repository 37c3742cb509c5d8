"""Write page.html, the interactive report, with the learning curves of all runs."""

from __future__ import annotations

from seedwise.basics.errors import run_script
from seedwise.basics.files import write_text
from seedwise.report.gather import read_report, report_parser
from seedwise.report.page.page import MOST_BYTES, render_page


def main() -> None:
    """Write the page to `--out`; print a note if it is too large for Snakemake's report."""
    arguments = report_parser(__doc__, "file to write, page.html").parse_args()
    page = render_page(read_report(arguments, arguments.runs.with_name("runs")))
    write_text(arguments.out, page)
    if len(page.encode()) > MOST_BYTES:
        print(f"{arguments.out} is too large for Chromium to show inside Snakemake's report; open it directly")


if __name__ == "__main__":
    run_script(main)
