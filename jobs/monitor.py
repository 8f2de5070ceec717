"""Reads what bureaus tell of the companies that they watch for us."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from healthcheck.reviews import monitoring
from healthcheck.reviews.monitoring import Heard
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> Heard:
    """What was asked and heard; what is not due yet is not asked."""
    return monitoring.poll(engine, settings, now)
