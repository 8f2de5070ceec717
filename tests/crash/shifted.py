"""What holds in every process of a battle, imported before anything else there: the schedulers (spawned pools run their main module again)
and the workers of a cluster (as a preload).

Time is the machine's, plus what the file ``ahead`` in the working directory says: leases, back-offs and months follow that. Leases are
short (TEST_LEASE_SECONDS), so that a process which was stopped finds its own gone.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from healthcheck.reviews import leases

AHEAD = Path("ahead")
_clock = leases.clock


def ahead() -> timedelta:
    return timedelta(seconds=float(AHEAD.read_text()))


leases.clock = lambda session: _clock(session) + ahead()  # before anybody keeps the other one
leases.LEASE_SECONDS = float(os.environ["TEST_LEASE_SECONDS"])
leases.DEATHS = 100  # more workers are killed here than ever die of an account
