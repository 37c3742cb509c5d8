"""Tools for all other parts: errors, files, names, digests. It imports nothing else from the package."""
