"""page.html: the interactive report, for a browser."""
