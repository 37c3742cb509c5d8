"""Longer turns on a core, for runs that share the cores with others."""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the system call sched_setattr(2), which the C library does not offer."""
TURN = 100_000_000
"""Nanoseconds of a turn, the longest that Linux allows; its default is about 3 ms."""


def take_long_turns() -> None:
    """Ask Linux for long turns on a core for this process and its children; elsewhere this does nothing.

    A run that shares a core loses what it has in the core's cache whenever its turn ends. What waits for the keyboard
    or the network still comes first. Linux before 6.12 only stops such processes from interrupting each other.
    """
    number = SCHED_SETATTR.get(platform.machine()) if sys.platform == "linux" else None
    if number is not None and os.sched_getscheduler(0) == os.SCHED_OTHER:  # nobody has chosen another
        # size, policy, flags, nice value, priority, runtime, deadline, period: struct sched_attr
        attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_BATCH, 0, os.nice(0), 0, TURN, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)  # where it is forbidden, turns stay as they are
