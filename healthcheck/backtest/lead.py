"""How long before an event the alert came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median, quantiles

from healthcheck.backtest.events import month_end
from healthcheck.backtest.model import Lead


def lead(events: Mapping[object, Sequence[date]], alerts: Mapping[object, Sequence[date]], horizon: int) -> Lead:
    """Events and alerts by account. Events within one horizon of each other are one spell, at its first day."""
    spells = [(who, on) for who, days in events.items() for on in first_days(days, horizon)]
    ahead = [days for who, on in spells if (days := days_ahead(on, alerts.get(who, ()), horizon)) is not None]
    quarters = quantiles(ahead, n=4, method="inclusive") if len(ahead) > 1 else None
    return Lead(
        len(spells),
        len(ahead),
        float(median(ahead)) if ahead else None,
        (quarters[0], quarters[2]) if quarters else None,
    )


def first_days(days: Sequence[date], horizon: int) -> list[date]:
    """The first day of each spell; a spell goes on while the next event is within ``horizon`` months of the one before."""
    first, before = [], None
    for day in sorted(set(days)):
        if before is None or day > month_end(before, horizon):
            first.append(day)
        before = day
    return first


def days_ahead(on: date, alerts: Sequence[date], horizon: int) -> int | None:
    """Days from the first alert of the run that leads to ``on``; None: no alert in the horizon before it.

    ``alerts`` are month-ends. A run is alerts at consecutive month-ends; it may begin before the horizon.
    """
    there = set(alerts)
    inside = sorted(day for day in there if month_end(on, -horizon - 1) < day < on)
    if not inside:
        return None
    start = inside[0]
    while (before := month_end(start, -1)) in there:
        start = before
    return (on - start).days
