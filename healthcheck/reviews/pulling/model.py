"""What is on order: an account to be asked about, the pull that asks, its states, and why it may have to wait."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session

from healthcheck.bureaus.base import Bureau
from healthcheck.errors import Retriable
from healthcheck.reviews import leases
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.work import Pull

PLANNED: Final = "PLANNED"  # to be asked, not before next_try_at; nothing reserved
INTENT: Final = "INTENT"  # committed, price reserved; asked, or about to be
PENDING: Final = "PENDING"  # ordered and paid, to be collected
STORED: Final = "STORED"
REFUSED: Final = "REFUSED"  # nothing was charged, nothing came
UNCERTAIN: Final = "UNCERTAIN"  # may have been charged
CHARGED: Final = "CHARGED"  # was charged, and nothing came: a person said so
SPENT: Final = (INTENT, STORED, PENDING, UNCERTAIN, CHARGED)  # states that count against the budget

RATE, THROTTLED, SILENT, PROBE, ANSWER = "rate", "throttled", "silent", "probe", "answer"  # what a pull waits for
WHY: Final = {
    RATE: "no more requests a minute than agreed", THROTTLED: "it asked for a pause", SILENT: "it does not answer",
    ANSWER: "its answer is awaited",
}  # fmt: skip
PATIENT_WITH_DOUBT: Final = timedelta(hours=1)
BACKOFF_SECONDS = (15.0, 3600.0)  # at first, at most; in between as long again as it took so far

Guard = Callable[[Session], None]


@dataclass(frozen=True)
class Order:
    """One account to be asked about, for one month's budget, as of one date."""

    engine: Engine
    settings: Settings
    account_id: int
    month: str
    as_of: date
    now: datetime
    guard: Guard | None = None  # raises if the asker may no longer act
    buy: bool = True
    bureaus: tuple[Bureau, ...] | None = None  # in order of preference; None: as configured
    clock: leases.Clock = leases.clock  # the time that waits are measured in: the database's
    sleep: Callable[[float], None] = time.sleep  # through short waits; seconds

    @property
    def patience(self) -> timedelta:
        """How long a bureau that does not answer may delay a review."""
        return timedelta(hours=self.settings.bureau_patience_hours)


class NotYet(Retriable):
    """The answer has to be waited for: ``until`` is in the database's time, ``retry_after`` the seconds until then."""

    def __init__(self, why: str, until: datetime, now: datetime) -> None:
        super().__init__(why, max(0.0, (until - now).total_seconds()))
        self.until, self.left = until, max(timedelta(0), until - now)


def backoff(since: datetime, now: datetime) -> timedelta:
    """How long to wait before the next try: twice as long each time, with a fifth of chance either way."""
    first, most = BACKOFF_SECONDS
    wait = min(most, max(first, (now - since).total_seconds()))
    return timedelta(seconds=wait * (0.8 + secrets.randbelow(400) / 1000))


def become(pull: Pull, values: Mapping[str, Any]) -> None:
    """Give the pull in hand the values that its row was given."""
    for name, value in values.items():
        setattr(pull, name, value)


def tell(session: Session, pull: Pull, what: str, at: datetime, **more: Any) -> None:
    """Note in the audit what became of a pull. Never a payload."""
    by = more.pop("by", "")
    detail = {"bureau": pull.bureau, "cost": pull.cost, "key": pull.key, **more}
    audit.note(session, what, at=at, by=by, month=pull.month, account_id=pull.account_id, detail=detail)
