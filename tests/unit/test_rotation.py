"""Whose turn it is: the guarantee, played month by month over made-up books."""

from datetime import date
from fractions import Fraction

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.months import Month
from healthcheck.reviews import rotation
from healthcheck.reviews.rotation import Calibration, Policy

START = Month(2026, 1)
POLICY = Policy()
RISK = {3: "high", 6: "medium", 12: None}


def book(cycles, klass="eligible", first_key=0):
    keys = range(first_key, first_key + len(cycles))
    return pl.DataFrame(
        {
            "key": keys,
            "account": [f"C{key:04d}" for key in keys],
            "name": [f"Customer {key}" for key in keys],
            "klass": [klass] * len(cycles),
            "risk_class": [RISK[cycle] for cycle in cycles],
            "exposure": [1000 * (key * 7919 % 101) for key in keys],
            "first_invoice": [date(2020, 1, 1)] * len(cycles),
        },
        schema_overrides={
            "key": pl.Int64,
            "risk_class": pl.String,
            "account": pl.String,
            "name": pl.String,
            "exposure": pl.Int64,
        },
    )


def standing(rows=()):
    return pl.DataFrame(rows, schema=rotation.STANDING, orient="row")


class Played:
    """A firm that reviews every month, with accounts that come and go; deadlines are watched from outside."""

    def __init__(self, accounts, quota=None):
        self.accounts, self.quota = accounts, quota
        self.known, self.last = {}, {}
        self.outlived, self.sizes, self.gaps, self.needs = [], [], [], []

    def month(self, month):
        as_of = month.last
        for key in self.accounts["key"]:
            self.known.setdefault(key, as_of)
        rows = [(key, day, day, self.last.get(key), None, None, False) for key, day in self.known.items()]
        rotating = rotation.turns(self.accounts, standing(rows), as_of, POLICY, Calibration())
        need = rotation.needed(rotating)
        places = self.quota or rotation.quota(need, POLICY)
        chosen = rotation.choose(rotating, month, places, POLICY)
        self.sizes.append((chosen.height, places, self.available(rotating, as_of)))
        for key, cycle in chosen.select("key", "cycle").iter_rows():
            if key in self.last:
                self.gaps.append((month - Month.of(self.last[key]), cycle))
            self.last[key] = as_of
        self.watch(rotating, month)

    def available(self, rotating, as_of):
        return sum(
            key not in self.last or Month.of(as_of) - Month.of(self.last[key]) >= (cycle + 1) // 2
            for key, cycle in rotating.select("key", "cycle").iter_rows()
        )

    def watch(self, rotating, month):
        for key, cycle in rotating.select("key", "cycle").iter_rows():
            if month - Month.of(self.last.get(key, self.known[key])) >= cycle:
                self.outlived.append((key, month))


cycles = st.lists(st.sampled_from([3, 6, 12]), min_size=1, max_size=60)


@settings(max_examples=25, deadline=None)
@given(cycles)
def test_on_a_fresh_start_nobody_outlives_the_cycle_and_no_month_is_above_the_quota(cycles):
    firm = Played(book(cycles))
    for ahead in range(30):
        firm.month(START + ahead)
    assert firm.outlived == []
    assert len(firm.last) == len(cycles)
    assert all(size == min(places, available) for size, places, available in firm.sizes), "filled every month"
    assert all(gap >= (cycle + 1) // 2 for gap, cycle in firm.gaps)


@settings(max_examples=25, deadline=None)
@given(
    cycles,
    st.lists(st.tuples(st.integers(0, 4), st.lists(st.sampled_from([3, 6, 12]), max_size=4)), min_size=24, max_size=30),
)
def test_with_accounts_that_come_and_go_nobody_outlives_the_cycle(cycles, changes):
    firm = Played(book(cycles))
    next_key = len(cycles)
    for ahead, (leave, enter) in enumerate(changes):
        firm.month(START + ahead)
        stay = (
            firm.accounts.sample(fraction=1, shuffle=True, seed=ahead)[leave:]
            if firm.accounts.height > leave + 1
            else firm.accounts
        )
        firm.accounts = pl.concat([stay, book(enter, first_key=next_key)])
        next_key += len(enter)
    assert firm.outlived == []


def test_the_quota_is_what_is_needed_and_a_tenth_more_counted_exactly():
    rotating = rotation.turns(book([12] * 120), standing(), date(2026, 1, 31), POLICY, Calibration())
    assert rotation.needed(rotating) == 10
    assert rotation.quota(Fraction(10), POLICY) == 11
    assert rotation.quota(Fraction(10), Policy(quota=4)) == 4
