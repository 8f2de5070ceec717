from __future__ import annotations

import json
import time
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthcheck.bureaus.base import INSOLVENCY
from healthcheck.checks.credit import Policy, assess
from healthcheck.checks.outcomes import FRAME, RANK
from tests.unit.observed_books import AS_OF, book, report, shuffled

BANDS = ["A", "B", "C", "D", "E"]


def check(*reports, **book_options):
    columns = book(reports=reports, **book_options)
    return assess(columns, columns.as_of, Policy()).row(0, named=True)


def scored(band, limit=None, **more):
    body = {"score": {"band": band, "bands": BANDS, "model": "m1"}, **more}
    return body | ({"limit": {"amount": limit}} if limit is not None else {})


def test_a_collapse_of_score_and_limit_is_urgent_and_reads_well():
    found = check(report("2026-03-10", **scored("B", 240000)), report("2026-10-20", **scored("D", 60000)))
    assert found["outcome"] == "urgent"
    assert found["summary"] == (
        "The bureau's score fell from B to D since its last report in March, and its recommended limit from EUR 240,000 to "
        "EUR 60,000, below the EUR 212,000 open."
    )
    assert found["evidence"]["score_before"] == "B"
    assert found["evidence"]["limit"] == "60000"
    assert found["evidence"]["exposure"] == "212000.00"


def test_a_first_report_is_said_to_be_the_first():
    found = check(report("2026-10-20", **scored("B", 240000)))
    assert found["outcome"] == "clear"
    assert found["summary"] == "First report on file: band B, recommended limit EUR 240,000 against EUR 212,000 open."


def test_an_unchanged_report_is_clear():
    found = check(report("2025-03-10", **scored("B", 240000)), report("2026-10-20", **scored("B", 240000)))
    assert found["outcome"] == "clear"
    assert found["summary"].startswith("Nothing worse since the last report in March 2025: band B")


def test_no_report_is_unknown():
    found = check()
    assert (found["outcome"], found["score"], found["p"]) == ("unknown", None, None)
    assert found["summary"].startswith("No bureau report yet")
    assert found["evidence"]["reason"] == "no report"


@pytest.mark.parametrize(
    ("bureaus", "links", "reason"),
    [
        ([("creditsafe", "creditsafe_id")], None, "not linked"), ([("creditsafe", "creditsafe_id")], "duns cik ", "not linked"),
        ([("creditsafe", "creditsafe_id")], "creditsafe_id ", "no report"),
        ([("dnb", "duns"), ("coface", "coface_id")], "duns ", "no report"),
        ([("creditsafe", "creditsafe_id"), ("file", "")], None, "no report"), ([], None, "no report"),
    ],
)  # fmt: skip
def test_an_account_that_no_bureau_knows_by_a_number_is_not_linked(bureaus, links, reason):
    columns = book(keys=(1, 2), reports=[report("2026-10-20", key=2, **scored("B", 240000))], links=links)
    first, second = assess(columns, columns.as_of, Policy(bureaus=tuple(bureaus))).to_dicts()
    assert (first["outcome"], first["evidence"]["reason"]) == ("unknown", reason)
    assert (second["outcome"], second["evidence"]["reason"]) == ("clear", None)
    if reason == "not linked":
        assert (
            first["summary"]
            == "No bureau report: the account is not linked to creditsafe; see: healthcheck bureaus find C001"
        )


@pytest.mark.parametrize(
    ("to", "outcome"), [("A", "clear"), ("B", "clear"), ("C", "watch"), ("D", "flag"), ("E", "flag")]
)
def test_the_number_of_bands_lost_decides(to, outcome):
    assert check(report("2026-03-10", **scored("B")), report("2026-10-20", **scored(to)))["outcome"] == outcome


@pytest.mark.parametrize(("band", "outcome"), [("C", "clear"), ("D", "watch"), ("E", "flag")])
def test_a_low_band_is_low_without_a_fall(band, outcome):
    found = check(report("2026-03-10", **scored(band)), report("2026-10-20", **scored(band)))
    assert found["outcome"] == outcome


