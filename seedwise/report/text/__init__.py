"""The report in words: results.md, the paper's tables, what a terminal shows."""
