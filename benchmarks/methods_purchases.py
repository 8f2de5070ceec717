"""Purchases under expectation: ours, and what a user could take instead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
from books import AS_OF, MONTHS, buying
from methods_base import NEVER, Floats, Method, each
from statsforecast.models import AutoETS

from healthcheck.checks import outcomes, purchases
from healthcheck.ledger.columns import Columns

CHANGES = {
    "stopped 1 month": "stopped1",
    "stopped 2 months": "stopped2",
    "stopped 3 months": "stopped3",
    "half": "half",
}
POLICY = purchases.Policy()


def _ours(calibration: purchases.Calibration) -> Method:
    def assess(book: Columns) -> pl.DataFrame:
        return purchases.assess(book, AS_OF, POLICY, calibration)

    return Method(
        "Healthcheck: purchases", None, "the whole check: amount, silence and surge, evidence, a sentence for each account",
        "a third of the accounts, who order every two or three months, is unknown and counts as not caught", lambda book: book,
        assess, lambda book: assess(book)["score"].fill_null(NEVER).to_numpy(),
        "flagged", lambda book: assess(book)["outcome"].is_in(outcomes.ALERTS).to_numpy(),
    )  # fmt: skip


def _script(book: Columns) -> pd.DataFrame:
    frame = book.items.select("key", "issued", "value")
    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def _year_on_year(frame: pd.DataFrame) -> Floats:
    """What a user would write: by how much the last quarter is below the same quarter a year ago."""
    end = pd.Timestamp(AS_OF)
    now = frame[(frame["issued"] > end - pd.DateOffset(months=3))].groupby("key")["value"].sum()
    old_end = end - pd.DateOffset(years=1)
    old = frame[(frame["issued"] > old_end - pd.DateOffset(months=3)) & (frame["issued"] <= old_end)]
    before = old.groupby("key")["value"].sum().reindex(range(int(frame["key"].max()) + 1), fill_value=0.0)
    fall = 1 - now.reindex(before.index, fill_value=0.0) / before.where(before > 0)
    return fall.fillna(NEVER).to_numpy()


def months(book: Columns) -> list[Floats]:
    """Value ordered by calendar month, one row an account."""
    at = book.items.select(
        month=(pl.col("issued").dt.year() * 12 + pl.col("issued").dt.month() - AS_OF.year * 12 - AS_OF.month)
        + MONTHS
        - 1
    )
    cell = book.items["key"].to_numpy() * MONTHS + at["month"].to_numpy()
    n = book.accounts.height
    return list(np.bincount(cell, book.items["value"].to_numpy(), n * MONTHS).reshape(n, MONTHS))


def _ets(values: Floats) -> float:
    """By how many of its own forecast sds the last quarter is below AutoETS' forecast from the 33 months before."""
    said = AutoETS(season_length=12).forecast(y=values[:-3], h=3, level=[95])
    sds = (said["hi-95"] - said["mean"]) / 1.96
    spread = float(np.sqrt(np.sum(sds**2)))
    below = float(np.sum(said["mean"] - values[-3:]))
    return below / spread if spread > 0 else NEVER


def methods(healthy: int) -> list[Method]:
    """Ours first. ``healthy``: accounts of the book that ours is calibrated on."""
    calibration = purchases.calibrate(buying(healthy, 99), AS_OF, POLICY)
    return [
        _ours(calibration),
        Method(
            "year on year (pandas)", "pandas", "`groupby` of the whole book: the last quarter's sales against the same quarter a year ago",
            "no idea of chance: few orders fall by half in every other quarter", _script, _year_on_year, _year_on_year,
            "30 % down", lambda frame: _year_on_year(frame) >= 0.3,
        ),
        Method(
            "AutoETS (statsforecast)", "statsforecast", "`AutoETS(season_length=12)`: 33 months' sales, forecast of 3 with its interval",
            "forecasts smooth monthly series; single orders and the silence since the last one are outside it",
            months, each(_ets), each(_ets), "below 97.5 %",
            lambda fed: each(_ets)(fed) > 1.96, "heavy", 100,
        ),
    ]  # fmt: skip
