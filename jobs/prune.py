"""Throws away what need not be kept: old calibrations (made again on demand) and bureaus' answers past their retention."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import CursorResult, Engine, Executable, delete, update
from sqlmodel import Session, col, select

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
        bureaus = session.exec(select(Report.bureau).where(col(Report.raw).is_not(None)).distinct()).all()
        raw = [_emptied(bureau, today - timedelta(days=raw_days(settings, bureau))) for bureau in sorted(bureaus)]
        return sum(_count(session, statement) for statement in (old, *raw))


def raw_days(settings: Settings, bureau: str) -> int:
    """For how many days the bureau's own answers are kept."""
    own: int | None = getattr(settings, f"{bureau}_raw_days", None)
    return settings.report_raw_days if own is None else own


def _emptied(bureau: str, kept: date) -> Executable:
    mine = (col(Report.bureau) == bureau, col(Report.raw).is_not(None), col(Report.as_of) < kept)
    return update(Report).where(*mine).values(raw=None)


def _count(session: Session, statement: Executable) -> int:
    done = session.execute(statement)
    return done.rowcount if isinstance(done, CursorResult) else 0
