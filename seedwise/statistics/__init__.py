"""Intervals, bootstrap, comparison and power: what the seeds of a study do and do not support."""
