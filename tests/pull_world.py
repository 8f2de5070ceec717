"""A bureau that answers as it is told, a clock that is set, and a ledger of pulls to look into."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sqlmodel import func, select

from healthcheck.bureaus.base import Ready, Report
from healthcheck.reviews import pulls
from healthcheck.reviews.pulls import NotYet, Order
from healthcheck.store.books import Account
from healthcheck.store.operations import AuditEntry, Budget
from healthcheck.store.session import read, write
from healthcheck.store.work import Month, Pull
from tests import review_world as world

AS_OF, START = date(2026, 6, 30), datetime(2026, 6, 30, 18, tzinfo=UTC)
MONTH = "2026-06"


class Clock:
    """The database's time, as told."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self, _session) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Scripted:
    """Answers each order by the next of ``answers`` (raised if it is an error), then by reports. Charges whatever is not an error of
    which nothing is charged; ``seen`` are the keys of all orders."""

    def __init__(self, *answers, name="till", idempotency="none", price="4.20", rate=None) -> None:
        self.name, self.idempotency, self.price, self.rate = name, idempotency, Decimal(price), rate
        self.answers, self.collected, self.looked_up, self.seen = list(answers), [], [], []
        self.heard: list[str] = []  # what a review said while it ran

    def cost(self) -> Decimal:
        return self.price

    def rate_limit(self) -> float | None:
        return self.rate

    def order(self, subject, as_of, key):
        self.seen.append(key)
        return self._next(self.answers)

    def collect(self, token):
        return self._next(self.collected)

    def look_up(self, subject, key):
        return self._next(self.looked_up)

    def _next(self, answers):
        answer = answers.pop(0) if answers else self.report()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def report(self) -> Ready:
        return Ready(Report(self.name, AS_OF - timedelta(days=3), status="active"))


def order(engine, folder, *bureaus, account=1, clock=None, **settings) -> Order:
    """An order for one of the accounts C1 ... that ``fill`` makes."""
    given = world.settings(engine, folder, **{"bureaus": "", "bureau_budget": "100", **settings})
    clock = clock or Clock()
    return Order(engine, given, account, MONTH, AS_OF, START, bureaus=bureaus, clock=clock, sleep=clock.forward)


def fill(engine, accounts=1) -> None:
    with write(engine) as session:
        session.add_all(Account(account=f"C{n + 1}") for n in range(accounts))
        session.add(Month(month=MONTH, as_of=AS_OF, planned_at=START))


def obtained(order: Order) -> str:
    """What became of it; "not yet" where it has to wait."""
    try:
        return pulls.obtain(order)
    except NotYet:
        return "not yet"


def stored(engine) -> list[Pull]:
    with read(engine) as session:
        return list(session.exec(select(Pull).order_by(Pull.id)))


def told(engine) -> list[str]:
    """What the audit says of pulls, in order."""
    with read(engine) as session:
        return [what.removeprefix("pull.") for what in session.exec(select(AuditEntry.what).order_by(AuditEntry.seq))]


def balanced(engine) -> bool:
    """Whether each month's budget row is the sum of what its pulls have taken."""
    with read(engine) as session:
        spent = select(Pull.month, func.sum(Pull.cost)).where(Pull.state.in_(pulls.SPENT)).group_by(Pull.month)
        sums = dict(session.exec(spent).all())
        taken = dict(session.exec(select(Budget.month, Budget.taken)).all())
    return {k: v for k, v in sums.items() if v} == {k: v for k, v in taken.items() if v}
