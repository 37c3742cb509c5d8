"""Seedwise: train variants x seeds of a model and claim a difference only when the data support one."""

from __future__ import annotations

from seedwise.client import log, result, scores

__version__ = "0.1.0"
__all__ = ["__version__", "log", "result", "scores"]
