"""Adds a row for each month that is due: the only thing that begins a month."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from healthcheck.months import Month
from healthcheck.reviews import schedule
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> list[Month]:
    """The months added."""
    return schedule.tick(engine, settings, now)
