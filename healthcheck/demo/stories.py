"""The stories of the book: who they are, what happens to them, and what a health check ought to say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from healthcheck.demo.customers import EVEN, Change, Customer, Habit

SCORE_COLLAPSE = "C042"
DRIFT = "C117"
STOPPED = "C031"
MONTH_END = "C052"
EASTER = "C057"
CASH_COVERS = "C063"
DISPUTED = "C071"
GROUP_ROOT, GROUP_FINE = "C080", "C082"
NEW_BANK = "C093"
BANK_ABROAD = "C094"
SAME_BANK = "C095"
QUIET_BUYER = "C105"
BUST_OUT = "C118"
SEASONAL = "C126"
SPARSE = "C137"
NEW = "C149"
EMPTY_YARD = "C155"
REP_LEFT = "C162"

_SEED = "Harbour & Pine 1"
PROMPT = Habit("daily", 0, 0.6, 0.0)
WEEKLY = Habit("weekly", 1, 1.0, 0.0)
EXACT = Habit("daily", 0, 0.0, 0.0)
EARLY = Habit("daily", -1, 0.5, 0.0)
_THREEFOLD = Change(date(2026, 8, 24), 3.4)


@dataclass(frozen=True)
class Story:
    """One account and what it is in the book for. ``found``: whether the health check must raise it."""

    account: str
    title: str
    found: bool


@dataclass(frozen=True)
class Seen:
    """What a rep has seen, as ``healthcheck observe`` would note it."""

    account: str
    on: date
    activity: str
    heard: str
    by: str
    people: str = ""
    stock: str = ""


STORIES = (
    Story(SCORE_COLLAPSE, "pays on the day, and the bureau's score has fallen from B to D", True),
    Story(DRIFT, "has come to pay fifteen days later", True),
    Story(STOPPED, "has stopped paying; the average of what was paid looks perfect", True),
    Story(MONTH_END, "pays at the month-end; the last one was a Saturday", False),
    Story(EASTER, "pays on the fifth of the month; in April that was Easter Sunday", False),
    Story(CASH_COVERS, "a late invoice is covered by money that nobody has allocated", False),
    Story(DISPUTED, "one invoice is 50 days past due because it is disputed", False),
    Story(GROUP_FINE, "is fine, in a group that is over its limit", False),
    Story(NEW_BANK, "pays from a new bank, and the old one is silent", True),
    Story(BANK_ABROAD, "pays from a bank in another country; known since last month", True),
    Story(SAME_BANK, "pays from a new account at the same bank", False),
    Story(QUIET_BUYER, "has gone quiet: orders have fallen away", True),
    Story(BUST_OUT, "orders three times as much as ever, beyond its limit", True),
    Story(SEASONAL, "buys nothing in autumn, as every autumn", False),
    Story(SPARSE, "buys twice a year: too little to judge", False),
    Story(NEW, "is new: too little to judge", False),
    Story(EMPTY_YARD, "the rep saw an empty yard", True),
    Story(REP_LEFT, "the rep has left; the manager is written to", False),
)

DUE_NOW = (SCORE_COLLAPSE, SPARSE, REP_LEFT, GROUP_FINE, DISPUTED, MONTH_END, CASH_COVERS)
OBSERVATIONS = (
    Seen(
        EMPTY_YARD,
        date(2026, 10, 21),
        "quiet",
        "The yard was half empty and two of the five vans were gone.",
        "Cleo East",
    ),
    Seen(EASTER, date(2026, 10, 8), "busy", "New storage hall is nearly finished.", "Bo West"),
    Seen(SAME_BANK, date(2026, 9, 30), "as_always", "", "Bo West"),
    Seen(SEASONAL, date(2026, 10, 14), "as_always", "Packing up for the winter, as every year.", "Ada North"),
    Seen(
        DISPUTED, date(2026, 9, 24), "as_always", "Waits for our answer on the wet pallets of 12 August.", "Ada North"
    ),
)


def customers() -> list[Customer]:
    """The customers of the stories, with the whole group of the one."""
    return [*_PAYERS, *_BANK_CHANGERS, *_BUYERS, *_OTHERS, *_over_limit()]


def _one(number: str, name: str, country: str, city: str, orders: float, size: float, **more: object) -> Customer:
    base = Customer(number, name, "story", country, "house building", 30, orders, size, PROMPT, city=city, risk="low")
    return replace(base, **{"spread": 0.3, "dispute_rate": 0.0, "seed": _SEED, **more})  # type: ignore[arg-type]


_STEADY = {"season": EVEN, "spread": 0.15, "regular": 8.0}
_PAYERS = (
    _one(
        SCORE_COLLAPSE,
        "Norda Metall GmbH",
        "DE",
        "Hamburg",
        4,
        25_500,
        terms=60,
        limit=250_000,
        open_total=21_200_000,
        habit=EXACT,
        **_STEADY,
    ),
    _one(
        DRIFT,
        "Alva Sp. z o.o.",
        "PL",
        "Łódź",
        5,
        13_000,
        limit=150_000,
        habit=WEEKLY,
        later_from=date(2026, 7, 25),
        later_by=15,
    ),
    _one(
        STOPPED, "Reva Toitures SAS", "FR", "Nantes", 6, 9_500, limit=175_000, habit=EARLY, stops_on=date(2026, 9, 21)
    ),
    _one(
        MONTH_END,
        "Ostermark Bau GmbH",
        "DE",
        "Kassel",
        5,
        12_000,
        habit=Habit("month_end", 0, 0, 0),
        issue_days=(21, 30),
    ),
    _one(EASTER, "Maas en Duin Bouw B.V.", "NL", "Breda", 4.5, 11_000, habit=Habit("fifth", 0, 0, 0)),
    _one(
        CASH_COVERS,
        "Kestrel Joinery Ltd",
        "GB",
        "Leeds",
        4.5,
        8_000,
        currency="GBP",
        unmatched=(date(2026, 9, 14), date(2026, 9, 28)),
    ),
    _one(DISPUTED, "Lindhof Fertighaus GmbH", "DE", "Ulm", 4, 14_000, dispute_due=date(2026, 9, 11)),
)

_AT_NEW_BANK = {"new_bank_from": date(2026, 9, 10), "habit": WEEKLY}
_BANK_CHANGERS = (
    _one(NEW_BANK, "Grauwald Holzbau KG", "DE", "Erfurt", 5, 9_000, new_bank=("DE", 2), **_AT_NEW_BANK),
    _one(
        BANK_ABROAD,
        "Falaise Charpente SARL",
        "FR",
        "Dijon",
        5,
        8_500,
        new_bank=("LU", 0),
        new_bank_from=date(2026, 8, 3),
        habit=WEEKLY,
    ),
    _one(SAME_BANK, "Polderhout Timmerwerk B.V.", "NL", "Zwolle", 5, 9_500, new_bank=("NL", 0), **_AT_NEW_BANK),
)

_GARDEN = (0.0, 0.1, 1.4, 2.2, 2.2, 2.0, 1.8, 1.4, 0.7, 0.1, 0.0, 0.0)
_FADING = (Change(date(2026, 7, 20), 0.5), Change(date(2026, 9, 1), 0.08))
_BUYERS = (
    _one(
        QUIET_BUYER,
        "Wiśla Dom Sp. z o.o.",
        "PL",
        "Poznań",
        6,
        30_000,
        currency="PLN",
        regular=6.0,
        terms=60,
        habit=WEEKLY,
        changes=_FADING,
    ),
    _one(
        BUST_OUT,
        "Copperline Contractors LLC",
        "US",
        "Toledo, OH",
        4,
        10_000,
        currency="USD",
        limit=85_000,
        changes=(_THREEFOLD,),
    ),
    _one(SEASONAL, "Gartenwerk Sonnau GmbH", "DE", "Trier", 5, 9_000, season=_GARDEN),
    _one(
        SPARSE,
        "Havelock Bridge Works Ltd",
        "GB",
        "Perth",
        0.15,
        45_000,
        currency="GBP",
        limit=100_000,
        bank=False,
        regular=8.0,
        season=EVEN,
    ),
    _one(NEW, "Neuland Fassadenbau GmbH", "DE", "Rostock", 2.5, 14_000, terms=60, since=date(2026, 7, 20), bank=False),
)

_OTHERS = (
    _one(EMPTY_YARD, "Stonegate Paving Ltd", "GB", "Exeter", 5, 8_000, currency="GBP"),
    _one(REP_LEFT, "Kirchfeld Ausbau GmbH", "DE", "Kassel", 5, 9_000, rep="Dan South"),
)

_TESSEL = (
    (GROUP_ROOT, "Tessel Group B.V.", "NL", 5.0, 15_000),
    ("C081", "Tessel Infra B.V.", "NL", 4.0, 12_000),
    (GROUP_FINE, "Tessel Dakwerken B.V.", "NL", 4.0, 11_000),
    ("C083", "Tessel Houtbouw B.V.", "NL", 5.0, 13_000),
    ("C084", "Tessel Ausbau GmbH", "DE", 4.0, 12_000),
    ("C085", "Tessel Isolatie B.V.", "NL", 3.5, 9_000),
)


def _over_limit() -> list[Customer]:
    children = [
        _one(number, name, country, "Delft", orders, size, habit=WEEKLY)
        for number, name, country, orders, size in _TESSEL
    ]
    root, *others = (replace(one, kind="large", parent=GROUP_ROOT) for one in children)
    return [replace(root, parent="", limit=260_000), *others]
