"""page.html: the report to explore in a browser."""
