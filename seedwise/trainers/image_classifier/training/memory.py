"""How the C library handles memory while a run trains on a CPU."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3)."""


def keep_freed_memory() -> None:
    """Let glibc keep what a training step frees for the next step; elsewhere this does nothing.

    By default it gives large blocks back, and the kernel clears every page again when the next step asks for it: with
    small images that was a sixth of the training time. The most memory that a run needs stays about the same.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for threshold in (MMAP_THRESHOLD, TRIM_THRESHOLD):
            mallopt(threshold, 2**30)
