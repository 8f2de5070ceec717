"""The monthly batch: begins the month that ``now`` lies in, or finishes what is missing of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from healthcheck.months import Month
from healthcheck.reviews import review
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> dict[str, Any]:
    """Review the current month, as known today; the month's totals so far."""
    today = settings.business_day(now)
    return review.review(engine, Month.of(today), today, settings, now)
