"""How long something took."""

from __future__ import annotations

import time


def seconds() -> float:
    """A clock that only goes forward, also while this process is stopped and, where the system has such a one, the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
