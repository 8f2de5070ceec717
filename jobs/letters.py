"""Writes the letters that a person ordered to go out by themselves; the relay sends them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from healthcheck.playbook import orders
from healthcheck.settings import Settings


def run(engine: Engine, now: datetime, settings: Settings) -> int:
    """How many letters were written."""
    return orders.run(engine, settings, now)
