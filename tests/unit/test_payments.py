from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthcheck.checks import outcomes, payments
from healthcheck.ledger.columns import ACCOUNTS, ITEMS, OBSERVATIONS, PAYMENTS, PLANS, REPORTS, Columns

AS_OF = date(2026, 3, 31)
QUIET = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ALL = payments.SIGNALS


def book(invoices, accounts=None, **more):
    """Columns from (account, days ago due, days late or None, amount[, changes]) rows; late None: open. Later facts are cut off."""
    items, wanted = [], set(accounts or ())
    for place, (account, ago, late, amount, *rest) in enumerate(invoices):
        items.append(_item(place, account, ago, late, amount, rest[0] if rest else {}))
        wanted.add(account)
    frame = pl.DataFrame(items, schema=ITEMS).sort("key", "due", "issued", "number")
    return Columns(AS_OF, "EUR", _accounts(sorted(wanted), **more), frame, *_empty())


def _item(place, account, ago, late, amount, changes):
    due = AS_OF - timedelta(ago)
    settled = None if late is None or late > ago else due + timedelta(late)
    terms = changes.get("terms", 30)
    row = dict.fromkeys(ITEMS) | {
        "key": account, "number": f"R{place}", "kind": "invoice", "issued": due - timedelta(terms), "due": due, "terms": terms,
        "amount": amount, "currency": "EUR", "value": float(amount), "open": 0 if settled else amount,
        "open_value": 0.0 if settled else float(amount), "settled": settled, "days_late": late if settled else ago,
        "disputed": False, "covered": False, "estimated": False, "part_payments": 1 if settled else 0,
    }  # fmt: skip
    return row | changes


def _accounts(keys, **more):
    rows = [
        dict.fromkeys(ACCOUNTS)
        | {"key": k, "entity": "", "account": f"C{k}", "currency": "EUR", "unallocated": 0}
        | more
        for k in keys
    ]
    return pl.DataFrame(rows, schema=ACCOUNTS)


def _empty():
    return [pl.DataFrame(schema=s) for s in (PAYMENTS, PLANS, REPORTS, OBSERVATIONS)]


def assess(columns, calibration=None):
    return payments.assess(columns, AS_OF, payments.Policy(), calibration or payments.Calibration())


def only(columns, calibration=None):
    return assess(columns, calibration).row(0, named=True)


def punctual(account=1, late=0, every=9, days=720, amount=100_000, since=1):
    return [(account, ago, late, amount) for ago in range(since, days, every)]


def history(account=1, late=0, amount=100_000):
    """Two years, without the last quarter."""
    return punctual(account, late, since=95, amount=amount)


def test_who_pays_on_the_day_is_clear_and_the_sentence_says_so_with_numbers():
    said = only(book(punctual()))
    assert said["outcome"] == "clear"
    assert said["summary"] == (
        "Pays on the day as ever: 41 of 41 invoices in the last year at most 3 days late; nothing past due."
    )
    assert all(said["signals"][name]["outcome"] == "clear" for name in ALL)


def test_who_always_paid_early_reads_well():
    said = only(book(punctual(late=-8)))
    assert said["outcome"] == "clear"
    assert said["summary"].startswith("Pays as ever, usually 8 days early: 41 of 41 invoices")


def test_who_stops_paying_is_found_though_the_average_of_his_paid_invoices_is_perfect():
    stopped = [(1, ago, None, 100_000) for ago in range(2, 70, 8)] + [(1, 75, 0, 100_000), (1, 85, 0, 100_000)]
    said = only(book([*history(), *stopped]))
    drift, evidence = said["signals"]["drift"], said["evidence"]
    assert drift["outcome"] in outcomes.ALERTS
    assert evidence["dbt_paid_only"] == 0
    assert evidence["dbt_weighted"] > 20
    assert evidence["shift_at_least"]
    assert said["outcome"] == "urgent"


def test_who_drifts_by_fifteen_days_is_flagged_with_the_counts_and_the_days():
    moved = [(1, ago, 15, 100_000) for ago in range(17, 90, 8)]
    said = only(book([*history(), *moved]))
    assert said["signals"]["drift"]["outcome"] in outcomes.ALERTS
    assert said["evidence"]["shift_days"] in range(12, 18)
    assert "10 invoices" in said["summary"]
    assert "all of them ran past 10 days late, against 0 of 40 in the year before" in said["summary"]
    assert set(said["evidence"]["rows"]) <= {f"R{n}" for n in range(len([*history(), *moved]))}


