"""Customers who are late, one for each stage of the playbook. What was said to them stands in ``said``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from healthcheck.demo.customers import CURRENCY, EVEN, PER_EURO, Customer, Habit
from healthcheck.demo.days import AS_OF


@dataclass(frozen=True)
class Story:
    """A late customer. ``days``: how late the oldest invoice is by its own due date; ``stage``, ``sales``: what must come out."""

    account: str
    name: str
    country: str
    city: str
    days: int
    title: str
    stage: str
    sales: str
    more: dict[str, Any] = field(default_factory=dict)


def _day(days: int) -> date:
    return AS_OF + timedelta(days=days)


STORIES: Final = (
    Story("C241", "Weidenhof Zimmerei GmbH", "DE", "Kassel", 10,
          "ten days late after years of paying on the day; some of the beams were warped", "early", "rep"),
    Story("C242", "Brakel Afbouw B.V.", "NL", "Zwolle", 25,
          "three weeks late, one reminder, nobody has called yet", "middle", "not_yet"),
    Story("C243", "Tamworth Roofing Ltd", "GB", "Derby", 31,
          "a month late; two reminders and a call have brought nothing", "middle", "manager"),
    Story("C244", "Rosal Menuiserie SARL", "FR", "Tours", 40,
          "disputes an invoice: the project price was agreed with sales", "middle", "manager"),
    Story("C245", "Jorinda Stolarka Sp. z o.o.", "PL", "Lublin", 52,
          "a promise was broken: what is behind it? The insurer must hear of it soon", "late", "learn",
          {"insured": (60_000, date(2027, 6, 30))}),
    Story("C246", "Eichgrund Ausbau KG", "DE", "Trier", 59,
          "could not pay at once: three instalments are agreed, and the first has come", "not_late", "not_yet",
          {"sends": ((_day(-19), 500_000),)}),
    Story("C247", "Lorgarde Charpente SAS", "FR", "Lille", 66,
          "ready to be handed over, and our own house is in order", "late", "learn"),
    Story("C248", "Ashcombe Groundworks Ltd", "GB", "Exeter", 82,
          "urgent; but we invoiced five weeks after delivery and hardly followed up", "late", "learn", {"invoiced_after": 35}),
    Story("C249", "Ulvia Fasady Sp. z o.o.", "PL", "Łódź", 38,
          "evasive: three stories in three calls; and its cover ends soon", "middle", "keep_out", {"insured": (60_000, _day(25))}),
    Story("C250", "Marholm Isolatie B.V.", "NL", "Arnhem", 110,
          "with an agency, which has got a third so far", "late", "keep_out"),
)  # fmt: skip


def customers() -> list[Customer]:
    """The late customers as the book draws them: good payers until the day, and no more deliveries a month after it."""
    return [_customer(story) for story in STORIES]


def _customer(story: Story) -> Customer:
    stopped = _day(-story.days)
    currency = CURRENCY.get(story.country, "EUR")
    base = Customer(
        story.account, story.name, "overdue", story.country, "house building", 30, 2.0, round(3_200 * PER_EURO[currency], -2),
        Habit("daily", 0, 0.6, 0.0), currency=currency, city=story.city, season=EVEN, spread=0.25, regular=8.0, dispute_rate=0.0,
        stops_on=stopped, late_due=stopped, until=min(AS_OF, stopped + timedelta(days=30)),
    )  # fmt: skip
    return replace(base, **story.more)
