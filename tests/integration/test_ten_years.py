"""Ten years of a book of 5,000: nobody outlives the cycle when the quota suffices; when it does not, the plan names who will."""

import random
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from healthcheck.months import Month
from healthcheck.reviews import planning, rotation
from healthcheck.reviews.planning import Book
from healthcheck.reviews.rotation import Calibration, Policy

START, YEARS, ACCOUNTS = Month(2026, 1), 10, 5000
NO_REPORTS = pl.DataFrame(schema={"key": pl.Int64, "reported": pl.Date})
SCHEMA = {
    "key": pl.Int64, "account": pl.String, "name": pl.String, "klass": pl.String, "risk_class": pl.String, "exposure": pl.Int64,
    "first_invoice": pl.Date,
}  # fmt: skip


class Firm:
    """Accounts that come (1 % a month), go, change class and grow; reviewed on the last of each month as the plan chooses."""

    def __init__(self, policy: Policy, seed: int, churn: float = 0.01) -> None:
        self.policy, self.draw, self.churn = policy, random.Random(seed), churn
        self.rows: dict[int, dict] = {}
        self.known: dict[int, date] = {}
        self.last: dict[int, date] = {}
        self.carried: set[int] = set()
        self.outlived: list[tuple[int, Month]] = []
        self.reviews = 0
        self.come(ACCOUNTS, date(2015, 1, 1))

    def come(self, count: int, first_invoice: date) -> None:
        for key in range(len(self.known), len(self.known) + count):
            risk = self.draw.choices(["high", "medium", "low", None], [3, 12, 25, 60])[0]
            self.rows[key] = {
                "key": key, "account": f"C{key:05d}", "name": f"Customer {key}", "klass": "eligible", "risk_class": risk,
                "exposure": int(self.draw.lognormvariate(15, 1)), "first_invoice": first_invoice,
            }  # fmt: skip
            self.known[key] = max(
                first_invoice, START.last
            )  # all are known to us from the first month on, or from their own

    def change(self, month: Month) -> None:
        many = round(ACCOUNTS * self.churn)
        for key in self.draw.sample(sorted(self.rows), many):
            del self.rows[key]
        self.come(many, month.last)
        for key in self.draw.sample(sorted(self.rows), many):
            self.rows[key]["exposure"] = int(self.draw.lognormvariate(15, 1))

    def book(self, month: Month) -> Book:
        known = ((key, self.known[key]) for key in self.rows)
        rows = [(key, day, day, self.last.get(key), None, None, key in self.carried) for key, day in known]
        standing = pl.DataFrame(rows, schema=rotation.STANDING, orient="row")
        return Book(
            pl.DataFrame(list(self.rows.values()), schema=SCHEMA), standing, NO_REPORTS, self.policy, Calibration()
        )

    def play(self, month: Month) -> planning.Plan:
        book = self.book(month)
        made = planning.plan(book, month, month.last)
        chosen = made.chosen["key"].to_list()
        self.reviews += len(chosen)
        self.last.update(dict.fromkeys(chosen, month.last))
        turns = rotation.turns(book.accounts, book.standing, month.last, self.policy, Calibration())
        seen = set(chosen)
        self.carried = set()
        for key, due in turns.select("key", "due").iter_rows():
            if key not in seen and due <= month.last:
                self.carried.add(key)
                self.outlived.append((key, month))
        return made


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_the_quota_it_needs_nobody_outlives_the_cycle_in_ten_years(seed):
    watch(Firm(Policy(), seed), 12 * YEARS)


def test_with_the_quota_it_needs_nobody_outlives_the_cycle():
    watch(Firm(Policy(), 4), 15)


def watch(firm: Firm, months: int) -> None:
    for ahead in range(months):
        firm.change(START + ahead)
        firm.play(START + ahead)
    assert firm.outlived == []
    assert firm.reviews > ACCOUNTS * months / 12 * 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_with_too_small_a_quota_the_plan_names_exactly_those_who_outlive_it_ten_years_long(seed):
    foretold(seed, 12 * YEARS)


def test_with_too_small_a_quota_the_plan_names_exactly_those_who_outlive_it():
    foretold(5, 24)


def foretold(seed: int, months: int) -> None:
    """Each year's first plan against what then happened, in a book that stays as it is."""
    firm = Firm(replace(Policy(), quota=round(ACCOUNTS / 12)), seed, churn=0)
    plans, happened = {}, {}
    for ahead in range(months):
        month = START + ahead
        made = firm.play(month)
        if ahead % planning.AHEAD == 0:
            plans[ahead] = {key: Month.of(on) for key, on in made.outlive.select("account", "on").iter_rows()}
        for key, when in firm.outlived:
            if when == month:
                happened.setdefault(ahead // planning.AHEAD, {}).setdefault(firm.rows[key]["account"], when)
    whole = range(months // planning.AHEAD)
    named = sum(len(plans[year * planning.AHEAD]) for year in whole)
    assert named > 100, "the quota is far too small, so many outlive"
    for year in whole:
        assert set(plans[year * planning.AHEAD]) == set(happened.get(year, {})), f"year {year + 1}"
