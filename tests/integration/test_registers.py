"""The free registers through the door that all bureaus come in by: asked, stored, judged, without a budget."""

from __future__ import annotations

from collections import Counter

import pytest
import time_machine

from healthcheck.bureaus.loopback import InThread, Reply
from healthcheck.store.books import Account
from healthcheck.store.session import write
from tests import databases
from tests.servers.registers import CHARGES, OWNERS, PROFILE, submissions

NOW = "2026-03-02T09:00:00Z"
ANSWERS = {
    "/company/01234567": PROFILE
    | {"company_status_detail": "active-proposal-to-strike-off", "has_insolvency_history": False, "links": {}},
    "/company/01234567/charges": CHARGES,
    "/company/01234567/persons-with-significant-control": OWNERS,
    "/submissions/CIK0000000042.json": submissions(("8-K", "2026-02-20", "4.02,9.01"), ("NT 10-K", "2026-02-27"), ("10-Q", "2025-11-06")),
}  # fmt: skip


@pytest.fixture
def asked(engine, monkeypatch):
    """The paths that were asked for, on a book with one account for each register and one for none."""
    seen = Counter()

    def register(request):
        seen[request.path] += 1
        known = request.path in ANSWERS
        return Reply(ANSWERS[request.path] if known else {"errors": []}, 200 if known else 404)

    with InThread(register) as server:
        given = {
            "DATABASE_URL": databases.of(engine), "BUREAUS": "companies_house,sec_edgar", "COMPANIES_HOUSE_BASE_URL": server.url,
            "COMPANIES_HOUSE_API_KEY": "open sesame", "SEC_EDGAR_BASE_URL": server.url, "SEC_EDGAR_USER_AGENT": "us@nordwind.example",
            "ALLOWED_PRIVATE_HOSTS": "127.0.0.1", "SECRET_KEYS": "k" * 40,
        }  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(f"HEALTHCHECK_{name}", value)
        with write(engine) as session:
            session.add(Account(account="C1", name="Norda Metals Ltd", country="GB", company_number="1234567"))
            session.add(Account(account="C2", name="Norda Metals Inc", country="US", cik="42"))
            session.add(Account(account="C3", name="Norda Metall GmbH", country="DE", company_number="01234567"))
        with time_machine.travel(NOW, tick=True):
            yield seen


def credit(cli, account):
    return cli("check", account, "--pull", "--json").lines[0]["checks"]["credit"]


def test_a_proposal_to_strike_off_is_urgent(asked, cli):
    found = credit(cli, "C1")
    assert found["outcome"] == "urgent"
    assert "ts status is “strike off”" in found["summary"]
    assert asked == dict.fromkeys(list(ANSWERS)[:3], 1)


def test_accounts_withdrawn_and_late_are_found_where_the_first_bureau_has_none(asked, cli):
    found = credit(cli, "C2")
    assert found["outcome"] == "flag"
    assert "an open restatement of 20 February 2026" in found["summary"]
    assert "10-K late by its own notice of 27 February 2026" in found["summary"]
    assert asked == {"/submissions/CIK0000000042.json": 1}


def test_a_german_number_asks_nobody(asked, cli):
    assert "credit report: refused" in cli("check", "C3", "--pull").err
    assert asked == {}


def test_a_report_that_is_young_enough_is_not_asked_for_again(asked, cli):
    assert credit(cli, "C1") == credit(cli, "C1")
    assert asked["/company/01234567"] == 1
