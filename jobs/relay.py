"""Sends what waits in the outbox, and puts the letters that were sent on record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from healthcheck.playbook import posting
from healthcheck.reports.outbox import RelayResult, relay
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> RelayResult:
    """Try every message that is due."""
    result = relay(engine, settings, now)
    posting.settle(engine, settings, now)
    return result
