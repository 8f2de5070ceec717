"""Where accounts stand in the rotation is remembered by the machine, and the plan command reads it."""

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
import typer
from typer.testing import CliRunner

from healthcheck.checks import registry
from healthcheck.cli import common
from healthcheck.cli import planning as command
from healthcheck.errors import UsageError
from healthcheck.months import Month
from healthcheck.reviews import planning, rotation, standings
from healthcheck.reviews.rotation import Calibration, Policy
from healthcheck.store import work
from healthcheck.store.books import Account, Invoice
from healthcheck.store.session import read, write
from healthcheck.store.work import Report, Review, Standing
from tests import databases

FIRST, NEXT = date(2026, 1, 31), date(2026, 2, 28)


@pytest.fixture
def keys(engine):
    with write(engine) as session:
        rows = [Account(account=f"C{n}", name=f"Customer {n}") for n in range(4)]
        session.add_all(rows)
        session.flush()
        for row in rows:
            for month in range(24):
                issued = (Month(2024, 2) + month).first
                due = issued + timedelta(30)
                session.add(
                    Invoice(
                        account_id=row.id,
                        number=f"{month}",
                        issued=issued,
                        due=due,
                        amount=30_000_00,
                        currency="EUR",
                        paid=due,
                    )
                )
        return [row.id for row in rows]


def classes(keys, *names):
    return pl.DataFrame({"key": keys, "klass": names}, schema={"key": pl.Int64, "klass": pl.String})


def stand(engine, key):
    with read(engine) as session:
        return session.get(Standing, key)


def test_it_notes_since_when_an_account_is_known_and_eligible(engine, keys):
    with write(engine) as session:
        standings.refresh(session, classes(keys[:2], "eligible", "small"), FIRST)
    with write(engine) as session:
        standings.refresh(session, classes(keys[:3], "late", "eligible", "new"), NEXT)
    seen = {row["key"]: row for row in standings_of(engine)}
    assert [seen[key]["first_known"] for key in keys[:3]] == [FIRST, FIRST, NEXT]
    assert [seen[key]["eligible_since"] for key in keys[:3]] == [None, NEXT, None]


def standings_of(engine):
    with read(engine) as session:
        return standings.load(session).to_dicts()


def test_becoming_eligible_again_begins_a_new_cycle(engine, keys):
    for day, name in ((FIRST, "eligible"), (NEXT, "late"), (date(2026, 3, 31), "eligible")):
        with write(engine) as session:
            standings.refresh(session, classes(keys[:1], name), day)
    assert stand(engine, keys[0]).eligible_since == date(2026, 3, 31)


def test_a_review_sets_the_next_one_a_cycle_later_and_an_older_one_changes_nothing(engine, keys):
    with write(engine) as session:
        standings.reviewed(session, {keys[0]: 6}, NEXT)
    with write(engine) as session:
        standings.reviewed(session, {keys[0]: 6}, FIRST)
    assert (stand(engine, keys[0]).last_review, stand(engine, keys[0]).next_review) == (NEXT, date(2026, 8, 28))
    with write(engine) as session:
        standings.reviewed(session, {keys[0]: None}, date(2026, 3, 31))
    assert stand(engine, keys[0]).next_review is None


def test_the_newest_report_known_at_the_date_counts(engine, keys):
    with write(engine) as session:
        for day in (FIRST, NEXT):
            session.add(Report(account_id=keys[0], bureau="file", as_of=day, reported_on=day, body={}))
    with read(engine) as session:
        assert standings.reported(session, FIRST).rows() == [(keys[0], FIRST)]
        assert standings.reported(session, NEXT).rows() == [(keys[0], NEXT)]


def test_settling_a_plan_writes_dates_and_who_is_carried_over(engine, keys):
    accounts = pl.DataFrame(
        {
            "key": keys,
            "account": [f"C{n}" for n in range(4)],
            "name": [f"Customer {n}" for n in range(4)],
            "klass": ["eligible", "eligible", "small", "eligible"],
            "risk_class": [None, "high", None, None],
            "exposure": [1, 2, 3, 4],
            "first_invoice": [date(2024, 2, 1)] * 4,
        },
        schema_overrides={"risk_class": pl.String},
    )
    policy = Policy(quota=1)
    with write(engine) as session:
        for key in (keys[0], keys[3]):
            session.add(Standing(account_id=key, first_known=date(2025, 1, 5), eligible_since=date(2025, 1, 5)))
    with write(engine) as session:
        book = planning.read_book(session, accounts, FIRST, policy, Calibration())
        made = planning.plan(book, Month.of(FIRST), FIRST)
        planning.settle(session, book, FIRST, made)
    assert made.chosen["account"].to_list() == ["C3"]
    assert [stand(engine, key).carried for key in keys] == [True, False, False, False]
    assert [stand(engine, key).next_review for key in keys] == [
        date(2026, 1, 5),
        date(2026, 4, 30),
        None,
        date(2026, 1, 5),
    ]
    with write(engine) as session:
        gone = book.accounts.with_columns(klass=pl.lit("late"))
        planning.settle(session, planning.read_book(session, gone, NEXT, policy, Calibration()), NEXT, made)
    assert [stand(engine, key).next_review for key in keys] == [None] * 4
    assert not any(stand(engine, key).carried for key in keys)


