"""Runs of any program: a command line or a Python function with settings and a seed, which leaves numbers."""
