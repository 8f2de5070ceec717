"""Our own house: whether we invoiced on time and regularly, followed up, and keep the books current."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcheck.playbook import house, house_book
from healthcheck.playbook.situation import Received
from tests.unit.playbook_house_cases import AS_OF, DAY, POLICY, case, owed, paid, said

CALLS = [said("contact", ago, id=ago, method="phone") for ago in (45, 33, 20, 8)]


def answer(situation, question):
    (found,) = [one for one in house.assess(situation, POLICY).answers if one.question == question]
    return found


def test_all_in_order():
    found = house.assess(case(owed(), entries=CALLS), POLICY)
    assert (found.in_order, found.why) == (True, "")
    assert [one.question for one in found.answers] == list(house.QUESTIONS)


@pytest.mark.parametrize(("lag", "ok"), [(0, True), (7, True), (8, False), (180, False), (-3, True), (None, None)])
def test_source_2_an_invoice_long_after_the_service_is_our_fault(lag, ok):
    found = answer(case(owed(lag=lag)), "invoiced_on_time")
    assert (found.ok, found.invoices) == (ok, () if ok else ("HP1",))


def test_an_invoice_due_before_the_goods_came_is_our_fault():
    found = answer(case(owed(lag=-40)), "invoiced_on_time")
    assert found.ok is False
    assert "HP1, due before it was delivered" in found.why


def test_a_delivery_after_the_date_is_not_known_yet():
    found = answer(case(owed(days=1, lag=None, delivered=AS_OF + DAY)), "invoiced_on_time")
    assert found.ok is None


def test_one_late_invoice_outweighs_others_without_a_delivery_date():
    found = answer(case(owed("A", lag=30), owed("B", lag=None)), "invoiced_on_time")
    assert (found.ok, found.invoices) == (False, ("A",))
    assert found.why == "1 of 2 past-due invoices went out at the wrong time: A, 30 days after delivery."


def test_only_what_is_past_due_is_asked_about():
    assert answer(case(owed("A"), owed("B", days=-5, lag=60), entries=CALLS), "invoiced_on_time").ok is True


def test_source_2_regular_intervals_goods_delivered_while_nothing_was_invoiced():
    months = [date(2026, month, 1) for month in range(1, 5)]
    rest = [paid(f"P{day.month}", day, day - DAY) for day in months]
    late = owed("HP1", days=10, lag=60)
    found = answer(case(late, paid=tuple(rest)), "invoiced_regularly")
    assert (found.ok, found.invoices) == (False, ("HP1",))
    assert "from 1 April to 21 September" in found.why


def test_a_long_time_without_orders_is_not_ours():
    rest = [paid(f"P{month}", date(2026, month, 1), date(2026, month, 1)) for month in range(1, 5)]
    assert answer(case(owed(days=10, lag=1), paid=tuple(rest)), "invoiced_regularly").ok is True


def test_without_delivery_dates_a_long_gap_cannot_be_told():
    rest = [paid(f"P{month}", date(2026, month, 1)) for month in range(1, 5)]
    found = answer(case(owed(days=10, lag=None), paid=tuple(rest)), "invoiced_regularly")
    assert found.ok is None
    assert "nothing was bought or we were late" in found.why


def test_a_customer_who_buys_twice_a_year_has_regular_gaps():
    rest = [paid(f"P{n}", date(2024, 1, 1) + 180 * n * DAY) for n in range(5)]
    assert answer(case(paid=tuple(rest)), "invoiced_regularly").ok is True


@pytest.mark.parametrize(("days", "ok"), [(1, True), (13, True), (14, True), (15, False), (90, False)])
def test_source_2_never_followed_up(days, ok):
    found = answer(case(owed(days=days)), "followed_up")
    assert found.ok is ok
    assert ("No follow-up is on record" in found.why) is not ok


def test_a_gap_in_following_up_is_said_with_its_dates():
    found = answer(case(owed(days=60), entries=[said("letter", 50), said("contact", 10, id=2)]), "followed_up")
    assert found.ok is False
    assert "from 11 September to 21 October" in found.why


def test_a_promise_is_followed_up_until_its_day():
    made = said("promise", 40, due=AS_OF - 12 * DAY)
    assert answer(case(owed(days=50), entries=[made]), "followed_up").ok is True
    broken = said("promise", 40, due=AS_OF - 15 * DAY)
    assert answer(case(owed(days=50), entries=[broken]), "followed_up").ok is False


def test_what_was_before_the_due_date_is_no_follow_up():
    assert answer(case(owed(days=20), entries=[said("letter", 21)]), "followed_up").ok is False


def test_from_the_placement_on_the_agency_follows_up():
    calls = CALLS[:3]  # the last one 20 days ago
    assert answer(case(owed(days=50), entries=calls), "followed_up").ok is False
    placed = [*calls, said("placement", 18, id=99, agency="Inkasso Nord")]
    assert answer(case(owed(days=50), entries=placed), "followed_up").ok is True


@pytest.mark.parametrize(("ago", "ok"), [(0, True), (14, True), (15, False)])
def test_source_2_the_books_are_updated_before_the_first_meeting(ago, ok):
    assert answer(case(owed(), books_until=AS_OF - ago * DAY), "books_current").ok is ok
    assert answer(case(owed(), books_until=None), "books_current").ok is None


def test_money_that_nobody_allocated_must_be_before_we_blame_the_customer():
    money = Received(AS_OF - 10 * DAY, 900_00, "EUR")
    found = answer(case(owed(), received=(money,)), "books_current")
    assert (found.ok, found.invoices) == (False, ("HP1",))
    assert "EUR 900 of 21 October" in found.why
    before = Received(AS_OF - 80 * DAY, 900_00, "EUR")
    assert answer(case(owed(), received=(before,)), "books_current").ok is True


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=4))
def test_one_no_is_no_and_yes_needs_every_yes(oks):
    found = house.House(tuple(house.Answer("q", ok, f"{ok}.") for ok in oks))
    assert found.in_order is (False if False in oks else True if all(ok is True for ok in oks) else None)
    assert bool(found.why) is (found.in_order is not True)


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 60))
def test_followed_up_is_exactly_that_no_gap_is_longer_than_the_rule(agos, days):
    inside = sorted(ago for ago in agos if ago <= days)
    entries = [said("contact", ago, id=n) for n, ago in enumerate(agos)]
    marks = [days, *reversed(inside), 0]
    longest = max(early - late for early, late in pairwise(marks))
    assert answer(case(owed(days=days), entries=entries), "followed_up").ok is (longest <= POLICY.follow_up_every_days)


# ---- the whole book


def columns(rows):
    """A book of invoices: (account, number, issued, delivered)."""
    from types import SimpleNamespace

    accounts = sorted({row[0] for row in rows})
    keys = {account: key for key, account in enumerate(accounts)}
    items = pl.DataFrame(
        [(keys[account], number, "invoice", issued, delivered) for account, number, issued, delivered in rows],
        schema={"key": pl.Int64, "number": pl.String, "kind": pl.String, "issued": pl.Date, "delivered": pl.Date},
        orient="row",
    )
    return SimpleNamespace(
        as_of=AS_OF, items=items, accounts=pl.DataFrame({"key": list(keys.values()), "account": accounts})
    )


WEEKS = [AS_OF - 7 * n * DAY for n in range(1, 40)]
REGULAR = [("C1", f"A{n}", day, day - 2 * DAY) for n, day in enumerate(WEEKS)]


def of_book(*parts, late=None, until=AS_OF):
    total = sum((house_book.tally(columns(part), POLICY) for part in parts), house_book.Tally())
    return house_book.assess(total, late or {}, until, AS_OF, POLICY)


def test_the_whole_book_in_order():
    found = of_book(REGULAR)
    assert found.in_order is True
    assert (
        found.answers[0].why == "0 of 39 invoices with a delivery date (0%) went out more than 7 days after delivery."
    )


def test_parts_of_a_book_add_up_and_the_worst_invoices_are_named():
    other = [("C2", f"B{n}", day, day - (10 + n) * DAY) for n, day in enumerate(WEEKS[:8])]
    found = of_book(REGULAR, other)
    assert found.as_dict() == of_book([*REGULAR, *other]).as_dict()
    assert found.answers[0].ok is False
    assert found.answers[0].invoices == ("B7", "B6", "B5", "B4", "B3")
    assert "8 of 47 invoices with a delivery date (17%)" in found.answers[0].why


def test_a_few_late_invoices_in_a_whole_book_are_tolerated_up_to_one_in_twenty():
    late = [("C2", "B0", WEEKS[0], WEEKS[0] - 30 * DAY)]
    assert of_book(REGULAR, late).answers[0].ok is True
    assert of_book(REGULAR[:19], late).answers[0].ok is True
    assert of_book(REGULAR[:18], late).answers[0].ok is False


def test_a_book_without_delivery_dates_cannot_tell():
    blank = [(account, number, issued, None) for account, number, issued, _ in REGULAR]
    assert of_book(blank).answers[0].ok is None


def test_a_month_in_which_nothing_was_invoiced_is_seen():
    found = of_book([row for row in REGULAR if row[2].month != 6])
    assert found.answers[1].ok is False
    assert "the longest time without one was 35 days, from 30 May" in found.answers[1].why


def test_late_accounts_that_nobody_followed_up_and_unallocated_money_are_named():
    slow = house.assess(case(owed(days=40)), POLICY)
    loose = house.assess(case(owed(), entries=CALLS, received=(Received(AS_OF - DAY, 1, "EUR"),)), POLICY)
    found = of_book(REGULAR, late={"C7": slow, "C8": loose})
    assert [one.ok for one in found.answers] == [True, True, False, False]
    assert "1 of 2 late accounts not followed up: C7." in found.why
    assert "money of 1 late account is not allocated: C8." in found.why
    assert of_book(REGULAR, until=AS_OF - 20 * DAY).answers[3].ok is False
