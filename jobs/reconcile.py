"""Settles what a closed month left behind: reports that were ordered and came late, calls that nobody saw the answer of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from healthcheck.reviews import pulls
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> int:
    """How many pulls were settled."""
    return pulls.reconcile(engine, settings, now)
