"""Two reports of a paid bureau, three months apart, through the check: what the second one does not say is unknown, never worse."""

from __future__ import annotations

import pytest
import time_machine

from healthcheck.checks.outcomes import ALERTS
from healthcheck.store.books import Account
from healthcheck.store.session import write
from tests import databases
from tests.servers.bureau import BureauServer
from tests.servers.vendors import VENDORS, creditsafe, dnb, experian

MARCH, JUNE = "2026-03-02T09:00:00Z", "2026-06-02T09:00:00Z"
BANKRUPT = {
    "creditsafe": {**creditsafe.CREDITSAFE, "negativeInformation": {"bankruptcy": {"hasBankruptcy": True}}},
    "dnb": dnb.answered(legalEvents={"hasLegalEvents": True, "hasBankruptcy": True, "hasOpenBankruptcy": True}),
    "experian": experian.answered(
        commercialScore={"score": 998, "percentileRanking": 998, "riskClass": {"code": 998}}, fsrScore=None
    ),
}


@pytest.fixture
def server(tmp_path):
    with BureauServer(tmp_path) as server:
        yield server


@pytest.fixture(params=BANKRUPT)
def first(request, engine, server, monkeypatch, cli):
    """The bureau's name, after a first report that was clear."""
    vendor = VENDORS[request.param]
    given = vendor.settings(server.url) | {secret: f"right-{id(engine)}" for secret in vendor.secrets}
    given |= {
        "database_url": databases.of(engine), "bureaus": request.param, "allowed_private_hosts": "127.0.0.1", "bureau_budget": "100",
        "secret_keys": "k" * 40,
    }  # fmt: skip
    for setting, value in given.items():
        monkeypatch.setenv(f"HEALTHCHECK_{setting.upper()}", value)
    with write(engine) as session:
        session.add(
            Account(account="C1", name="Norda Metal Works Inc", country="US", **{vendor.column: vendor.company(1)})
        )
    assert judged(cli, MARCH)["outcome"] == "clear"
    return request.param


def judged(cli, when):
    with time_machine.travel(when, tick=True):
        return cli("check", "C1", "--pull", "--json").lines[0]["checks"]["credit"]


def test_codes_are_unknown_and_no_fall(first, cli, server):
    server.plan(["sentinels"], account=VENDORS[first].company(1))
    found = judged(cli, JUNE)
    assert {name: found["evidence"]["parts"][name] for name in ("score", "limit", "payment")} == {
        "score": "unknown", "limit": "unknown", "payment": "unknown",
    }  # fmt: skip
    assert found["outcome"] not in ALERTS
    assert "score and limit not in the report" in found["summary"]


def test_a_section_that_failed_is_unknown_and_no_fall(first, cli, server):
    server.plan(["failed_section"], account=VENDORS[first].company(1))
    found = judged(cli, JUNE)
    assert found["evidence"]["parts"]["score"] == "unknown"
    assert found["outcome"] not in ALERTS
    assert "score and limit not in the report" in found["summary"]


def test_a_bankruptcy_is_an_alert(first, cli, server):
    server.body(VENDORS[first].company(1), BANKRUPT[first])
    found = judged(cli, JUNE)
    assert found["outcome"] in ALERTS
    assert "bankruptcy" in found["summary"]
