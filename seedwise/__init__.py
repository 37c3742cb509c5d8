"""Seedwise: train variants x seeds of a model and claim a difference only when the data support one."""

__version__ = "0.1.0"
