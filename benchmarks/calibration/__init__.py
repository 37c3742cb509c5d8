"""Measures how often each decision rule is wrong, on studies drawn from many real training runs."""
