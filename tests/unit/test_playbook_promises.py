"""Every promise is open, kept, kept in part or broken, by the money that came, and no euro counts twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.playbook.promises import BROKEN, KEPT, OPEN, PARTLY, next_open, of, plans, reconcile
from healthcheck.playbook.situation import Received
from tests.unit.late_cases import AS_OF, before, owed, promise, received, situation


def became(*made, got=(), as_of=AS_OF):
    return [one.state for one in reconcile(made, got, as_of)]


@pytest.mark.parametrize(
    ("made", "got", "state"),
    [
        (promise(5, 3), [], OPEN),
        (promise(5, 0), [], OPEN),  # its day is not over
        (promise(5, -3), [], BROKEN),
        (promise(5, -3), [received(4)], KEPT),
        (promise(5, -3), [received(3)], KEPT),  # on the day
        (promise(5, -3), [received(5)], KEPT),  # on the day it was made
        (promise(5, -3), [received(6)], BROKEN),  # before it was made
        (promise(5, -3), [received(4, 400_00)], PARTLY),
        (promise(5, -3), [received(4, 400_00), received(3, 600_00)], KEPT),
        (promise(5, -3), [received(4, 951_00)], KEPT),  # bank charges, a discount
        (promise(5, -3), [received(4, 949_00)], PARTLY),
        (promise(5, -3), [received(2)], BROKEN),  # too late
        (promise(5, -3), [received(4), received(3, -1_000_00)], BROKEN),  # it went back
        (promise(5, -3), [Received(before(4), 1_000_00, "USD")], BROKEN),
        (promise(5, -3, invoice="I5"), [received(4, invoice="I6")], BROKEN),
        (promise(5, -3, invoice="I5"), [received(4, invoice="I5")], KEPT),
        (promise(5, -3, invoice="I5"), [received(4)], KEPT),  # not allocated
        (promise(5, 3), [received(4)], KEPT),  # before its day
    ],
)
def test_what_becomes_of_one_promise(made, got, state):
    assert became(made, got=got) == [state]


def test_what_comes_on_the_day_is_in_time():
    found = reconcile([promise(5, -3)], [received(3, 400_00), received(2, 600_00)], AS_OF)[0]
    assert (found.met, found.after, found.state) == (400_00, 600_00, PARTLY)


def test_a_promise_for_a_sunday_is_kept_on_monday():
    made = promise(9, -1)  # AS_OF is a Monday
    assert became(made) == [OPEN]
    assert became(made, got=[received(0)]) == [KEPT]


def test_a_holiday_counts_where_the_customer_is():
    made = replace(promise(40, 0), due=AS_OF.replace(month=4, day=3))  # Good Friday
    later = AS_OF.replace(month=4, day=7)
    assert reconcile([made], [], later, "DE")[0].state == OPEN
    assert reconcile([made], [], later, "US")[0].state == BROKEN


def test_no_euro_keeps_two_promises():
    assert became(promise(9, -5), promise(8, -4), got=[received(6)]) == [KEPT, BROKEN]


def test_what_is_paid_of_a_later_invoice_keeps_no_promise_about_the_old_ones():
    late = owed(20, number="I20")
    later = replace(owed(-10, number="N1"), issued=before(5))
    said = [promise(9, -3)]
    assert [one.state for one in of(situation(late, later, entries=said, got=[received(4, invoice="N1")]))] == [BROKEN]
    assert [one.state for one in of(situation(late, later, entries=said, got=[received(4, invoice="I20")]))] == [KEPT]


def test_money_goes_to_the_invoice_it_was_paid_on_first():
    whole, named = promise(9, -3), promise(8, -3, invoice="I5")
    assert became(whole, named, got=[received(5, invoice="I5")]) == [BROKEN, KEPT]


def test_what_replaces_a_broken_promise_is_kept_by_the_money_that_came_for_it():
    first, second = promise(20, -10), promise(9, -2)
    found = reconcile([first, second], [received(4), received(3, 300_00)], AS_OF)
    assert [one.state for one in found] == [BROKEN, KEPT]
    assert (found[0].after, found[0].failed) == (300_00, True)


def test_a_broken_promise_that_was_made_good_fails_no_longer():
    found = reconcile([promise(20, -10)], [received(4)], AS_OF)[0]
    assert (found.state, found.failed, found.met_on) == (BROKEN, False, before(4))


def test_later_days_see_what_earlier_ones_did_not():
    made, got = promise(9, -3), [received(1)]
    assert became(made, got=got, as_of=before(5)) == [OPEN]
    assert became(made, got=got, as_of=before(2)) == [BROKEN]
    assert not reconcile([made], got, before(2))[0].met_on


def test_instalments_are_met_in_the_order_of_their_days():
    made = [promise(40, due, 500_00, series="plan-1") for due in (10, -20, -50 + 45)]
    found = plans(reconcile(made, [received(25, 500_00), received(8, 500_00)], AS_OF))["plan-1"]
    assert [one.state for one in found] == [KEPT, KEPT, OPEN]
    assert next_open(found) == found[2]


def test_an_account_knows_its_promises():
    found = of(situation(10, entries=[promise(5, 3)], got=[received(2, 200_00)]))
    assert [(one.state, one.met, one.left) for one in found] == [(OPEN, 200_00, 800_00)]


invoices = st.sampled_from([None, "I1", "I2"])
made = st.lists(
    st.builds(
        lambda ago, due, amount, invoice, series: promise(ago, due, amount, invoice=invoice, series=series),
        st.integers(0, 60), st.integers(-60, 30), st.integers(1, 900_00), invoices, st.sampled_from([None, "a"]),
    ),
    max_size=8,
)  # fmt: skip
money = st.lists(st.builds(received, st.integers(-5, 70), st.integers(-400_00, 900_00), invoices), max_size=10)


@given(made, money)
def test_no_promise_disappears_and_no_euro_counts_twice(made, money):
    found = reconcile(made, money, AS_OF)
    assert sorted(one.entry.id for one in found) == sorted(one.id for one in made)
    assert all(one.state in (OPEN, KEPT, PARTLY, BROKEN) for one in found)
    assert all(0 <= one.met + one.after <= one.amount for one in found)
    assert sum(one.met + one.after for one in found) <= sum(
        one.amount for one in money if one.amount > 0 and one.on <= AS_OF
    )


@given(made, money, st.integers(0, 80))
def test_what_was_kept_stays_kept_unless_money_goes_back(made, money, later):
    money = [one for one in money if one.amount > 0]
    then = {one.entry.id: one.state for one in reconcile(made, money, AS_OF)}
    after = {one.entry.id: one.state for one in reconcile(made, money, before(-later))}
    assert {number for number, state in then.items() if state == KEPT} <= {
        n for n, state in after.items() if state == KEPT
    }
    assert {number for number, state in then.items() if state == BROKEN} <= {
        n for n, state in after.items() if state == BROKEN
    }
