"""Runs that were recorded elsewhere."""