def test_one_undisputed_very_late_invoice_among_punctual_ones_is_out_of_character():
    said = only(book([*punctual(), (1, 60, None, 930_000, {"number": "LATE"})]))
    assert said["signals"]["out_of_character"]["outcome"] in outcomes.ALERTS
    assert said["outcome"] in outcomes.ALERTS
    assert "LATE" in said["evidence"]["rows"]


def test_a_single_disputed_invoice_at_fifty_days_is_not_late():
    said = only(book([*punctual(), (1, 50, None, 930_000, {"disputed": True})]))
    assert said["outcome"] == "clear"
    assert said["evidence"]["past_due_items"] == 0


def test_credit_notes_and_items_without_amount_are_no_invoices():
    credit = (1, 200, None, -50_000, {"kind": "credit"})
    assert only(book([*punctual(), credit, (1, 60, None, 0)])) == only(book(punctual()))


def test_terms_that_were_shortened_are_not_a_drift_when_he_pays_as_before():
    before = [(1, ago, 0, 100_000, {"terms": 60}) for ago in range(95, 480, 9)]
    now = [(1, ago, 30, 100_000, {"terms": 30}) for ago in range(31, 90, 6)]
    said = only(book([*before, *now]))
    assert said["signals"]["drift"]["outcome"] == "clear"
    assert said["evidence"]["terms_changed"]


def test_too_few_recent_invoices_leave_drift_unknown_with_the_reason():
    few = only(book([(1, ago, 0, 100_000) for ago in range(200, 500, 9)] + [(1, 10, 0, 100_000)]))
    assert few["signals"]["drift"]["outcome"] == "unknown"
    assert few["evidence"]["drift_reason"] == "only 1 of the 5 invoices needed fell due in the last 180 days"


def test_an_account_without_invoices_is_unknown_and_says_why():
    said = only(book([], accounts=[1]))
    assert said["outcome"] == "unknown"
    assert said["score"] is None
    assert said["p"] is None
    assert said["evidence"]["reason"] == "no invoice fell due in the last year"
    assert said["summary"] == "Payments could not be judged: no invoice fell due in the last year."


def test_money_not_allocated_leaves_drift_unknown():
    said = only(book(punctual(), unallocated=500_000))
    assert said["signals"]["drift"]["outcome"] == "unknown"
    assert said["outcome"] == "clear"


def test_who_was_late_all_the_year_before_cannot_drift():
    said = only(book(punctual(late=45)))
    assert said["signals"]["drift"]["outcome"] == "not_applicable"
    assert said["evidence"]["drift_reason"].startswith("already late")


def test_who_stopped_five_months_ago_was_not_late_before_and_is_judged():
    paid, unpaid = punctual(every=3, since=150), [(1, ago, None, 100_000) for ago in range(1, 150, 3)]
    said = only(book([*paid, *unpaid]))
    assert said["signals"]["drift"]["outcome"] in outcomes.ALERTS
    assert said["evidence"]["drift_reason"] is None


def test_a_customer_of_half_a_year_who_was_late_from_the_start_cannot_drift():
    said = only(book([(1, ago, 45, 100_000) for ago in range(46, 178, 5)]))
    assert said["signals"]["drift"]["outcome"] == "not_applicable"


def test_a_seldom_buyer_who_has_paid_nothing_for_two_months_is_flagged_though_most_of_his_half_year_is_paid():
    paid, unpaid = punctual(every=22, since=80), [(1, ago, None, 100_000) for ago in (14, 36, 58)]
    said = only(book([*paid, *unpaid]))
    assert said["signals"]["drift"]["outcome"] in outcomes.ALERTS
    two = only(book([*paid, (1, 14, 0, 100_000), *unpaid[1:]]))
    assert two["signals"]["drift"]["outcome"] == "clear"


def test_an_empty_book_gives_an_empty_frame():
    frame = assess(book([]))
    assert frame.height == 0
    assert set(outcomes.FRAME) <= set(frame.columns)


def test_a_thin_book_gets_the_stated_defaults_and_a_calibration_survives_json():
    made = payments.calibrate(book(punctual()), AS_OF, payments.Policy())
    assert made.margin_days == 5
    assert made.common_shift_days == 0
    assert payments.Calibration(**asdict(made)) == made


