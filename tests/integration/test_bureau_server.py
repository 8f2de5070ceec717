"""The tests' own bureau does what its description says; everything about money is proved against it."""

from __future__ import annotations

from datetime import date

import pytest
import requests

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import Subject
from healthcheck.settings import load
from tests.servers import adapters
from tests.servers.bureau import BureauServer

DAY = date(2026, 3, 2)
KEY = {"X-Api-Key": "sesame"}


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with BureauServer(tmp_path_factory.mktemp("bureau")) as server:
        yield server


@pytest.fixture
def server(started, monkeypatch):
    monkeypatch.setenv("TEST_BUREAU_URL", started.url)
    monkeypatch.setattr(registry, "BUREAUS", dict(registry.BUREAUS))
    adapters.register()
    return started


def order(bureau, account, key="k1"):
    return registry.load(bureau, load()).order(Subject(account), DAY, key)


def test_a_key_is_charged_once_and_a_reference_each_time(server):
    for _ in range(3):
        assert order("key", "A1").report.score == order("lookup", "A2").report.score
    assert (server.charged()["A1"], server.charged()["A2"], server.charges()["A2|k1"]) == (1, 3, 3)


def test_an_order_can_be_looked_up_by_its_reference(server):
    order("lookup", "B1", "b-reference")
    bureau = registry.load("lookup", load())
    assert bureau.look_up(Subject("B1"), "b-reference").report.status == "active"
    assert bureau.look_up(Subject("B1"), "another") is None


@pytest.mark.parametrize(
    ("fault", "raised", "charged"),
    [
        ("reset", answers.Doubtful, 1),
        ("drop", answers.Doubtful, 1),
        ("cut", answers.Doubtful, 1),
        ("reset_before", answers.Doubtful, 0),
        ("charge_500", answers.Doubtful, 1),
        ("503", answers.Doubtful, 0),
        ("429:2", answers.Throttled, 0),
        ("401", answers.AuthFailed, 0),
        ("403", answers.NotEntitled, 0),
        ("404", answers.NotFound, 0),
        ("400", answers.Rejected, 0),
        ("html", answers.Malformed, 1),
        ("truncated", answers.Malformed, 1),
        ("empty", answers.Malformed, 1),
    ],
)
def test_each_fault_charges_or_not_as_described_and_the_next_order_is_well(server, fault, raised, charged):
    account = f"F-{fault}"
    server.plan([fault], account=account)
    with pytest.raises(raised):
        order("lookup", account)
    assert server.charged()[account] == charged
    order("lookup", account)
    assert server.charged()[account] == charged + 1


def test_throttling_says_when_in_seconds_as_a_date_or_not_at_all(server):
    server.plan(["429", "429:7", "429:date:7"], account="T1")
    said = [post(server, "T1").headers.get("Retry-After") for _ in range(3)]
    assert said[:2] == [None, "7"]
    assert said[2].endswith("GMT")


def post(server, account, **more):
    return requests.post(
        f"{server.url}/key/orders",
        json={"account": account},
        headers={**KEY, "Connection": "close"},
        timeout=10,
        **more,
    )


def test_it_waits_redirects_and_is_huge_on_request(server):
    server.plan(["delay:120", "slow:120", "redirect", "huge"], account="W1")
    assert min(post(server, "W1").elapsed.total_seconds() for _ in range(2)) >= 0.12
    assert post(server, "W1", allow_redirects=False).status_code == 302
    assert len(post(server, "W1").content) == 100_000_000
    assert server.requests("elsewhere") == []


def test_a_body_can_be_set_broken_or_full_of_codes(server):
    server.body("S1", {"status": "dissolved"})
    assert order("lookup", "S1").report.status == "dissolved"
    server.plan(["failed_section", "sentinels"], account="S2")
    assert order("lookup", "S2").report.sections["score"] == "failed"
    report = order("lookup", "S2").report
    assert (report.score.value, report.limit.amount, report.payment.dbt) == (None, None, None)


def test_it_never_has_accounts_that_begin_with_none(server):
    with pytest.raises(answers.NotFound):
        order("key", "NONE-7")


def test_the_odds_depend_on_seed_and_account_alone(tmp_path):
    def faults(seed, accounts):
        with BureauServer(tmp_path / f"{seed}{len(accounts)}{accounts[0]}") as server:
            server.misbehave({"403": 0.3, "charge_500": 0.2}, seed)
            for account in accounts:
                post(server, account)
            return {line["account"]: line["fault"] for line in server.requests("order")}

    accounts = [f"C{k:03}" for k in range(100)]
    once = faults(7, accounts)
    assert once == faults(7, accounts[::-1])
    assert once != faults(8, accounts)
    assert 15 < list(once.values()).count("403") < 45
    assert list(once.values()).count("ok") > 30


def test_charges_outlive_a_kill_and_tokens_do_not(tmp_path):
    def log_in():
        return requests.post(f"{server.url}/v1/authenticate", json={"username": "u", "password": "p"}, timeout=5).json()

    def report(token):
        ask = f"{server.url}/v1/companies/C042?callRef=r1"
        return requests.get(ask, headers={"Authorization": f"Bearer {token}"}, timeout=5)

    with BureauServer(tmp_path) as server:
        token = log_in()["token"]
        assert report(token).json()["report"]["companyId"] == "C042"
        port = server.port
        server.kill()
        assert server.charges() == {"C042|r1": 1}
        server.start()
        assert server.port == port
        assert report(token).status_code == 401
        assert report(log_in()["token"]).status_code == 200
        server.expire_tokens()
        assert report(token).status_code == 401
        assert server.charged() == {"C042": 2}
        assert server.requests("order")[-1]["reference"] == "r1"
