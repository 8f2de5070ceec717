"""The arithmetic of a backtest: rankings, intervals, lead time. No database."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.backtest import measure, score
from healthcheck.backtest.lead import days_ahead, first_days, lead
from healthcheck.backtest.replay import Asked
from healthcheck.errors import UsageError


def measured(scores, events, budgets=(0.1, 0.2, 0.5), accounts=None, replicates=200):
    who = np.arange(len(events)) if accounts is None else np.array(accounts)
    of = score.Sample(who, np.array(events, dtype=bool), replicates)
    return score.measure(np.array(scores, dtype=float), of, budgets)


def test_precision_lift_and_recall_come_out_as_by_hand():
    got = measured([9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    at = score.at_budgets(got, (0.1, 0.2, 0.5))
    assert [one.alerts for one in at] == [1, 2, 5]
    assert [one.right for one in at] == [1, 1, 2]
    assert [one.precision.value for one in at] == pytest.approx([1, 0.5, 0.4])
    assert [one.lift.value for one in at] == pytest.approx([5, 2.5, 2])
    assert [one.recall.value for one in at] == pytest.approx([0.5, 0.5, 1])
    assert got.auc[0] == pytest.approx(15 / 16)  # one of 16 pairs is the wrong way round


def test_a_tie_at_the_edge_counts_by_expectation():
    got = measured([5, 1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    assert got.right[0].tolist() == pytest.approx([1, 1 + 2 / 4, 3])  # one place left for four of whom two are right


def test_all_the_same_score_is_chance_and_no_score_comes_last():
    same = measured([1] * 10, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    assert same.lift(np.array([0.1, 0.2, 0.5]))[0].tolist() == pytest.approx([1, 1, 1])
    assert same.auc[0] == pytest.approx(0.5)
    last = measured([np.nan, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1] + [0] * 9)
    assert last.right[0].tolist() == [0, 0, 0]
    assert last.auc[0] == 0


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=60).filter(
        lambda r: any(e for _, e in r)
    )
)
@settings(max_examples=60, deadline=None)
def test_no_ranking_beats_the_one_that_knows_and_its_reverse_has_the_rest_of_the_auc(rows):
    scores, events = [s for s, _ in rows], [e for _, e in rows]
    shares = np.array([0.01, 0.1, 0.5, 1.0])
    best, some = measured(events, events, shares, None, 2), measured(scores, events, shares, None, 2)
    assert (some.right[0] <= best.right[0] + 1e-9).all()
    ceiling = np.minimum(len(rows) / sum(events), 1 / shares)
    assert best.lift(shares)[0] == pytest.approx(ceiling)
    if not all(events):
        assert best.auc[0] == pytest.approx(1)
        assert measured([-s for s in scores], events, shares, None, 2).auc[0] == pytest.approx(1 - some.auc[0])


def test_an_interval_by_customer_is_wider_where_few_customers_hold_all_events():
    random = np.random.default_rng(3)
    scores = random.normal(size=1000)
    events = random.random(1000) < 1 / (1 + np.exp(3 - scores))
    apart = score.interval(measured(scores, events, (0.05,)).lift(np.array([0.05]))[:, 0])
    together = score.interval(measured(scores, events, (0.05,), np.arange(1000) // 100).lift(np.array([0.05]))[:, 0])
    assert apart.value == together.value
    assert apart.low < apart.value < apart.high
    one_sided = np.sort(scores)  # now neighbours are alike: whole customers are good or bad
    bad = one_sided > 1.4
    few = score.interval(measured(one_sided, bad, (0.05,), np.arange(1000) // 100).recall()[:, 0])
    many = score.interval(measured(one_sided, bad, (0.05,)).recall()[:, 0])
    assert few.high - few.low > many.high - many.low


def test_intervals_are_the_same_every_time():
    first, second = (measured([3, 2, 1, 0] * 20, [1, 0, 0, 0] * 20, accounts=[n // 8 for n in range(80)]) for _ in "ab")
    assert (first.right == second.right).all()
    assert (first.rows[1:] == 80).all()  # every customer has eight rows, so every resample has eighty


def book(n=300, months=2):
    """Account-months with a score that knows something."""
    random = np.random.default_rng(7)
    rows = n * months
    value = random.random(rows)
    event = random.random(rows) < value**4 / 2
    ends = [date(2025, 1 + m, 28) for m in range(months)]
    frame = pl.DataFrame(
        {
            "key": np.repeat(np.arange(n), months),
            "entity": [""] * rows,
            "account": [f"C{k:04d}" for k in np.repeat(np.arange(n), months)],
            "as_of": ends * n,
            "judged": True,
            "payments_asked": True,
            "payments_on": [date(2025, 4, 10) if hit else None for hit in event],
            **dict.fromkeys(("payments", "payments.drift", "payments.out_of_character", "payments.level"), value),
            "paid_rise": random.random(rows),
            "oldest_open": np.round(value * 40),
            "worst_recent": random.random(rows) * 40,
            "share_late": [None] * rows,
        },
        schema_overrides={"payments_on": pl.Date, "share_late": pl.Float64},
    )
    alerts = [
        (pl.col(name) > 0.9).alias(f"{name}.alert")
        for name in frame.columns
        if name.startswith("payments") and "_" not in name[:9]
    ]
    return frame.with_columns(alerts)


def test_the_order_of_rows_and_the_databases_keys_change_nothing():
    frame = book()
    shuffled = frame.sample(fraction=1, shuffle=True, seed=5).with_columns(key=5000 - pl.col("key"))
    assert measure.subject(frame, "payments", 3) == measure.subject(shuffled, "payments", 3)


def test_a_subject_measures_checks_signals_and_rules_side_by_side():
    said = measure.subject(book(), "payments", 3)
    kinds = [one.kind for one in said.rankings]
    assert kinds == ["check", "signal", "signal", "signal", "rule", "rule", "rule", "rule"]
    check, never = said.rankings[0], said.rankings[-1]
    assert check.budgets[2].lift.low > 1 < check.auc.low * 2
    assert (never.known, never.known_events) == (0, 0)
    assert never.budgets[1].lift.value == pytest.approx(1)  # nobody has it: all tie
    assert [one.rule for one in said.against] == ["oldest_open"] * 4
    flagged = book().filter(pl.col("payments") > 0.9)
    alarm, within = check.alarms
    assert within.alerts <= 0.05 * said.account_months < within.alerts + 2
    assert within.precision == pytest.approx(check.budgets[2].precision.value, abs=0.05)
    assert [one.label for one in said.rankings[4].alarms] == ["up 10 days", "highest 5%"]
    assert [one.alerts for one in never.alarms] == [0, 0]
    assert (alarm.alerts, alarm.right) == (flagged.height, flagged["payments_on"].count())
    assert alarm.lift == pytest.approx(alarm.precision / said.base_rate)


@pytest.mark.parametrize(
    ("frame", "words"), [(book(90, 2), "180 account-months"), (book().with_columns(payments_on=None), "0 events")]
)
def test_too_little_data_is_said_with_counts_and_no_ratio(frame, words):
    said = measure.subject(frame.with_columns(pl.col("payments_on").cast(pl.Date)), "payments", 3)
    assert words in said.too_little
    assert (said.rankings, said.against) == ((), ())


def test_months_that_cannot_be_judged_count_as_alerts_only():
    frame = book().with_columns(judged=pl.col("as_of") < date(2025, 2, 1))
    said = measure.subject(frame, "payments", 3)
    assert said.account_months == 300
    first, second = measure.months(frame, ["payments"])
    assert (first.judged, second.judged) == (True, False)
    assert first.alerts["payments"] == frame.filter("judged", pl.col("payments") > 0.9).height == first.any == first.new
    assert second.new <= second.any


def test_days_ahead_run_from_the_first_alert_of_an_unbroken_run():
    ends = {n: date(2025, n, d) for n, d in enumerate((31, 28, 31, 30, 31, 30, 31, 31, 30), 1)}
    event = date(2025, 9, 15)
    assert days_ahead(event, [ends[8]], 3) == 15
    assert days_ahead(event, [ends[6], ends[7], ends[8]], 3) == 77
    assert days_ahead(event, [ends[4], ends[5], ends[6]], 3) == 138  # began before the horizon, and leads into it
    assert days_ahead(event, [ends[3], ends[6]], 3) == 77  # broken: the run that leads to it counts
    assert days_ahead(event, [ends[3], ends[4]], 3) is None  # ended before the horizon
    assert days_ahead(event, [ends[9]], 3) is None  # too late
    assert days_ahead(ends[8], [ends[8]], 3) is None  # on the day is not before


def test_events_that_follow_each_other_are_one_spell():
    days = [date(2025, 3, 10), date(2025, 3, 10), date(2025, 5, 2), date(2025, 12, 1)]
    assert first_days(days, 3) == [date(2025, 3, 10), date(2025, 12, 1)]
    said = lead({"a": days, "b": [date(2025, 6, 30)]}, {"a": [date(2025, 2, 28)]}, 3)
    assert (said.events, said.alerted, said.median, said.quartiles) == (3, 1, 10, None)


def test_wrong_dates_are_refused_in_one_line():
    assert Asked(date(2025, 1, 31), date(2025, 3, 30)).ends == [date(2025, 1, 31), date(2025, 2, 28)]
    for wrong in (
        {"first": date(2025, 3, 1), "last": date(2025, 1, 1)},
        {"first": date(2025, 3, 1), "last": date(2025, 3, 30)},
        {"first": date(2025, 1, 1), "last": date(2025, 3, 30), "horizon": 0},
        {"first": date(2025, 1, 1), "last": date(2025, 3, 30), "horizon": 13},
    ):
        with pytest.raises(UsageError):
            Asked(**wrong)
