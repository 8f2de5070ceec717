"""The customers of Harbour & Pine Building Supplies, who do not exist: how each buys and pays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from random import Random

from healthcheck.demo import words
from healthcheck.demo.days import START

SEED = "Harbour & Pine 6"
BUILDING = (0.75, 0.85, 1.0, 1.1, 1.15, 1.15, 1.05, 0.85, 1.1, 1.15, 1.05, 0.8)
EVEN = (1.0,) * 12
CURRENCY = {"GB": "GBP", "PL": "PLN", "US": "USD"}
PER_EURO = {"EUR": 1.0, "GBP": 0.87, "PLN": 4.3, "USD": 1.09}
MANAGER = "field@harbour-pine.example"
REPS = {
    "Ada North": "north@harbour-pine.example",
    "Bo West": "west@harbour-pine.example",
    "Cleo East": "east@harbour-pine.example",
    "Dan South": "",  # has left
}
TERRITORY = {
    "DE": "Ada North",
    "AT": "Ada North",
    "NL": "Bo West",
    "FR": "Bo West",
    "PL": "Cleo East",
    "GB": "Cleo East",
    "US": "Bo West",
}
GROUP_SIZES = (9, 8, 8, 7, 7, 6, 6, 6, 5, 5, 5)  # and the story's own of six


@dataclass(frozen=True)
class Habit:
    """How a customer pays: on which days, how long after the due date it aims, how often an invoice is mislaid."""

    run: str = "daily"
    lag: float = 0.0
    wobble: float = 1.5
    mislaid: float = 0.006


@dataclass(frozen=True)
class Change:
    """From ``start`` on orders come ``factor`` times as often."""

    start: date
    factor: float


@dataclass(frozen=True)
class Customer:
    """One account. ``orders`` is invoices a month, ``size`` a typical invoice in the account's own currency."""

    number: str
    name: str
    kind: str  # large, small, poor, late, gone, apart: what the book means it to be; stories say so themselves
    country: str
    industry: str
    terms: int
    orders: float
    size: float
    habit: Habit = Habit()
    currency: str = "EUR"
    city: str = ""
    parent: str = ""
    limit: int = 0  # 0: by size
    rep: str = ""
    risk: str = ""
    relationship: str = ""
    season: tuple[float, ...] = BUILDING
    spread: float = 0.4
    regular: float = 3.0  # shape of the gaps between orders
    since: date = START
    until: date | None = None
    changes: tuple[Change, ...] = ()
    issue_days: tuple[int, int] = (1, 31)
    bank: bool = True  # whether payments show the payer's account
    stops_on: date | None = None  # nothing due from then on is paid
    later_from: date | None = None
    later_by: int = 0
    new_bank_from: date | None = None
    new_bank: tuple[str, int] = ("", 0)  # country and bank
    seed: str = SEED
    dispute_rate: float = 0.002
    dispute_due: date | None = None  # the invoice due nearest to it is due on it, and disputed
    late_due: date | None = None  # the invoice due nearest to it is due on it
    invoiced_after: int = 0  # days between delivery and invoice; 0: within two days
    insured: tuple[int, date] | None = None  # limit in the account's currency, and the last day of the cover
    sends: tuple[tuple[date, int], ...] = ()  # money on account: day, minor units
    unmatched: tuple[date, date] = (date.max, date.min)  # payments of what fell due in between are not allocated
    open_total: int = 0  # what is open at the end, in minor units: the last invoice makes it up; 0: as it comes

    @property
    def monthly_sales(self) -> float:
        return self.orders * self.size

    @property
    def credit_limit(self) -> int:
        """In the account's own currency, whole units; a round figure with room above the usual exposure."""
        return self.limit or _round_up(self.monthly_sales * (self.terms + 12) / 30 * 2)


