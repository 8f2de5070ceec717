"""What runs when: one file a job, each a short ``run(engine, now, settings)``, and one line in the table below.

A job may be called at any time, twice, or by two schedulers at once: what it does is kept straight by the database, not by the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Engine

from healthcheck.settings import Settings

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Job:
    """``every`` so many seconds; a job of a day or more is run once in that time by whichever scheduler comes first."""

    name: str
    every: int
    what: str

    def load(self) -> Callable[[Engine, datetime, Settings], Any]:
        """The job's ``run``."""
        return cast("Callable[[Engine, datetime, Settings], Any]", import_module(f"jobs.{self.name}").run)


JOBS = (
    Job("tick", 60, "adds each month that is due"),
    Job("monthly", 60, "reviews the months that are due, and finishes those that were cut short"),
    Job("relay", 15, "sends what waits in the outbox"),
    Job("reconcile", 30, "settles what a closed month left: reports ordered late, calls without an answer"),
    Job("monitor", 3600, "reads what bureaus tell of the companies they watch, free of charge"),
    Job("screen", DAY, "runs the ledger checks over every account, so that the next check is quick"),
    Job(
        "promises",
        DAY,
        "holds promises, questions and check-ins against the day, and raises a task for each that is due",
    ),
    Job("letters", DAY, "writes the letters that a person ordered to go out by themselves"),
    Job("prune", DAY, "throws away what need not be kept"),
)
