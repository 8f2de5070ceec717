"""What bureaus tell: read free of charge and within their rates, stored once whatever happens, and a review brought forward by it."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from healthcheck.bureaus import login
from healthcheck.bureaus.loopback import InThread
from healthcheck.errors import Retriable
from healthcheck.months import Month
from healthcheck.reviews import monitoring, months, pulls, review, standings
from healthcheck.reviews.monitoring import Run
from healthcheck.reviews.pulls import Order
from healthcheck.store.books import Account
from healthcheck.store.events import Event
from healthcheck.store.operations import RateLimit
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Pull, Report, Review, Standing
from jobs import monitor
from tests import databases, news_world, review_world
from tests.news_world import NOW, TODAY, Office, event, filing, link, told, watched

ROOT = Path(__file__).parents[2]
LATER = NOW + timedelta(hours=25)
GB1, GB2 = {"creditsafe_id": "GB-1"}, {"creditsafe_id": "GB-2"}


@pytest.fixture
def office():
    login.forget()
    handler = Office()
    with InThread(handler) as server:
        handler.url, handler.faults = server.url, server.faults
        yield handler


def given(engine, tmp_path, office, **more):
    return news_world.settings(engine, tmp_path, office.url, **more)


# ---- one list of all


def test_accounts_are_entered_once_and_all_pages_are_read(engine, tmp_path, office):
    settings = given(engine, tmp_path, office)
    link(engine, C1=GB1, C2=GB2, C3={})
    link(engine, rotating=False, C4={"creditsafe_id": "GB-4"})
    office.events = [event(n, "GB-1") for n in range(1, 6)] + [event(6, "GB-9"), event(7, "GB-4")]
    heard = monitor.run(engine, NOW, settings)
    assert office.entered == ["GB-1", "GB-2"]
    assert (heard.news, office.asked["cs notificationEvents"]) == (6, 4)
    assert [row[:3] for row in told(engine)] == [("C1", str(n), "Rating (B to D)") for n in range(1, 6)] + [
        ("C4", "7", "Rating (B to D)")
    ]
    assert {row[3] for row in told(engine)} == {"2026-07-10"}


def test_what_was_read_is_not_stored_again_and_what_is_not_due_is_not_asked(engine, tmp_path, office):
    settings = given(engine, tmp_path, office)
    link(engine, C1=GB1, C2={"creditsafe_id": "GB-1"})
    office.events = [event(1, "GB-1")]
    assert monitor.run(engine, NOW, settings).news == 2, "two accounts are that company"
    before = office.asked.total()
    assert monitor.run(engine, NOW + timedelta(hours=23), settings).asked == 0
    assert office.asked.total() == before
    office.events.append(event(2, "GB-1", TODAY - timedelta(days=2)))
    assert monitor.run(engine, LATER, settings).news == 2, "entered late, for an earlier day"
    assert office.entered == ["GB-1"]
    assert [(row[0], row[1]) for row in told(engine)] == [("C1", "1"), ("C1", "2"), ("C2", "1"), ("C2", "2")]


def test_a_company_that_is_in_the_portfolio_already_is_watched(engine, tmp_path, office):
    link(engine, C1=GB1)
    office.entered.append("GB-1")
    monitor.run(engine, NOW, given(engine, tmp_path, office))
    assert [row[1:4] for row in watched(engine)] == [(0, "", "2026-07-10"), (1, "GB-1", "")]


def test_who_rotates_no_more_is_taken_out_and_another_link_changes_places(engine, tmp_path, office):
    settings = given(engine, tmp_path, office)
    link(engine, C1=GB1, C2=GB2, C3={"creditsafe_id": "GB-2"}, C4={"creditsafe_id": "GB-4"})
    monitor.run(engine, NOW, settings)
    assert office.entered == ["GB-1", "GB-2", "GB-4"]
    with write(engine) as session:
        for key in (1, 2):
            session.get_one(Standing, key).cycle = None
        session.get_one(Account, 4).creditsafe_id = "GB-5"
    office.entered.remove("GB-1")
    monitor.run(engine, NOW, settings)
    assert office.entered == ["GB-2", "GB-5"], "C3 is GB-2 too; GB-1 was gone already"
    assert [row[1:3] for row in watched(engine)] == [(0, ""), (3, "GB-2"), (4, "GB-5")]
    assert monitor.run(engine, NOW, settings).asked == 0


def test_without_a_portfolio_nobody_is_asked(engine, tmp_path, office):
    link(engine, C1=GB1)
    assert monitor.run(engine, NOW, given(engine, tmp_path, office, creditsafe_portfolio="")).asked == 0
    assert monitor.run(engine, NOW, given(engine, tmp_path, office, monitor_hours="0")).asked == 0
    assert not office.asked


# ---- company by company


def test_filings_that_are_news_and_those_that_are_not(engine, tmp_path, office):
    settings = given(engine, tmp_path, office, bureaus="companies_house,sec_edgar")
    link(engine, C1={"company_number": "01234567"}, C2={"cik": "1234567"}, C3={"company_number": "07654321"})
    office.filings["01234567"] = [
        filing("a", "gazette", "gazette-notice-compulsory"), filing("b", "accounts", "accounts-with-accounts-type-full"),
        filing("c", "mortgage", "mortgage-satisfy-charge-full"), filing("d", "mortgage", "mortgage-create-with-deed"),
        filing("e", "persons-with-significant-control", "change-to-a-person-with-significant-control"),
        filing("f", "persons-with-significant-control", "cessation-of-a-person-with-significant-control"),
        filing("g", "insolvency", "liquidation-voluntary-appointment-of-liquidator", TODAY - timedelta(days=1)),
        {**filing("h", "gazette", "gazette-notice-voluntary"), "date": "soon"}, {"category": "gazette"},
    ]  # fmt: skip
    office.filed = [
        ("NT 10-K", "2026-07-10"),
        ("8-K", "2026-07-10", "1.03,9.01"),
        ("8-K", "2026-07-10", "9.01"),
        ("8-K", "2026-07-09", "5.01"),
    ]
    assert monitor.run(engine, NOW, settings).news == 5
    assert [(row[0], row[2]) for row in told(engine)] == [
        ("C1", "gazette notice compulsory"), ("C1", "mortgage create with deed"), ("C1", "cessation of a person with significant control"),
        ("C2", "notice of late filing (NT 10-K)"), ("C2", "bankruptcy"),
    ]  # fmt: skip
    assert [row[4] for row in watched(engine)] == [True] * 3, (
        "one that the register does not know is asked about again tomorrow"
    )


def test_what_is_overdue_is_news_when_it_becomes_so(engine, tmp_path, office):
    settings = given(engine, tmp_path, office, bureaus="companies_house")
    link(engine, C1={"company_number": "01234567"})
    office.filings["01234567"] = []
    office.profile = {
        "accounts": {"overdue": True, "next_accounts": {"due_on": "2026-07-10", "overdue": True}},
        "confirmation_statement": {"overdue": True, "next_due": "2026-06-01"},
    }  # fmt: skip
    assert monitor.run(engine, NOW, settings).news == 1, "the statement was overdue before anybody watched"
    assert monitor.run(engine, LATER, settings).news == 0
    assert told(engine) == [("C1", "accounts 2026-07-10", "overdue: accounts due 10 July 2026", "2026-07-10")]


def test_numbers_of_other_countries_are_not_asked_about(engine, tmp_path, office):
    link(engine, C1={"company_number": "HRB 1"})
    with write(engine) as session:
        session.get_one(Account, 1).country = "DE"
    assert monitor.run(engine, NOW, given(engine, tmp_path, office, bureaus="companies_house")).asked == 0


def test_another_link_begins_anew(engine, tmp_path, office):
    settings = given(engine, tmp_path, office, bureaus="companies_house")
    link(engine, C1={"company_number": "01234567"})
    office.filings = {"01234567": [], "07654321": [filing("z", "gazette", "gazette-notice", TODAY - timedelta(days=2))]}
    monitor.run(engine, NOW, settings)
    with write(engine) as session:
        session.get_one(Account, 1).company_number = "07654321"
    assert monitor.run(engine, NOW, settings).asked == 1
    assert (told(engine), watched(engine)[0][2]) == ([], "07654321")


# ---- rates, pauses, troubles


def test_polls_keep_to_the_rate_that_pulls_keep_to(engine, tmp_path, office):
    settings = given(engine, tmp_path, office, bureaus="companies_house", companies_house_rate_limit="120")
    link(engine, **{f"C{n}": {"company_number": f"0000000{n}"} for n in range(1, 5)})
    office.filings = {f"0000000{n}": [] for n in range(1, 5)}
    slept = []
    run = Run(engine, settings, NOW, clock=lambda _: NOW, sleep=slept.append)
    bureau = registry_load("companies_house", settings)
    monitoring._ask(run, bureau)
    assert slept == [2.0, 4.0, 6.0], "120 calls a minute, four to a report"
    with read(engine) as session:
        assert session.get_one(RateLimit, "companies_house").free_at == NOW + timedelta(seconds=8)


def test_a_bureau_that_asked_for_a_pause_is_left_alone(engine, tmp_path, office):
    settings = given(engine, tmp_path, office)
    link(engine, C1=GB1)
    office.faults.plan(["429:600"], on="news")
    assert monitor.run(engine, NOW, settings).news == 0
    before = office.asked.total()
    assert monitor.run(engine, LATER, settings).asked == 0, "and it is a pause for every run, and for pulls"
    assert office.asked.total() == before
    with read(engine) as session:
        assert session.exec(select(RateLimit.bureau)).all() == ["creditsafe"]


def test_trouble_with_one_bureau_is_told_and_the_others_are_asked(engine, tmp_path, office):
    settings = given(engine, tmp_path, office, bureaus="creditsafe,companies_house")
    link(engine, C1={**GB1, "company_number": "01234567"})
    office.filings["01234567"] = [filing("a", "gazette", "gazette-notice")]
    office.faults.plan(["500"], on="enter")
    with pytest.raises(Retriable, match=r"^creditsafe: answered 500$"):
        monitor.run(engine, NOW, settings)
    assert [row[1] for row in told(engine)] == ["a"]
    monitor.run(engine, NOW, settings)
    assert office.entered == ["GB-1"]


def registry_load(name, settings):
    from healthcheck.bureaus import registry

    return registry.load(name, settings)


# ---- what it brings about


@pytest.fixture
def book(engine, tmp_path, office):
    """June was reviewed; C004 was among them, and is linked."""
    review_world.fill(engine, tmp_path)
    june = review_world.settings(engine, tmp_path, monthly_quota="20")
    review.review(engine, Month(2026, 6), None, june, review_world.NOW)
    with write(engine) as session:
        session.exec(select(Account).where(Account.account == "C004")).one().creditsafe_id = "GB-4"
    return given(engine, tmp_path, office, bureaus="creditsafe,file", monthly_quota="1")


def planned(engine, month):
    with read(engine) as session:
        rows = session.exec(select(Account.account, Review).join(Review).where(Review.month_id == month)).all()
        return {account: (row.reason, row.why) for account, row in rows}


def test_news_bring_the_next_review_forward_once(engine, book, office):
    office.events = [event(1, "GB-4", was="A", now="B"), event(2, "GB-4")]
    monitor.run(engine, NOW, book)
    why = "brought forward: creditsafe tells: Rating (A to B), 10 July 2026, and 1 more"
    july = months.plan(engine, Month(2026, 7), date(2026, 7, 31), book, NOW)
    assert planned(engine, july)["C004"] == ("event", why)
    august = months.plan(engine, Month(2026, 8), date(2026, 8, 31), book, NOW)
    assert not any(why.startswith("brought forward") for _, why in planned(engine, august).values())
    with read(engine) as session:
        assert session.exec(select(Event.month)).all() == ["2026-07", "2026-07"]


def test_the_digest_and_the_plan_say_why(engine, book, office, cli, monkeypatch):
    office.events = [event(1, "GB-4")]
    monitor.run(engine, NOW, book)
    for name in book.model_fields_set - {"secret_keys"}:
        monkeypatch.setenv(f"HEALTHCHECK_{name.upper()}", _written(getattr(book, name)))
    from healthcheck.cli import common

    monkeypatch.setattr(common, "now", lambda: NOW)
    news = {"watched": 1, "read": "2026-07-10T09:00:00+00:00", "waiting": 1}
    assert cli("status", "--json").lines[0]["news"] == {"creditsafe": news}
    assert "News of creditsafe: 1 watched, read 2026-07-10 09:00 UTC, 1 not looked into yet" in cli("status").out
    signs = [sign["said"] for sign in cli("doctor", "--offline", "--json").lines[0]["signs"]]
    assert "tells what has changed; read every 24 h" in signs
    done = cli("plan", "--month", "2026-07", "--json")
    assert done.code == 0, done.err
    rows = {row["account"]: row for row in done.lines[0]["accounts"]}
    assert rows["C004"]["reason"] == "event"
    assert rows["C004"]["why"].startswith("brought forward: creditsafe tells: Rating (B to D)")
    office.faults.plan(["404"] * 9, on="news")
    review.review(engine, Month(2026, 7), date(2026, 7, 10), book, NOW)
    text = "\n".join(text for *_, text in review_world.results(engine)["messages"])
    assert "Brought forward: Firm 4 GmbH (C004): creditsafe tells: Rating (B to D), 10 July 2026." in " ".join(
        text.split()
    )


def _written(value):
    value = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return "" if value is None else ",".join(value) if isinstance(value, tuple) else str(value)


def test_a_report_from_before_the_news_is_not_used_again(engine, book, office, tmp_path):
    with read(engine) as session:
        key = session.exec(select(Account.id).where(Account.account == "C004")).one()
        assert session.exec(select(Report.as_of).where(Report.account_id == key)).all() == [date(2026, 6, 30)]
    settings = book.model_copy(update={"bureaus": ("file",)})
    order = Order(engine, settings, key, "2026-07", date(2026, 7, 31), NOW)
    assert pulls.obtain(order) == "reused"
    office.events = [event(1, "GB-4")]
    monitor.run(engine, NOW, book)
    with read(engine) as session:
        assert standings.reported(session, date(2026, 7, 31)).filter(key=key).is_empty()
        assert not standings.reported(session, date(2026, 7, 9)).filter(key=key).is_empty(), "not known yet then"
    assert pulls.obtain(order) == "stored"
    with read(engine) as session:
        assert session.exec(select(Pull.month).where(Pull.account_id == key)).all() == ["2026-06", "2026-07"]


def test_news_of_an_account_that_does_not_rotate_wait_and_grow_old(engine, book, office):
    with write(engine) as session:
        row = session.exec(select(Account).where(Account.account == "C000")).one()
        session.add(Event(account_id=row.id, bureau="creditsafe", ref="1", on=TODAY, what="x", seen_on=TODAY))
    july = months.plan(engine, Month(2026, 7), date(2026, 7, 31), book, NOW)
    assert planned(engine, july).get("C000", ("flagged", ""))[0] != "event", "it is late"
    with read(engine) as session:
        assert session.exec(select(Event.month)).all() == [None]


# ---- killed


@pytest.fixture
def killed(tmp_path, office):
    """A book and news; ``killed(point)`` polls in a process that is killed before its POINTth step, then in one that is not."""
    (tmp_path / "book").mkdir()
    engine = connect(databases.create(tmp_path / "book"))
    link(engine, C1=GB1, C2=GB2, C3={"company_number": "01234567"}, C4={"company_number": "07654321"})
    engine.dispose()
    office.events = [event(n, f"GB-{1 + n % 2}") for n in range(1, 6)]
    office.filings = {
        "01234567": [filing("a", "gazette", "gazette-notice")],
        "07654321": [filing("b", "gazette", "gazette-notice")],
    }

    def run(*points):
        for point in points:
            databases.copy(tmp_path / "book", tmp_path / str(point))
        command = [sys.executable, "-m", "tests.news_driver", str(tmp_path), office.url, *map(str, points)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
        assert done.returncode == 0, done.stderr
        return {point: _found(tmp_path / str(point)) for point in points}, done.stdout.split()

    return run


def _found(place):
    engine = connect(databases.url(place))
    try:
        return told(engine), watched(engine)
    finally:
        engine.dispose()


@pytest.mark.parametrize("points", [30, pytest.param(None, marks=pytest.mark.slow, id="every")])
def test_killed_between_the_poll_and_the_commit_nothing_is_lost_and_nothing_twice(killed, points):
    undisturbed, (steps,) = killed(0)
    events, _ = undisturbed[0]
    assert [row[:2] for row in events] == [
        ("C1", "2"),
        ("C1", "4"),
        ("C2", "1"),
        ("C2", "3"),
        ("C2", "5"),
        ("C3", "a"),
        ("C4", "b"),
    ]
    every = range(1, int(steps) * 19 // 20)
    points = sorted(random.Random(7).sample(every, points)) if points else list(every)
    found, _ = killed(*points)
    assert {point: found[point] == undisturbed[0] for point in points} == dict.fromkeys(points, True)
