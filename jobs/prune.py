"""Throws away what need not be kept: old calibrations (made again on demand) and bureaus' answers past their retention."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import CursorResult, Engine, Executable, delete, update
from sqlmodel import Session, col

from healthcheck.months import add_months
from healthcheck.settings import Settings
from healthcheck.store.books import Calibration
from healthcheck.store.session import write
from healthcheck.store.work import Report

CALIBRATIONS: Final = 13  # months


def run(engine: Engine, now: datetime, settings: Settings) -> int:
    """How many rows were thrown away or emptied. Reports themselves stay: only the vendor's own answer goes."""
    today = settings.business_day(now)
    with write(engine) as session:
        old = delete(Calibration).where(col(Calibration.on) < add_months(today, -CALIBRATIONS))
        kept = today - timedelta(days=settings.report_raw_days)
        raw = update(Report).where(col(Report.raw).is_not(None), col(Report.as_of) < kept).values(raw=None)
        return sum(_count(session, statement) for statement in (old, raw))


def _count(session: Session, statement: Executable) -> int:
    done = session.execute(statement)
    return done.rowcount if isinstance(done, CursorResult) else 0
