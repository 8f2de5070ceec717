"""The plan of a month: what is outside the quota, what it costs, who waits, and who would outlive a cycle and when."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.months import Month
from healthcheck.reviews import planning, rotation
from healthcheck.reviews.rotation import Calibration, Policy

MONTH = Month(2026, 1)
AS_OF = date(2026, 1, 20)
POLICY = Policy()
RISK = {3: "high", 6: "medium", 12: None}
NEVER = pl.DataFrame(schema={"key": pl.Int64, "reported": pl.Date})


def accounts(cycles, klass="eligible", first_invoice=date(2020, 1, 1)):
    keys = list(range(len(cycles)))
    frame = {
        "key": keys,
        "account": [f"C{key:03d}" for key in keys],
        "name": [f"Customer {key}" for key in keys],
        "klass": [klass] * len(keys),
        "risk_class": [RISK[cycle] for cycle in cycles],
        "exposure": [100_00 * (key + 1) for key in keys],
        "first_invoice": [first_invoice] * len(keys),
    }
    kinds = {"key": pl.Int64, "account": pl.String, "name": pl.String, "klass": pl.String, "risk_class": pl.String}
    return pl.DataFrame(frame, schema=kinds | {"exposure": pl.Int64, "first_invoice": pl.Date})


def standings(last, known=date(2024, 1, 1), carried=()):
    """``last``: for each key, in order, the day of the last review."""
    rows = [(key, known, known, day, None, None, key in carried) for key, day in enumerate(last)]
    return pl.DataFrame(rows, schema=rotation.STANDING, orient="row")


def book(cycles, last=(), policy=POLICY, reports=NEVER, carried=(), **more):
    return planning.Book(accounts(cycles, **more), standings(last, carried=carried), reports, policy, Calibration())


def outside(*rows):
    return pl.DataFrame(rows, schema=planning.OUTSIDE, orient="row")


def test_what_falls_due_comes_first_then_risk_then_exposure():
    due = [date(2025, 1, 9), date(2025, 1, 9), date(2025, 7, 9), date(2024, 12, 9), date(2025, 10, 9)]
    made = planning.plan(book([12, 12, 6, 12, 12], due, replace(POLICY, quota=4)), MONTH, AS_OF)
    assert made.chosen["account"].to_list() == ["C003", "C002", "C001", "C000"]
    assert made.chosen["why"].to_list()[:2] == [
        "last reviewed December 2024; its 12 months ended in December 2025",
        "last reviewed July 2025; its 6 months end this month",
    ]


def test_a_new_account_waits_for_its_first_ninety_days_and_then_is_never_seen_before_half_its_six_months():
    young = accounts([12], klass="new", first_invoice=date(2026, 1, 10))
    known = standings([None], known=date(2026, 1, 15))
    months = planning.months(planning.Book(young, known, NEVER, POLICY, Calibration()), MONTH, AS_OF, 10)
    assert [str(made.month) for made in months if made.chosen.height] == ["2026-04", "2026-07", "2026-10"], (
        "no sooner than half-way"
    )
    assert months[3].chosen.row(0, named=True)["reason"] == "new"
    assert months[3].chosen.row(0, named=True)["why"] == "a new account; first review due this month"


def test_a_new_account_first_known_after_its_ninety_days_has_six_months():
    young = accounts([12], klass="new", first_invoice=date(2025, 8, 1))
    rotating = rotation.turns(young, standings([None], known=AS_OF), AS_OF, POLICY, Calibration())
    assert rotating["due"].item() == date(2026, 7, 20)
    assert rotating["earliest"].item() == AS_OF


def test_the_cycle_starts_at_the_latest_of_first_known_became_eligible_and_last_review():
    day, later = date(2025, 3, 1), date(2025, 5, 1)
    rows = [
        (0, day, None, None, None, None, False),
        (1, day, later, None, None, None, False),
        (2, day, day, later, None, None, False),
    ]
    known = pl.DataFrame(rows, schema=rotation.STANDING, orient="row")
    rotating = rotation.turns(accounts([12, 12, 12, 12]), known, AS_OF, POLICY, Calibration())
    assert rotating["start"].to_list() == [AS_OF, later, later, AS_OF]


def test_the_largest_exposures_are_seen_every_six_months_and_high_risk_stays_at_three():
    rotating = rotation.turns(
        accounts([12, 3, 12]), standings([]), AS_OF, POLICY, Calibration(exposure_cutoff=200_00.0)
    )
    assert rotating["cycle"].to_list() == [12, 3, 6]


def test_carry_over_goes_first_and_takes_a_fifth_of_the_quota_at_most():
    last = [date(2024, 11, 1)] * 5 + [date(2025, 1, 5)] * 8
    made = planning.plan(book([12] * 13, last, replace(POLICY, quota=10), carried=range(5)), MONTH, AS_OF)
    assert made.chosen["reason"].to_list() == ["carry_over"] * 2 + ["rotation"] * 8
    assert made.chosen["account"].to_list()[:2] == ["C004", "C003"]
    assert sorted(made.carried) == [0, 1, 2]


def test_places_that_nobody_else_needs_go_to_the_rest_of_what_waited():
    last = [date(2024, 11, 1)] * 5 + [date(2025, 10, 5)] * 5
    made = planning.plan(book([12] * 10, last, replace(POLICY, quota=5), carried=range(5)), MONTH, AS_OF)
    assert made.chosen["reason"].to_list() == ["carry_over"] + ["rotation"] * 4
    assert made.carried.is_empty()


def test_events_are_outside_the_quota_and_are_the_review_of_that_account():
    last = [date(2025, 1, 5)] * 3
    events = outside(
        (0, "event", "bank: pays from another bank"), (0, "event", "again"), (1, "flagged", "its flag is not settled")
    )
    made = planning.plan(book([12] * 3, last, replace(POLICY, quota=1)), MONTH, AS_OF, events)
    assert made.chosen.select("account", "reason").rows() == [
        ("C002", "rotation"),
        ("C000", "event"),
        ("C001", "flagged"),
    ]
    assert made.chosen["why"].to_list()[1:] == ["bank: pays from another bank", "its flag is not settled"]
    assert made.outlive.select("account", "on").rows() == [("C001", date(2026, 1, 5))]


def test_a_flagged_account_whose_turn_it_is_is_reviewed_once():
    made = planning.plan(book([12], [date(2025, 1, 5)]), MONTH, AS_OF, outside((0, "flagged", "open flag")))
    assert made.chosen.select("account", "reason").rows() == [("C000", "rotation")]


def test_cost_counts_the_reports_that_are_too_old_to_use_again():
    priced = replace(POLICY, quota=3, cost_per_pull=4_20, budget=400_00)
    reports = pl.DataFrame({"key": [0, 1], "reported": [date(2025, 12, 10), date(2025, 11, 1)]})
    made = planning.plan(book([12] * 3, policy=priced, reports=reports), MONTH, AS_OF)
    assert (made.reports, made.cost, made.waited.height) == (2, 8_40, 0)


def test_over_budget_the_smallest_exposure_waits_and_is_carried_over_when_its_cycle_ends():
    priced = replace(POLICY, quota=3, cost_per_pull=4_20, budget=10_00)
    made = planning.plan(book([12] * 3, [date(2025, 1, 5)] * 3, priced), MONTH, AS_OF)
    assert made.chosen["account"].to_list() == ["C002", "C001"]
    assert made.waited["account"].to_list() == ["C000"]
    assert (made.cost, list(made.carried)) == (8_40, [0])
    unset = planning.plan(book([12] * 3, policy=replace(priced, budget=None)), MONTH, AS_OF)
    assert (unset.waited.height, unset.cost) == (0, 12_60)


def test_the_six_counts_add_up_to_the_book():
    mixed = accounts([12] * 6).with_columns(klass=pl.Series(rotation.CLASSES))
    made = planning.plan(planning.Book(mixed, standings([]), NEVER, POLICY, Calibration()), MONTH, AS_OF)
    assert made.counts == dict.fromkeys(rotation.CLASSES, 1)
    assert made.needed == pytest.approx(1 / 12 + 1 / 6)


def test_a_quota_that_is_too_small_names_who_outlives_and_when():
    made = planning.plan(book([12] * 30, policy=replace(POLICY, quota=2)), MONTH, AS_OF)
    assert set(made.outlive["on"]) == set()
    later = planning.months(book([12] * 30, policy=replace(POLICY, quota=2)), MONTH, AS_OF, 2)[1]
    assert later.outlive["account"].to_list() == [f"C00{n}" for n in range(6)], (
        "24 seen by December; 8 fall due in January, 2 are seen"
    )
    assert set(later.outlive["on"]) == {date(2027, 1, 20)}


days = st.one_of(st.none(), st.dates(date(2025, 2, 1), date(2026, 1, 10)))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([3, 6, 12]), days), min_size=1, max_size=25), st.integers(1, 6))
def test_the_outlook_names_exactly_those_who_then_outlive_their_cycle(rows, quota):
    """Played month by month from outside, with the reviews on the 20th, against what the first plan foretold."""
    cycles, last = [cycle for cycle, _ in rows], [day for _, day in rows]
    tight = replace(POLICY, quota=quota)
    first = planning.plan(book(cycles, last, tight), MONTH, AS_OF)
    happened, carried = {}, ()
    for ahead in range(planning.AHEAD):
        month = MONTH + ahead
        rotating = rotation.turns(accounts(cycles), standings(last, carried=carried), AS_OF, tight, Calibration())
        seen = set(rotation.choose(rotating, month, quota, tight)["key"])
        late = rotating.filter((pl.col("due") <= month.last) & ~pl.col("key").is_in(list(seen)))
        carried = late["key"].to_list()
        for key, due in late.select("key", "due").iter_rows():
            happened.setdefault(key, Month.of(due))
        last = [month.first.replace(day=20) if key in seen else day for key, day in enumerate(last)]
    assert {key: Month.of(on) for key, on in first.outlive.select("key", "on").iter_rows()} == happened
