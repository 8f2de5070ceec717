"""For workers in processes of their own, spawned or of a cluster (as a preload): a killed one's reviews are soon free again."""

from __future__ import annotations

from healthcheck.reviews import leases, pool
from healthcheck.settings import Settings

SECONDS = 3.0
_begin = pool._begin


def begin(settings: Settings) -> None:
    """What a process of a pool begins with."""
    leases.LEASE_SECONDS = SECONDS
    _begin(settings)


def dask_setup(_worker: object) -> None:
    """What a worker of a cluster begins with."""
    leases.LEASE_SECONDS = SECONDS
