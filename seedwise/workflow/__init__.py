"""What only the Snakefile imports."""