def test_a_fall_between_two_scoring_models_is_no_fall_and_said():
    before = report("2026-03-10", score={"band": "A", "bands": BANDS, "model": "m1"}, status="active")
    found = check(before, report("2026-10-20", score={"band": "C", "bands": BANDS, "model": "m2"}, status="active"))
    assert found["outcome"] == "clear"
    assert found["evidence"]["model_changed"] is True
    assert "changed its scoring model" in found["summary"]


@pytest.mark.parametrize(
    ("higher_is_better", "before", "now", "outcome"),
    [
        (True, 80, 50, "flag"),
        (True, 80, 68, "watch"),
        (True, 50, 80, "clear"),
        (False, 30, 60, "flag"),
        (False, 60, 30, "clear"),
    ],
)
def test_numbers_have_a_direction(higher_is_better, before, now, outcome):
    def numbered(value):
        return {"value": value, "scale_min": 0, "scale_max": 100, "higher_is_better": higher_is_better, "model": "m"}

    found = check(report("2026-03-10", score=numbered(before)), report("2026-10-20", score=numbered(now)))
    assert found["outcome"] == outcome


@pytest.mark.parametrize("sentinel", [998, 999, "998", {}, None, "NA", ""])
def test_a_sentinel_is_unknown_for_its_part_and_never_a_fall(sentinel):
    scale = {"scale_min": 1, "scale_max": 1000, "higher_is_better": True, "model": "m"}
    before = report(
        "2026-03-10", score={"value": 700, **scale}, limit={"amount": 300000}, payment={"dbt": 2}, status="active"
    )
    found = check(
        before,
        report(
            "2026-10-20",
            score={"value": sentinel, **scale},
            limit={"amount": sentinel},
            payment={"dbt": sentinel},
            status="active",
        ),
    )
    assert found["outcome"] == "clear"
    assert {found["evidence"]["parts"][name] for name in ("score", "limit", "payment")} == {"unknown"}
    assert "score and limit not in the report" in found["summary"]


def test_a_failed_section_is_unknown_whatever_it_holds():
    found = check(
        report("2026-03-10", **scored("A", 300000)),
        report("2026-10-20", **scored("E", 0), sections={"score": "failed", "limit": "not_entitled"}),
    )
    assert found["outcome"] == "unknown"
    assert found["evidence"]["reason"] == "nothing in the report to judge"


@pytest.mark.parametrize(
    ("before", "now", "exposure", "outcome"),
    [
        (240000, 240000, 21_200_000, "clear"),
        (240000, 220000, 10_000_000, "clear"),
        (240000, 160000, 10_000_000, "watch"),
        (240000, 110000, 10_000_000, "flag"),
        (240000, 170000, 21_200_000, "flag"),  # the cut leaves something uncovered
        (200000, 200000, 21_200_000, "watch"),  # a little above, as before
        (100000, 100000, 21_200_000, "flag"),
        (240000, 0, 21_200_000, "urgent"),
        (None, 0, 21_200_000, "flag"),
        (None, 0, 0, "clear"),
        ("no limit advised", 300000, 21_200_000, "clear"),
    ],
)
def test_a_limit_that_is_cut_or_below_what_is_open(before, now, exposure, outcome):
    found = check(
        report("2026-03-10", limit={"amount": before}), report("2026-10-20", limit={"amount": now}), exposure=exposure
    )
    assert found["outcome"] == outcome


def test_a_limit_in_another_currency_is_not_compared_with_what_is_open():
    found = check(report("2026-10-20", limit={"amount": 50000, "currency": "USD"}, status="active"))
    assert found["outcome"] == "clear"
    assert found["evidence"]["limit_compared"] is False
    assert "not in EUR and was not compared" in found["summary"]


@pytest.mark.parametrize(
    ("before", "now", "outcome"),
    [
        ({"dbt": 5}, {"dbt": 8}, "clear"),
        ({"dbt": 5}, {"dbt": 16}, "watch"),
        ({"dbt": 5}, {"dbt": 28}, "flag"),
        ({"dbt": 70}, {"dbt": 70}, "flag"),
        ({"paydex": 80}, {"paydex": 68}, "watch"),
        ({"paydex": 80}, {"paydex": 50}, "flag"),
        ({"paydex": 80}, {"dbt": 2}, "clear"),
    ],
)
def test_payment_to_other_suppliers(before, now, outcome):
    assert check(report("2026-03-10", payment=before), report("2026-10-20", payment=now))["outcome"] == outcome


