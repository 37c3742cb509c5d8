"""What one GPU gives: images per second, a whole study on it, and what would be faster. See benchmarks/README.md."""
