"""What a month leaves in the log: which month and account, in which unit; and no secret, in whatever goes wrong."""

from __future__ import annotations

import json
import logging

import pytest

from healthcheck import logs
from healthcheck.months import Month
from healthcheck.reviews import review, units
from healthcheck.store import audit
from healthcheck.store.operations import AuditEntry
from healthcheck.store.session import read, write
from tests import review_world as world


@pytest.fixture
def told(capsys):
    """Everything in the log so far."""
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    logging.getLogger().removeHandler(logs._HANDLER)


def reviewed(engine, folder, **more):
    settings = world.settings(engine, folder, log_format="json", **more)
    logs.begin(settings, "INFO")
    return review.review(engine, Month(2026, 6), None, settings, world.NOW)


def test_a_month_tells_what_it_does(engine, tmp_path, told):
    world.fill(engine, tmp_path, firms=4)
    totals = reviewed(engine, tmp_path, carrier="threads", carrier_workers="2")
    events = told()
    assert {one["month"] for one in events} == {"2026-06"}
    assert {"month.planned", "unit.done", "mail.sent"} <= {one["event"] for one in events}
    units = [one for one in events if one["event"] == "unit.done"]
    assert sum(one["stored"] for one in units) == totals["reviewed"]
    assert all(one["seconds"] > 0 and len(one["unit"]) == 8 for one in units)
    assert [one["to"] for one in events if one["event"] == "mail.sent"] == [one["to"] for one in totals["digests"]]


def test_a_review_that_fails_is_a_warning_with_its_account(engine, tmp_path, told, monkeypatch):
    world.fill(engine, tmp_path, firms=2)

    def fail(work, claim):
        raise MemoryError("no room, key=canary-of-the-settings")

    monkeypatch.setattr(units, "_pull", fail)
    reviewed(engine, tmp_path, secret_keys="canary-of-the-settings")
    failed = [one for one in told() if one["event"] == "review.failed"]
    assert {one["account"] for one in failed} == {"C000", "C001"}
    assert {one["level"] for one in failed} == {"warning"}
    assert {one["error"] for one in failed} == {"MemoryError: no room, key=[hidden]"}
    assert sorted(one["attempt"] for one in failed) == [1, 1, 2, 2, 3, 3]
    assert "canary" not in str(world.dump(engine)["review"])


def test_what_is_audited_is_logged_once_it_is_committed_and_not_before(engine, tmp_path, told):
    logs.begin(world.settings(engine, tmp_path, log_format="json"), "INFO")

    def fail():
        with write(engine) as session:
            audit.note(session, "month.closed", world.NOW, month="2026-06")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert told() == []
    with write(engine) as session:
        audit.note(session, "pull.uncertain", world.NOW, month="2026-06", account_id=7, detail={"cost": 420})
    (event,) = told()
    del event["time"]
    assert event == {"level": "warning", "event": "pull.uncertain", "month": "2026-06", "account_id": 7, "cost": 420}
    with read(engine) as session:
        assert session.get(AuditEntry, 1).what == "pull.uncertain"
