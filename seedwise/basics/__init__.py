"""What all other parts use: errors, files, names, digests. It imports nothing of the package."""
