"""What a digest says, before it is put into words on a page: plain values, ready to print. Amounts are reporting minor units."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from healthcheck.months import Month


@dataclass(frozen=True)
class Point:
    """One check of one account: what it found, and what to do about it."""

    check: str
    outcome: str
    summary: str
    next_step: str = ""
    clears: str = ""


@dataclass(frozen=True)
class Standing:
    """What an account owes us, as the books say."""

    name: str
    account: str
    exposure: int
    limit: int | None = None
    past_due: int = 0
    oldest_days: int = 0
    unconverted: str | None = None
    group_exposure: int | None = None
    group_limit: int | None = None


@dataclass(frozen=True)
class Row:
    """One account that needs a look: ``points`` worst first, ``reassuring`` says what was judged clear, ``unchecked`` what could not be."""

    books: Standing
    verdict: str
    points: tuple[Point, ...]
    reassuring: str = ""
    unchecked: tuple[str, ...] = ()
    change: str = ""
    owner: str = ""
    due: date | None = None
    rep_asked: bool = False


@dataclass(frozen=True)
class Brief:
    """One account in a short list: to watch, not judged, failed; ``why`` is one sentence."""

    name: str
    account: str
    why: str


@dataclass(frozen=True)
class OpenFlag:
    """A flag of an earlier month that nobody has settled."""

    name: str
    account: str
    check: str
    outcome: str
    days: int
    owner: str
    due: date
    overdue: bool
    state: str
    said: str = ""


@dataclass(frozen=True)
class Note:
    """A labelled sentence at the end of credit's digest: money, coverage, freshness."""

    label: str
    text: str


@dataclass(frozen=True)
class Counts:
    """The month's reviews; ``look + still_open + watch + fine + unknown + failed + pending == total``."""

    total: int = 0
    look: int = 0
    still_open: int = 0
    watch: int = 0
    fine: int = 0
    without_bank: int = 0
    unknown: int = 0
    failed: int = 0
    pending: int = 0


@dataclass(frozen=True)
class LateRow:
    """One late account. Amounts are reporting minor units; ``new``: the month before did not know it as late.

    ``sales``: what sales does about it now (rep, manager, learn: is asked; keep_out); empty: nothing. ``agency``: as in the playbook;
    ``faults``: what is not in order in our own house.
    """

    name: str
    account: str
    days: int
    past_due: int
    disputed: int
    stage: str
    sales: str
    agency: str
    why: str
    who: str
    step: str
    on: date | None
    unconverted: str = ""
    faults: str = ""
    new: bool = False


@dataclass(frozen=True)
class Timer:
    """Something that the credit insurer must hear, or that ends, by a day."""

    name: str
    account: str
    on: date
    what: str
    loud: bool


@dataclass(frozen=True)
class Late:
    """All that is late. ``rows`` are told one by one; ``reminded`` accounts are early and get the usual reminders, ``waiting`` ones are a
    few days late, and nothing is done yet. ``past_due`` is of the rows and the reminded.
    """

    rows: tuple[LateRow, ...] = ()
    timers: tuple[Timer, ...] = ()
    past_due: int = 0
    reminded: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class CreditDigest:
    """Credit's mail for one month."""

    month: Month
    as_of: date
    currency: str
    counts: Counts
    at_stake: int
    rows: tuple[Row, ...] = ()
    watch: tuple[Brief, ...] = ()
    unknown: tuple[Brief, ...] = ()
    failed: tuple[Brief, ...] = ()
    open_flags: tuple[OpenFlag, ...] = ()
    since: str = ""
    decided: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    late: Late = field(default_factory=Late)


@dataclass(frozen=True)
class Customer:
    """One customer in a rep's mail: our own books only, in neutral words."""

    books: Standing
    notes: tuple[str, ...]
    rep: str = ""


@dataclass(frozen=True)
class Overdue:
    """One late customer in a rep's or manager's mail. ``asks``: what for (rep, manager, learn); an answer is wanted by ``until``."""

    name: str
    account: str
    asks: str
    past_due: int
    days: int
    until: date
    unconverted: str = ""
    rep: str = ""


@dataclass(frozen=True)
class RepDigest:
    """One person's questions of the month. ``stands_in`` says for whom, where the rep himself cannot be reached."""

    recipient: str
    month: Month
    as_of: date
    currency: str
    customers: tuple[Customer, ...]
    greeting: str = ""
    stands_in: tuple[str, ...] = ()
    overdue: tuple[Overdue, ...] = ()