def test_a_slip_of_everybody_is_the_books_and_not_the_customers():
    slow = [
        row
        for k in range(220)
        for row in [*history(k, k % 7), *[(k, ago, k % 7 + 6, 9_900) for ago in range(20, 90, 6)]]
    ]
    columns = book(slow)
    made = payments.calibrate(columns, AS_OF, payments.Policy())
    assert made.common_shift_days in (5, 6, 7)
    drift = assess(columns, made)["signals"].struct.field("drift").struct.field("outcome")
    assert not set(drift) & set(outcomes.ALERTS)


invoices = st.tuples(
    st.integers(1, 3), st.integers(0, 700), st.none() | st.integers(-20, 120), st.integers(1, 10**7), st.just({})
)
books = st.lists(invoices, min_size=0, max_size=120)


@st.composite
def full_books(draw):
    """Books in which the first account can always be judged."""
    habit, spread = draw(st.integers(-10, 12)), draw(st.lists(st.integers(0, 15), min_size=20, max_size=20))
    base = [
        (1, ago, habit + spread[ago % 20], 10_000 + 37 * ago, {}) for ago in range(1, 600, draw(st.integers(5, 16)))
    ]
    return [*base, *draw(st.lists(invoices, max_size=25))]


@QUIET
@given(books | full_books(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, random):
    columns = book(rows)
    mixed = columns.items.sample(fraction=1, shuffle=True, seed=random.randrange(10**6))
    assert assess(columns).equals(assess(replace(columns, items=mixed)))


@QUIET
@given(books | full_books())
def test_one_account_alone_gets_what_it_gets_among_all(rows):
    columns = book(rows, accounts=[1, 2, 3])
    every = assess(columns)
    alone = [assess(columns.only(pl.Series([k]))) for k in columns.accounts["key"]]
    assert every.equals(pl.concat(alone))


@QUIET
@given(books | full_books(), st.sampled_from([10, 100, 1000]))
def test_the_unit_of_money_does_not_matter(rows, factor):
    columns = book(rows)
    money = [pl.col(c) * factor for c in ("amount", "value", "open", "open_value")]
    larger = replace(columns, items=columns.items.with_columns(money))
    wanted = ["key", "outcome", "score", "p", "signals"]
    assert assess(columns).select(wanted).equals(assess(larger).select(wanted))


@QUIET
@given(full_books(), st.integers(0, 10**6), st.integers(1, 60) | st.none())
def test_paying_a_recent_invoice_later_never_lowers_out_of_character_or_level(rows, which, days):
    recent = [place for place, row in enumerate(rows) if row[1] < 90 and row[2] is not None and row[0] == 1]
    if not recent:
        return
    at = recent[which % len(recent)]
    account, ago, late, amount, changes = rows[at]
    later = [*rows]
    later[at] = (account, ago, None if days is None else late + days, amount, changes)
    before, after = (assess(book(r)).row(0, named=True)["signals"] for r in (rows, later))
    for name in ("out_of_character", "level"):
        if before[name]["score"] is not None and after[name]["score"] is not None:
            assert after[name]["score"] >= before[name]["score"]


@QUIET
@given(books | full_books())
def test_what_is_unknown_has_a_reason_and_no_score_and_what_is_judged_has_one(rows):
    for line in assess(book(rows, accounts=[1, 2, 3])).iter_rows(named=True):
        assert (line["score"] is None) == (line["outcome"] in ("unknown", "not_applicable"))
        assert line["summary"]
        assert len(line["evidence"]["rows"]) <= 20
        reasons = {"drift": "drift_reason", "out_of_character": "character_reason", "level": "level_reason"}
        for name, reason in reasons.items():
            signal = line["signals"][name]
            judged = signal["outcome"] in outcomes.JUDGED
            assert (line["evidence"][reason] is None) == judged == (signal["score"] is not None)


@QUIET
@given(books | full_books())
def test_the_outcome_is_the_worst_signal_and_each_signals_score_agrees_with_its_outcome(rows):
    ends = {"clear": (0.0, 0.4), "watch": (0.4, 0.6), "flag": (0.6, 0.8), "urgent": (0.8, 1.0)}
    for line in assess(book(rows)).iter_rows(named=True):
        assert line["outcome"] == outcomes.worst(line["signals"][name]["outcome"] for name in ALL)
        for signal in line["signals"].values():
            if signal["score"] is not None:
                low, high = ends[signal["outcome"]]
                assert low <= signal["score"] <= high
        if line["score"] is not None:
            assert line["score"] >= (line["signals"]["level"]["score"] or 0)


def test_one_late_invoice_of_nine_is_not_a_drift():
    said = only(book([*history(), *[(1, ago, 0, 100_000) for ago in range(5, 85, 10)], (1, 88, 80, 100_000)]))
    assert said["signals"]["drift"]["outcome"] == "clear"


@pytest.mark.parametrize("seed", [1, 2])
def test_the_test_statistic_equals_a_plain_loop(seed):
    from healthcheck.checks.payments.tarone import Sample, statistic

    rng = np.random.default_rng(seed)
    late, paid, recent = rng.integers(-5, 40, 60), rng.random(60) < 0.8, rng.random(60) < 0.3
    z = statistic(Sample(2, np.ones(60, dtype=np.int64), late, paid, recent), 5)
    assert np.isnan(z[0])
    assert z[1] == pytest.approx(_by_hand(late - 5 * recent, paid, recent), abs=1e-12)


def _samples():
    from healthcheck.checks.payments.tarone import Sample

    rng = np.random.default_rng(3)
    account = np.sort(rng.integers(0, 25, 900))
    late, paid, recent = rng.integers(-6, 30, 900), rng.random(900) < 0.85, rng.random(900) < 0.3
    return Sample(25, account, late + recent * (account % 9) * 5, paid, recent)


def test_the_shift_is_the_largest_margin_that_the_test_still_bears():
    from healthcheck.checks.payments.tarone import shift, statistic

    every = np.array([statistic(_samples(), days) >= 0 for days in range(1, 240)])
    assert np.all(every[:-1] >= every[1:])
    assert shift(_samples()).tolist() == every.sum(axis=0).tolist()
    assert shift(_samples()).max() > 15


def test_a_change_is_the_mean_of_the_last_days_less_that_of_the_days_before():
    from healthcheck.checks.payments import change
    from healthcheck.checks.payments.policy import CLIP, SPANS
    from healthcheck.checks.payments.rows import rows

    rng = np.random.default_rng(4)
    invoices = [(k, ago, int(rng.integers(-9, 44)), 1_000) for k in (1, 2, 3) for ago in range(45, 600, 9)]
    found = rows(book(invoices), AS_OF, 730)
    usual = change.usual_of(found, found.late, 3)
    seen = change.contrast(found, found.late, usual, 3, payments.Calibration())
    for k in range(3):
        mine, age = found.account == k, found.age[found.account == k]
        days = np.clip(found.late[mine] - np.median(found.late[mine & usual.keep]), -CLIP, CLIP)
        own = days[usual.keep[mine]]
        noise = (20 * 40.0 + own.var() * len(own)) / (20 + len(own) - 1)
        for at, span in enumerate(SPANS):
            now, before = days[age < span], days[age >= span]
            assert seen.days[at, k] == pytest.approx(now.mean() - before.mean())
            assert seen.variance[at, k] == pytest.approx(noise * (1 / len(now) + 1 / len(before)))


def test_rows_find_their_account_whatever_the_order_and_strangers_are_left_out():
    from healthcheck.checks.payments.rows import rows

    columns = book([*punctual(7, since=10), *punctual(3, 5, since=10), *punctual(5, 9, since=10)])
    mixed = replace(columns, items=columns.items.sample(fraction=1, shuffle=True, seed=1))
    strange = replace(mixed, accounts=mixed.accounts.filter(pl.col("key") != 5).reverse())
    found = rows(strange, AS_OF, 730)
    assert {(int(a), int(d)) for a, d in zip(found.account, found.late, strict=True)} == {(0, 0), (1, 5)}
    assert len(found.account) == 2 * len(punctual(since=10))


def _by_hand(late, paid, recent):
    num = var = 0.0
    for day in sorted(set(late[paid])):
        n, n1 = (late >= day).sum(), ((late >= day) & recent).sum()
        d, d1 = ((late == day) & paid).sum(), ((late == day) & paid & recent).sum()
        num += n**0.5 * (d * n1 / n - d1)
        var += n * d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1) if n > 1 else 0
    return num / var**0.5
