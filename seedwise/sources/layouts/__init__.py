"""Layouts other than one row per run, each recognised by its columns and turned into rows of runs."""