def test_payment_to_other_suppliers_is_said_in_days():
    found = check(report("2026-03-10", payment={"dbt": 9}), report("2026-10-20", payment={"dbt": 31}))
    assert found["summary"] == "It pays other suppliers 31 days late, 9 before."


@pytest.mark.parametrize("kind", sorted(INSOLVENCY))
def test_an_open_insolvency_is_urgent(kind):
    found = check(
        report("2026-10-20", legal=[{"kind": kind, "open": True, "date": "2026-09-11"}], **scored("A", 900000))
    )
    assert found["outcome"] == "urgent"
    assert "of 11 September 2026" in found["summary"]


def test_an_insolvency_that_is_closed_or_not_known_to_be_open():
    def event(is_open, day):
        return check(report("2026-10-20", legal=[{"kind": "insolvency", "open": is_open, "date": day}]))["outcome"]

    assert event(None, "2026-09-11") == "flag"
    assert event(False, "2026-09-11") == "watch"
    assert event(False, "2016-09-11") == "clear"


def test_a_new_judgment_is_a_flag_and_a_known_one_a_watch():
    judgment = {"kind": "judgment", "open": True, "ref": "7 C 12/26", "amount": 12000, "date": "2026-02-11"}
    known, new = report("2026-03-10", legal=[judgment]), report("2026-03-10", legal=[])
    assert check(known, report("2026-10-20", legal=[judgment]))["outcome"] == "watch"
    found = check(new, report("2026-10-20", legal=[judgment, {**judgment, "ref": "2"}]))
    assert found["outcome"] == "flag"
    assert found["summary"] == "There is an open judgment of 11 February 2026 and 1 more."


def test_overdue_filings_status_control_owners_and_bank():
    base = report(
        "2026-03-10",
        filings_overdue=True,
        status="active",
        ownership={"owners": ["Alba"]},
        banks_on_file=["COBADEFFXXX"],
    )

    def now(**body):
        found = check(base, report("2026-10-20", **body))
        return found["outcome"], found["summary"]

    assert now(filings_overdue=True)[0] == "flag"
    assert now(filings_overdue=False)[0] == "clear"
    assert now(status="Dissolved") == ("urgent", "Its status is “dissolved”.")
    assert now(ownership={"control_changed": True})[0] == "flag"
    assert now(ownership={"owners": ["Alba", "Bolt"]}) == ("watch", "It has a new owner on file, Bolt.")
    assert now(banks_on_file=["COBADEFF"])[0] == "clear"
    assert now(banks_on_file=["DEUTDEFF"]) == ("watch", "The bank on file changed.")
    assert check(report("2026-10-20", filings_overdue=True))["outcome"] == "watch"


def test_an_old_report_cannot_say_that_all_is_well_but_still_warns():
    good = check(report("2025-08-20", **scored("A", 900000)))
    assert (good["outcome"], good["evidence"]["reason"]) == ("unknown", "report too old")
    assert good["summary"] == "The last report is 14 months old (20 August 2025); it said nothing bad."
    bad = check(report("2025-08-20", status="dissolved"))
    assert bad["outcome"] == "urgent"
    assert bad["summary"].endswith("That report is 14 months old.")


def test_reports_of_two_bureaus_are_not_compared():
    found = check(report("2026-03-10", bureau="one", **scored("A")), report("2026-10-20", bureau="two", **scored("C")))
    assert found["outcome"] == "clear"
    assert found["summary"].startswith("First report on file")


def test_a_body_that_cannot_be_read_is_unknown():
    row = report("2026-10-20", **scored("A"))
    assert check({**row, "body": "{"})["evidence"]["reason"] == "unreadable"


