"""Code that only the Snakefile and its rules import."""
