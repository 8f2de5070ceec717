"""Not too fast: calls that no pull stands behind (a search over the whole book) keep to a bureau's rate by themselves.

Pulls keep to it through the database (``healthcheck.reviews.pulling.gates``), across processes; this holds within one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable


class Pace:
    """So many calls a minute, evenly; ``wait`` returns when the next may leave."""

    def __init__(
        self,
        per_minute: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 60 / per_minute
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free = 0.0

    def wait(self) -> None:
        with self._lock:
            now = self._clock()
            slot = max(now, self._free)
            self._free = slot + self._gap
        if slot > now:
            self._sleep(slot - now)


_PACES: dict[Hashable, Pace] = {}
_LOCK = threading.Lock()


def keep(bureau: str, per_minute: float | None) -> None:
    """Wait for this process's next slot at the bureau; at once where there is no rate."""
    if not per_minute:
        return
    with _LOCK:
        pace = _PACES.setdefault((bureau, per_minute), Pace(per_minute))
    pace.wait()