def test_what_is_read_out_stays_short():
    lien = {"kind": "lien", "open": True}
    worse = scored("E", 10, status="liquidation", filings_overdue=True, legal=[lien], payment={"dbt": 40})
    before = report("2026-03-10", **scored("A", 900000, payment={"dbt": 0}, filings_overdue=True, legal=[]))
    found = check(before, report("2026-10-20", **worse))
    assert found["summary"].startswith(
        "Its status is “liquidation”, the bureau's score fell from A to E since its last report in March, and its recommended limit"
    )
    assert found["summary"].endswith("and 3 more points.")


def either(*values):
    return st.sampled_from(values)


EVENT = st.fixed_dictionaries({"kind": either("lien", "bankruptcy", "other"), "open": either(True, False, None)})
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "score": st.fixed_dictionaries(
            {"band": either(*BANDS, None, "Z"), "bands": st.just(BANDS), "model": either("m1", "m2")}
        ),
        "limit": st.fixed_dictionaries(
            {"amount": either(0, 1000, 150000, 400000, None, 999), "currency": either("EUR", "USD")}
        ),
        "payment": st.fixed_dictionaries(
            {"dbt": st.none() | st.integers(-10, 90), "paydex": st.none() | st.integers(0, 100)}
        ),
        "legal": st.lists(EVENT, max_size=2),
        "status": either("active", "dissolved", None),
        "filings_overdue": either(True, False, None),
        "banks_on_file": st.lists(either("COBADEFF", "DEUTDEFF"), max_size=2),
    },
)
ROWS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 600), st.integers(0, 3), st.sampled_from(["one", "two"]), BODIES),
    max_size=8, unique_by=lambda row: row[:4],
)  # fmt: skip


def many(rows):
    start = date(2025, 4, 1)
    return [
        report(str(start + timedelta(days=day)), key, bureau, str(start + timedelta(days=day + lag)), **body)
        for key, day, lag, bureau, body in rows
    ]


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_other_accounts_change_nothing(rows, random):
    columns = book(keys=(1, 2, 3, 4), reports=many(rows))
    together = assess(columns, AS_OF, Policy())
    assert together.columns == list(FRAME)
    assert together["key"].to_list() == [1, 2, 3, 4]
    assert assess(shuffled(columns, random), AS_OF, Policy()).equals(together)
    for key in (1, 2, 3, 4):
        alone = assess(columns.only(pl.Series([key])), AS_OF, Policy())
        assert json.dumps(alone.to_dicts(), default=str) == json.dumps(together.filter(key=key).to_dicts(), default=str)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(0, 700))
def test_what_is_later_is_not_known(rows, at):
    as_of = date(2025, 4, 1) + timedelta(days=at)
    every = many(rows)
    known = [row for row in every if row["as_of"] <= as_of and row["reported_on"] <= as_of]
    keys = (1, 2, 3, 4)
    assert assess(book(keys, every), as_of, Policy()).equals(assess(book(keys, known), as_of, Policy()))


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_scores_agree_with_outcomes(rows):
    found = assess(book((1, 2, 3, 4), many(rows)), AS_OF, Policy())
    for outcome, score, summary in found.select("outcome", "score", "summary").iter_rows():
        assert (score is None) == (outcome == "unknown")
        assert summary.endswith(".")
        if score is not None:
            low, high = {"clear": (0, 0.4), "watch": (0.4, 0.6), "flag": (0.6, 0.8), "urgent": (0.8, 1)}[outcome]
            assert low <= score <= high
            assert RANK[outcome] >= 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_a_lower_band_is_never_better(before, one, other):
    def rank(now):
        found = check(report("2026-03-10", **scored(BANDS[before])), report("2026-10-20", **scored(BANDS[now])))
        return RANK[found["outcome"]], found["score"]

    better, worse = sorted([one, other])
    assert rank(better) <= rank(worse)


def test_a_book_without_reports_takes_no_time():
    columns = book(keys=range(20_000))
    began = time.process_time()
    assess(columns, AS_OF, Policy())
    assert time.process_time() - began < 20_000 * 50e-6


def test_amounts_in_evidence_are_text():
    found = check(report("2026-10-20", limit={"amount": Decimal("240000.50")}))
    assert found["evidence"]["limit"] == "240000.50"
