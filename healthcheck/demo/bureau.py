"""The folder of bureau reports: two on each larger customer, a year apart, in the layout of ``healthcheck.bureaus.file``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from healthcheck.demo import stories
from healthcheck.demo.customers import PER_EURO, Customer

BANDS = ["A", "B", "C", "D", "E"]
LAST_YEAR, THIS_YEAR = (2025, 9), (2026, 10)
NO_REPORT = {stories.SPARSE, stories.NEW}
Body = dict[str, Any]


def reports(everyone: list[Customer]) -> Iterator[tuple[str, date, Body]]:
    """(account, date, report in normal form) for whoever a bureau would be asked about."""
    for customer in everyone:
        random = Random(f"{customer.seed}/{customer.number}/bureau")  # noqa: S311
        if (
            customer.kind in ("large", "story", "poor")
            and customer.number not in NO_REPORT
            and (random.random() > 0.04 or customer.kind == "story")
        ):
            yield from _two(random, customer)


def write(everyone: list[Customer], folder: Path) -> int:
    """Write them as ``folder/<account>/<date>.json``; how many."""
    count = 0
    for account, on, body in reports(everyone):
        count += 1
        path = folder / account / f"{on}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return count


def _two(random: Random, customer: Customer) -> Iterator[tuple[str, date, Body]]:
    value = random.randint(38, 57) if customer.kind == "poor" else random.randint(62, 95)
    limit = _thousands(customer.credit_limit / PER_EURO[customer.currency] * random.uniform(1.05, 1.6))
    days = (date(*LAST_YEAR, random.randint(4, 26)), date(*THIS_YEAR, random.randint(5, 28)))
    later = min(98, value + random.randint(-2, 4)), _thousands(limit * random.uniform(0.97, 1.12))
    beyond = random.choice((0, 1, 2, 3, 5, 7))
    if customer.number == stories.SCORE_COLLAPSE:
        value, limit, later, beyond = 71, 240_000, (38, 60_000), 4
    yield customer.number, days[0], _body(value, limit, beyond)
    yield customer.number, days[1], _body(*later, beyond + random.choice((0, 0, 1)))


def _thousands(amount: float) -> int:
    return round(amount / 1000) * 1000


def _band(value: int) -> str:
    return BANDS[0 if value >= 80 else 1 if value >= 60 else 2 if value >= 45 else 3 if value >= 30 else 4]


def _body(value: int, limit: int, beyond: int) -> Body:
    score = {"value": value, "scale_min": 1, "scale_max": 100, "higher_is_better": True, "band": _band(value)}
    return {
        "currency": "EUR",
        "status": "active",
        "score": {**score, "bands": BANDS, "model": "2024"},
        "limit": {"amount": str(limit), "currency": "EUR"},
        "payment": {"dbt": beyond, "industry": 6},
        "legal": [],
        "filings_overdue": False,
        "ownership": {"control_changed": False},
    }
