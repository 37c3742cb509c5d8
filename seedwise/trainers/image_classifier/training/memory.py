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
    # Earlier versions of glibc take at most 2**25, and refuse more; a trim threshold alone would make matters worse.
    if mallopt is not None and any(mallopt(MMAP_THRESHOLD, size) for size in (2**30, 2**25)):
        mallopt(TRIM_THRESHOLD, 2**30)
