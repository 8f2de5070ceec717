"""Sends what waits in the outbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from healthcheck.reports.outbox import RelayResult, relay
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> RelayResult:
    """Try every message that is due."""
    return relay(engine, settings, now)
