"""What every other part leans on: errors, files, names, digests. It imports nothing of the package."""
