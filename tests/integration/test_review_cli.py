"""``review``, ``flags`` and ``pulls`` as typed by a person."""

import json

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from healthcheck.cli import common
from healthcheck.cli.app import assemble
from healthcheck.errors import UsageError
from healthcheck.store.session import read, write
from healthcheck.store.work import Flag, FlagEvent, Month, Pull
from tests import review_world as world


@pytest.fixture
def book(engine, tmp_path, monkeypatch):
    world.fill(engine, tmp_path, firms=4)
    given = world.settings(engine, tmp_path)
    for name in given.model_fields_set:
        value = getattr(given, name)
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        monkeypatch.setenv(f"HEALTHCHECK_{name.upper()}", text)
    monkeypatch.setenv("HEALTHCHECK_SECRET_KEYS", "only-for-tests-only-for-tests-only")
    monkeypatch.setattr(common, "now", lambda: world.NOW)
    return engine


def call(*words, code=0):
    done = CliRunner().invoke(assemble(words), words)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.stdout


def test_review_prints_the_totals_as_json_and_as_text(book):
    totals = json.loads(call("review", "--month", "2026-06", "--json"))
    assert list(totals) == ["month", "planned", "reviewed", "flagged", "unknown", "failed", "pulls", "digests"]
    assert set(totals["pulls"]) == {"stored", "reused", "refused", "uncertain", "cost"}
    assert set(totals["digests"][0]) == {"to", "subject", "message_id"}
    assert totals["pulls"]["cost"] == "0.00"
    assert json.loads(call("review", "--json")) == totals
    text = call("review")
    assert f"{totals['reviewed']} of {totals['planned']} reviewed" in text
    assert "digest for credit@nordwind.example: Health check June 2026" in text
    with pytest.raises(UsageError, match="planned as of 2026-06-30"):
        call("review", "--month", "2026-06", "--as-of", "2026-06-29")


def test_flags_are_listed_and_answered(book):
    call("review", "--json")
    listed = json.loads(call("flags", "list", "--json"))["flags"]
    first = next(row for row in listed if row["account"] == "C000")
    assert first["state"] == "open"
    assert "C000" in call("flags", "list")
    assert "acknowledged" in call("flags", "ack", str(first["id"]))
    call("flags", "decide", "C000", "limit cut to 20,000")
    with pytest.raises(UsageError, match="is not after"):
        call("flags", "snooze", "C000", "--until", "2026-06-30", "--reason", "waits")
    call("flags", "snooze", "C000", "--until", "2026-08-31", "--reason", "insolvency talk is over")
    assert json.loads(call("flags", "list", "--account", "C000", "--json"))["flags"][0]["state"] == "snoozed"
    call("flags", "clear", f"flag:{first['id']}", "--reason", "paid in full")
    with read(book) as session:
        flag = session.get_one(Flag, first["id"])
        said = session.exec(select(FlagEvent.what, FlagEvent.note).where(FlagEvent.flag_id == flag.id)).all()
    assert (flag.state, flag.decision, flag.reason) == ("cleared", "limit cut to 20,000", "paid in full")
    assert [what for what, _ in said] == ["raised", "acknowledged", "decided", "snoozed", "cleared"]
    with pytest.raises(UsageError, match="no live flag"):
        call("flags", "ack", str(first["id"]))


def test_pulls_are_listed_and_a_doubtful_one_needs_a_person(book):
    call("review", "--json")
    with write(book) as session:
        pull = session.exec(select(Pull)).first()
        pull.state, pull.cost = "UNCERTAIN", 420
        session.add(pull)
    assert json.loads(call("review", "--json", code=1))["pulls"]["uncertain"] == 1
    row = json.loads(call("pulls", "list", "--uncertain", "--month", "2026-06", "--json"))["pulls"][0]
    assert (row["id"], row["cost"]) == (pull.id, "4.20")
    assert "UNCERTAIN" in call("pulls", "list")
    with pytest.raises(UsageError, match="say one of"):
        call("pulls", "resolve", str(pull.id))
    assert "CHARGED, EUR 4.20" in call("pulls", "resolve", str(pull.id), "--charged")
    assert json.loads(call("review", "--json"))["pulls"]["uncertain"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["review", "--month", "2026-13"], "not a month"),
        (["review", "--month", "2026-09"], "has not begun"),
        (["review", "--as-of", "30.6.2026"], "--as-of"),
        (["flags", "ack", "NOBODY"], "no live flag"),
        (["pulls", "list", "--month", "June"], "not a month"),
    ],
)
def test_wrong_use_is_one_clear_line(book, words, message):
    with pytest.raises(UsageError, match=message) as caught:
        call(*words)
    assert "\n" not in str(caught.value)


def test_a_carrier_that_there_is_not_is_said(book, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_CARRIER", "pigeons")
    with pytest.raises(UsageError, match="none of inline, threads"):
        call("review")


def test_a_bureau_without_a_price_stops_the_review_before_anything_is_planned(book, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_BUREAUS", "creditsafe")
    with pytest.raises(UsageError, match="price not set; set HEALTHCHECK_CREDITSAFE_COST_PER_PULL"):
        call("review", "--month", "2026-06")
    with read(book) as session:
        assert session.exec(select(Month)).all() == []
    assert json.loads(call("plan", "--month", "2026-06", "--json"))["cost"] == "0.00"