def _round_up(amount: float) -> int:
    step = 1000 if amount < 20_000 else 5000 if amount < 100_000 else 25_000
    return int(-(-amount // step) * step)


def ordinary(taken: set[str]) -> list[Customer]:
    """All customers that are no story; their numbers fill up what ``taken`` leaves of C001 to C240."""
    random = Random(SEED)  # noqa: S311
    numbers = [number for index in range(1, 241) if (number := f"C{index:03d}") not in taken]
    random.shuffle(numbers)
    pool = iter(numbers)
    stems = iter(words.stems(random))
    made = [member for size in GROUP_SIZES for member in _group(random, pool, next(stems), size)]
    made += [_single(random, next(pool), next(stems), "large") for _ in range(29)]
    for kind, count in (("poor", 9), ("late", 3), ("gone", 4), ("apart", 2)):
        made += [_single(random, next(pool), next(stems), kind) for _ in range(count)]
    made += [_single(random, number, next(stems), "small") for number in pool]
    return made


def _group(random: Random, pool: Iterator[str], stem: str, size: int) -> list[Customer]:
    home = random.choice(words.COUNTRIES)
    root = _single(random, next(pool), stem, "large", home, "Group")
    trades = random.sample(words.TRADES[home], size - 1)
    children = [
        replace(
            _single(random, next(pool), stem, "large", home if random.random() < 0.75 else None, trade),
            parent=root.number,
        )
        for trade in trades
    ]
    together = sum(one.credit_limit / PER_EURO[one.currency] for one in (root, *children))
    return [replace(root, limit=_round_up(0.8 * together * PER_EURO[root.currency])), *children]


_SCALE = {
    "large": (2.0, 6.5, 5_000, 16_000),
    "poor": (2.0, 5.0, 5_000, 12_000),
    "late": (1.5, 3.0, 3_000, 8_000),
    "small": (0.6, 1.9, 350, 2_200),
    "gone": (1.0, 2.0, 1_000, 6_000),
    "apart": (1.0, 3.0, 4_000, 9_000),
}


def _single(
    random: Random, number: str, stem: str, kind: str, country: str | None = None, trade: str | None = None
) -> Customer:
    country = country or random.choice(words.COUNTRIES)
    trade = trade or random.choice(words.TRADES[country])
    least, most, smallest, largest = _SCALE[kind]
    currency = CURRENCY.get(country, "EUR")
    return Customer(
        number=number,
        name=f"{stem} {trade} {random.choice(words.FORMS[country])}",
        kind=kind,
        country=country,
        industry=random.choice(words.INDUSTRIES),
        terms=random.choice((14, 30, 30) if kind == "small" else (14, 30, 30, 30, 45, 45, 60)),
        orders=random.uniform(least, most),
        size=round(random.uniform(smallest, largest) * PER_EURO[currency], -2),
        habit=_habit(random, kind),
        currency=currency,
        city=random.choice(words.CITIES[country]),
        risk=_risk(random, kind),
        relationship={"apart": random.choice(("prepaid", "intercompany"))}.get(kind, ""),
        season=BUILDING if random.random() < 0.7 else EVEN,
        spread=random.uniform(0.25, 0.5),
        regular=random.choice((3.0, 4.0, 6.0)),
        until=date(2025, random.randint(4, 9), 15) if kind == "gone" else None,
        stops_on=date(2026, 9, 3) if kind == "late" else None,
        bank=random.random() < (0.4 if kind == "small" else 0.75),
    )


def _habit(random: Random, kind: str) -> Habit:
    if kind == "poor":
        return Habit(random.choice(("daily", "weekly")), random.uniform(16, 26), 4.0, 0.004)
    run = random.choice(("daily", "daily", "weekly", "weekly", "twice"))
    return Habit(run, random.choice((0, 0, 0, 1, 2, 3)), random.uniform(0.5, 2.5), random.uniform(0.001, 0.008))


def _risk(random: Random, kind: str) -> str:
    if kind == "small":
        return ""
    return random.choices(("high", "medium", "low", ""), (3, 10, 60, 27))[0]
