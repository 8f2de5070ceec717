"""Every account is exactly one of six classes, by rules a credit manager can check by hand."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.ledger import columns as shapes
from healthcheck.ledger.columns import Columns
from healthcheck.reviews import rotation
from healthcheck.reviews.rotation import Calibration, Policy
from healthcheck.settings import Settings

AS_OF = date(2026, 3, 31)
POLICY = Policy()
BIG = 30_000_00


def frame(shape, rows):
    names = {name: [row.get(name) for row in rows] for name in shape}
    return pl.DataFrame(names, schema=shape, strict=False)


def item(key, issued, amount=BIG, days_late=0, terms=30, paid=True, **more):
    """One invoice: paid ``days_late`` after its due date, or still open where that lies ahead or ``paid`` is False."""
    due = issued + timedelta(terms)
    settled = due + timedelta(days_late) if paid and due + timedelta(days_late) <= AS_OF else None
    late = ((settled or AS_OF) - due).days
    left = 0 if settled else amount
    row = {
        "key": key,
        "number": f"{key}-{issued}",
        "kind": "invoice",
        "issued": issued,
        "due": due,
        "terms": terms,
        "amount": amount,
        "currency": "EUR",
        "value": float(amount),
        "open": left,
        "open_value": float(left),
        "settled": settled,
        "days_late": late,
        "disputed": False,
        "covered": False,
        "estimated": False,
        "part_payments": 0,
    }
    return row | more


def account(key, items=(), **more):
    mine = [row for row in items if row["key"] == key]
    row = {
        "key": key,
        "entity": "",
        "account": f"C{key:03d}",
        "name": f"Customer {key}",
        "group": f"/C{key:03d}",
        "currency": "EUR",
        "first_invoice": min((row["issued"] for row in mine), default=None),
        "exposure": sum(row["open"] for row in mine),
    }
    return row | more


def columns(accounts, items):
    rest = {name: frame(getattr(shapes, name.upper()), []) for name in ("payments", "plans", "reports", "observations")}
    return Columns(AS_OF, "EUR", frame(shapes.ACCOUNTS, accounts), frame(shapes.ITEMS, items), **rest)


def steady(key=1, **more):
    """Two years of large monthly invoices, paid on the day."""
    return [item(key, date(2024 + month // 12, month % 12 + 1, 5), **more) for month in range(3, 27)]


def classified(items, calibration=None, policy=POLICY, **more):
    book = columns([account(1, items, **more)], items)
    return rotation.classify(book, AS_OF, policy, calibration or Calibration()).row(0, named=True)


def klass(items, **more):
    return classified(items, **more)["klass"]


def test_a_large_customer_who_pays_on_the_day_is_eligible():
    row = classified(steady())
    assert row["klass"] == "eligible"
    assert row["why"] == "large, and pays well: on time on average, weighted by amount"
    assert row["lateness_days"] == 0
    assert row["group_sales"] == 12 * BIG


def test_without_invoices_for_a_year_and_nothing_open_it_is_inactive():
    assert klass([item(1, date(2025, 3, 31))]) == "inactive"
    assert klass([item(1, date(2025, 4, 1))]) == "new"
    assert klass([]) == "inactive"


def test_a_buyer_who_stopped_stays_in_while_anything_is_open():
    stopped = [*steady(), item(1, date(2026, 3, 1))]
    assert klass([row for row in stopped if row["issued"] < date(2025, 1, 1)]) == "inactive"
    old_and_disputed = item(1, date(2024, 1, 5), paid=False, disputed=True)
    assert klass([old_and_disputed]) == "eligible"


@pytest.mark.parametrize("relationship", ["intercompany", "Excluded ", "cash", "prepaid"])
def test_relationships_that_are_not_credit_are_excluded_and_it_says_so(relationship):
    row = classified(steady(), relationship=relationship)
    assert (row["klass"], row["why"]) == ("excluded", f"relationship: {relationship.strip().lower()}")


@pytest.mark.parametrize(("days", "expected"), [(45, "eligible"), (46, "late")])
def test_late_begins_the_day_after_45_days_past_due(days, expected):
    owed = item(1, AS_OF - timedelta(30 + days), amount=2000_00, paid=False)
    assert klass([*steady(), owed]) == expected


@pytest.mark.parametrize(("amount", "exposure", "expected"), [
    (500_00, 500_00, "eligible"), (501_00, 501_00, "late"), (1000_00, 50_000_00, "eligible"), (1001_00, 50_000_00, "late"),
])  # fmt: skip
def test_late_is_above_500_and_above_two_percent_of_exposure(amount, exposure, expected):
    owed = item(1, date(2025, 12, 1), amount=amount, paid=False)
    assert klass([*steady(), owed], exposure=exposure) == expected


def test_small_late_items_add_up():
    owed = [item(1, date(2025, 12, day), amount=350_00, paid=False) for day in (1, 2)]
    row = classified([*steady(), *owed])
    assert row["klass"] == "late"
    assert row["why"] == "EUR 700 more than 45 days past due, the oldest 90 days"


def test_what_is_disputed_or_a_credit_is_not_late():
    assert klass([*steady(), item(1, date(2025, 12, 1), paid=False, disputed=True)]) == "eligible"
    assert klass([*steady(), item(1, date(2025, 12, 1), amount=-BIG, paid=False, kind="credit")]) == "eligible"


@pytest.mark.parametrize("relationship", ["demand", "placement", "evasive", "insolvent"])
def test_what_the_playbook_has_is_late(relationship):
    assert klass(steady(), relationship=relationship) == "late"


def test_small_is_neither_in_the_sales_share_nor_ever_25_000_open():
    small = steady(amount=24_999_00)
    assert klass(small) == "small"
    assert klass(steady(amount=25_000_00)) == "eligible"
    assert klass(small, calibration=Calibration(sales_cutoff=12 * 24_999_00.0)) == "eligible"
    assert klass(small, calibration=Calibration(sales_cutoff=12 * 24_999_00.0 + 1)) == "small"


def test_peak_exposure_is_the_highest_month_end_of_the_last_twelve():
    two_open = [
        *steady(amount=100_00),
        item(1, date(2025, 7, 10), amount=700_00),
        item(1, date(2025, 7, 20), amount=50_00),
    ]
    assert classified(two_open)["peak_exposure"] == 850_00
    settled_within_the_month = [*steady(amount=100_00), item(1, date(2025, 7, 1), amount=900_00, terms=10)]
    assert classified(settled_within_the_month)["peak_exposure"] == 100_00
    too_long_ago = [*steady(amount=100_00), item(1, date(2025, 3, 1), amount=900_00)]
    assert classified(too_long_ago)["peak_exposure"] == 100_00


def test_a_small_account_says_what_could_not_be_converted():
    items = steady(value=None, open_value=None, currency="USD")
    row = classified(items, unconverted="USD 30000.00")
    assert row["klass"] == "small"
    assert row["why"] == "not large by what can be converted; no exchange rate for USD 30000.00"


def test_new_is_less_than_a_year_since_the_first_invoice_or_since_the_account_was_opened():
    young = [row for row in steady() if row["issued"] > date(2025, 4, 1)]
    assert klass(young) == "new"
    assert klass(young, opened=date(2020, 1, 1)) == "eligible"
    assert klass([item(1, date(2025, 3, 31)), *young]) == "eligible"


def test_pays_well_looks_at_the_year_that_ended_90_days_ago_and_not_at_the_recent_quarter():
    recent = [item(1, row["issued"], days_late=40) if row["due"] > date(2025, 12, 31) else row for row in steady()]
    assert klass(recent) == "eligible"
    before = [item(1, row["issued"], days_late=11) if row["due"] <= date(2025, 12, 31) else row for row in steady()]
    row = classified(before)
    assert row["klass"] == "excluded"
    assert row["why"] == "does not pay well: 11 days late on average, 0% of the amount over 30 days late"


def test_ten_days_late_on_average_is_still_well_and_a_tenth_over_thirty_days_too():
    assert klass(steady(days_late=10)) == "eligible"
    ten = [item(1, date(2025, 2 + n, 1), days_late=31 if n == 0 else 0) for n in range(10)]
    assert classified([*steady(amount=1), *ten])["over_30_share"] == pytest.approx(0.1, abs=1e-4)
    assert klass(ten) == "eligible"
    assert klass([*ten[:9]]) == "excluded"


def test_lateness_is_weighted_by_amount_and_paying_early_excuses_nothing():
    mixed = [
        item(1, date(2025, 5, 1), amount=3 * BIG, days_late=-20),
        item(1, date(2025, 6, 1), amount=BIG, days_late=28),
    ]
    assert classified(mixed)["lateness_days"] == 7


def test_open_invoices_count_at_their_age_and_disputed_ones_not_at_all():
    kept = [row for row in steady() if row["due"] != date(2025, 12, 5)]
    unpaid = item(1, date(2025, 11, 5), amount=400_00, paid=False)
    assert classified([*kept, unpaid])["over_30_share"] > 0
    assert classified([*kept, unpaid | {"disputed": True}])["over_30_share"] == 0


def test_with_nothing_due_in_that_year_it_counts_as_paying_well():
    row = classified([item(1, date(2026, 1, 5))], opened=date(2019, 1, 1))
    assert (row["klass"], row["lateness_days"]) == ("eligible", None)
    assert row["why"] == "large; nothing fell due in the year that shows how it pays"


def test_the_order_of_the_rules_is_inactive_excluded_late_small_new_bad_payer():
    late = item(1, date(2025, 12, 1), amount=600_00, paid=False)
    assert klass([item(1, date(2024, 1, 1))], relationship="cash") == "inactive"
    assert klass([late], relationship="cash") == "excluded"
    assert klass([late]) == "late"
    assert klass([item(1, date(2026, 3, 1), amount=100)]) == "small"
    assert klass([item(1, date(2025, 6, 1), days_late=60)]) == "new"


def test_a_subsidiary_is_large_with_its_group():
    items = [*steady(1, amount=1_00), *steady(2, amount=20_000_00)]
    book = columns([account(1, items, group="g"), account(2, items, group="g")], items)
    found = rotation.classify(book, AS_OF, POLICY, Calibration(sales_cutoff=240_000_00.0))
    assert found["klass"].to_list() == ["eligible", "eligible"]
    assert found["group_sales"].to_list() == [12 * 20_001_00] * 2


def test_the_largest_groups_that_reach_four_fifths_of_sales_set_the_cutoff():
    sizes = {1: 500, 2: 200, 3: 100, 4: 100, 5: 100}
    items = [item(key, date(2026, 1, 5), amount=size) for key, size in sizes.items()]
    book = columns([account(key, items) for key in sizes], items)
    assert rotation.calibrate(book, AS_OF, POLICY).sales_cutoff == 100
    assert rotation.calibrate(book, AS_OF, replace(POLICY, large_sales_share=0.7)).sales_cutoff == 200
    assert rotation.calibrate(columns([], []), AS_OF, POLICY) == Calibration(None, 0.0)


def test_the_twentieth_largest_exposure_sets_the_other_cutoff():
    accounts = [account(key) | {"exposure": key * 100} for key in range(1, 31)]
    assert rotation.calibrate(columns(accounts, []), AS_OF, POLICY).exposure_cutoff == 1100
    assert rotation.calibrate(columns(accounts[:19], []), AS_OF, POLICY).exposure_cutoff == 0
    assert rotation.calibrate(columns(accounts, []), AS_OF, replace(POLICY, largest_count=0)).exposure_cutoff is None


items_of_books = st.lists(
    st.builds(
        item,
        key=st.integers(1, 6),
        issued=st.dates(date(2024, 1, 1), date(2026, 3, 30)),
        amount=st.integers(1_00, 4_000_000),
        days_late=st.integers(-20, 80),
        paid=st.booleans(),
        disputed=st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(
    items_of_books, st.randoms(use_true_random=False), st.lists(st.sampled_from([None, "cash"]), min_size=6, max_size=6)
)
def test_each_account_has_one_class_whoever_else_is_there_and_in_whatever_order(items, chance, relationships):
    accounts = [account(key, items, relationship=relationships[key - 1], group=f"g{key % 4}") for key in range(1, 7)]
    book = columns(accounts, items)
    learned = rotation.calibrate(book, AS_OF, POLICY)
    whole = rotation.classify(book, AS_OF, POLICY, learned)
    assert whole["key"].to_list() == list(range(1, 7))
    assert set(whole["klass"]) <= set(rotation.CLASSES)
    mixed = chance.sample(items, len(items))
    assert rotation.classify(columns(accounts, mixed), AS_OF, POLICY, learned).equals(whole)
    family = [row for row in accounts if row["group"] == "g1"]
    alone = rotation.classify(columns(family, [row for row in items if row["key"] in (1, 5)]), AS_OF, POLICY, learned)
    assert alone.equals(whole.filter(pl.col("key").is_in([1, 5])))


def test_settings_become_a_policy_in_minor_units():
    words = {"bureaus": "file", "file_cost_per_pull": "4", "bureau_budget": "400"}
    made = rotation.policy_from(
        Settings(_env_file=None, currency="JPY", large_exposure="30000", monthly_quota=7, **words)
    )
    assert (made.large_exposure, made.budget, made.cost_per_pull, made.quota) == (30000, 400, 4, 7)
    assert rotation.policy_from(Settings(_env_file=None)) == POLICY


def test_quota_and_budget_do_not_set_calibrations_apart():
    assert repr(Policy(quota=5, budget=1)) == repr(POLICY)
    assert repr(Policy(late_days=30)) != repr(POLICY)
