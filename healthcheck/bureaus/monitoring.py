"""What a bureau may offer beside reports: news of the companies we ask about, free of charge.

An adapter that has it says so by ``monitoring``: FEED, one list of news about all companies that we have it watch, or COMPANY, a list to be
read company by company; anything else, or nothing, is none. News are told again rather than missed: each has a number by which it is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol, cast

from healthcheck.bureaus.base import Bureau, Subject

FEED: Final = "feed"
COMPANY: Final = "company"
OVERLAP: Final = timedelta(days=3)  # read again: bureaus enter things late, and days begin elsewhere at another hour


@dataclass(frozen=True)
class Change:
    """One piece of news. ``ref``: the bureau's own number of it; ``company``: the id by which an account is linked; ``what``: a clause."""

    ref: str
    company: str
    on: date
    what: str


@dataclass(frozen=True)
class Changes:
    """News, and the cursor to go on from, which only the adapter reads. ``more``: there are further ones now."""

    news: tuple[Change, ...]
    cursor: str
    more: bool = False


class Feed(Bureau, Protocol):
    """``monitoring`` is FEED."""

    monitoring: str

    def watch(self, subject: Subject) -> None:
        """Have the bureau watch this company; again does no harm. Raises what a free call raises."""
        ...

    def unwatch(self, company: str) -> None:
        """Have it watch this company no longer; again does no harm, or raises NotFound."""
        ...

    def changes_since(self, cursor: str, today: date) -> Changes:
        """The next news; an empty cursor begins today. Free of charge."""
        ...


class Lists(Bureau, Protocol):
    """``monitoring`` is COMPANY. It may say by ``covers(subject)`` of whom it can tell nothing."""

    monitoring: str

    def changes_of(self, subject: Subject, cursor: str, today: date) -> Changes:
        """The news of one company; an empty cursor begins today. Free of charge."""
        ...


def since(cursor: str, today: date) -> date:
    """From which day on to read, where the cursor is the day up to which all was read."""
    return date.fromisoformat(cursor) - OVERLAP if cursor else today


def feed(bureau: Bureau) -> Feed | None:
    return cast("Feed", bureau) if getattr(bureau, "monitoring", "") == FEED else None


def lists(bureau: Bureau) -> Lists | None:
    return cast("Lists", bureau) if getattr(bureau, "monitoring", "") == COMPANY else None
