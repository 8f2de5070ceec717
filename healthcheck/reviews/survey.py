"""The class of every account in the database, chunk by chunk, for planning without running a check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

import polars as pl
from sqlalchemy import Engine

from healthcheck.ledger.read import chunks, read_columns
from healthcheck.reviews import calibrations, planning, rotation
from healthcheck.reviews.judge import ROTATION
from healthcheck.reviews.rotation import Calibration, Policy
from healthcheck.settings import Settings
from healthcheck.store.session import read

CHUNK: Final = 20_000
KEPT: Final = ("key", "entity", "account", "name", "risk_class", "exposure", "first_invoice", "klass")


def survey(
    engine: Engine, as_of: date, settings: Settings, now: datetime, done: Callable[[int, int], None] | None = None
) -> planning.Book:
    """The whole book for planning, as of ``as_of``. ``done(chunks so far, chunks)`` is called after each."""
    learned: Calibration = calibrations.current(engine, as_of, settings, now)[ROTATION]
    policy = rotation.policy_from(settings)
    parts, batches = [], chunks(engine, CHUNK)
    for number, keys in enumerate(batches, 1):
        parts.append(_classified(engine, as_of, keys if len(batches) > 1 else None, policy, learned))
        if done:
            done(number, len(batches))
    accounts = pl.concat(parts) if parts else _classified(engine, as_of, None, policy, learned)
    with read(engine) as session:
        return planning.read_book(session, accounts, as_of, policy, learned)


def _classified(
    engine: Engine, as_of: date, keys: list[int] | None, policy: Policy, calibration: Calibration
) -> pl.DataFrame:
    columns = read_columns(engine, as_of, policy.currency, keys)
    classes = rotation.classify(columns, as_of, policy, calibration).select("key", "klass")
    return columns.accounts.join(classes, on="key", maintain_order="left").select(KEPT)