@pytest.fixture
def plan(engine, monkeypatch):
    """The command on the test's database, on 10 February 2026, without the checks (it needs none)."""
    monkeypatch.setattr(registry, "CHECKS", {})
    monkeypatch.setattr(common, "now", lambda: datetime(2026, 2, 10, tzinfo=UTC))
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", databases.of(engine))
    app = typer.Typer()
    app.command()(command.plan)

    def run(*words):
        result = CliRunner().invoke(app, list(words))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.stdout

    return run


def test_plan_json_has_the_agreed_fields_and_counts_that_add_up(plan, keys):
    body = json.loads(plan("--json"))
    assert list(body)[:6] == ["month", "as_of", "quota", "needed", "counts", "accounts"]
    assert (body["month"], body["quota"], body["needed"], body["cost"], body["budget"]) == (
        "2026-02",
        1,
        0.33,
        "0.00",
        None,
    )
    assert body["counts"] == {"eligible": 4, "small": 0, "new": 0, "late": 0, "inactive": 0, "excluded": 0}
    assert set(body["accounts"][0]) == {
        "account",
        "name",
        "class",
        "reason",
        "why",
        "exposure",
        "cycle",
        "last_review",
        "due",
    }
    assert body["outlive"] == []


def test_plan_changes_nothing_but_the_calibration(plan, keys, engine):
    first = plan("--json", "--months", "3")
    assert plan("--json", "--months", "3") == first
    assert standings_of(engine) == []
    assert [later["month"] for later in json.loads(first)["months"]] == ["2026-03", "2026-04"]


def test_a_later_month_is_what_the_months_before_it_leave(plan, keys):
    together = json.loads(plan("--json", "--months", "3"))["months"][1]
    assert json.loads(plan("--json", "--month", "2026-04")) == together


def test_a_past_month_is_planned_as_of_its_end(plan, keys):
    assert json.loads(plan("--json", "--month", "2025-11"))["as_of"] == "2025-11-30"


def test_a_month_that_is_planned_is_shown_as_it_was(plan, keys, engine):
    summary = {
        "counts": {"eligible": 4},
        "needed": 1,
        "quota": 1,
        "outlive": [],
        "waited": [],
        "cost": "4.20",
        "budget": "10.00",
    }
    with write(engine) as session:
        month = work.Month(
            month="2026-02", as_of=FIRST, quota=1, planned_at=datetime(2026, 2, 1, tzinfo=UTC), summary=summary
        )
        session.add(month)
        session.flush()
        session.add(
            Review(month_id=month.id, account_id=keys[2], reason="rotation", why="its 12 months end this month")
        )
    body = json.loads(plan("--json", "--month", "2026-02"))
    assert [(row["account"], row["why"]) for row in body["accounts"]] == [("C2", "its 12 months end this month")]
    assert (body["cost"], body["needed"]) == ("4.20", 1)
    assert json.loads(plan("--json"))["month"] == "2026-03"
    assert "February 2026: 1 review" in plan("--month", "2026-02")


def test_the_terminal_says_what_the_cycles_need_and_what_they_get(plan, keys):
    text = plan()
    assert "4 accounts: 4 eligible, 0 small" in text
    assert (
        "The cycles need 1 review a month and the quota is 1: nobody outlives theirs in the next twelve months." in text
    )
    assert "4 of 4 eligible accounts are within their cycle." in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--month", "2026-13"], "2026-13 is not a month"),
        (["--month", "next"], "'next' is not a month"),
        (["--months", "0"], "choose between 1 and 60"),
        (["--month", "2050-01"], "too far ahead"),
    ],
)
def test_wrong_use_is_one_clear_line(plan, keys, words, said):
    with pytest.raises(UsageError, match=said):
        plan(*words)


def test_an_empty_book_has_an_empty_plan(plan):
    body = json.loads(plan("--json"))
    assert (body["quota"], body["accounts"], sum(body["counts"].values())) == (0, [], 0)
    assert rotation.quota(rotation.needed(pl.DataFrame(schema={"cycle": pl.Int64})), Policy()) == 0
