"""The monthly batch: begins the months that are due, oldest first, and finishes what is missing of those that were cut short."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from healthcheck.reviews import review, schedule
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> list[dict[str, Any]]:
    """The totals of each month that was worked on; one that is held says so in them."""
    return [review.review(engine, month, None, settings, now) for month in schedule.to_run(engine)]
