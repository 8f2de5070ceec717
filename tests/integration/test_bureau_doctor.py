"""What ``healthcheck doctor`` says of each paid bureau, asked through its own protocol: reachable, credentials, price, links; who searches
and who is linked."""

from __future__ import annotations

import pytest
from sqlmodel import select

from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from tests import databases
from tests.servers.bureau import BureauServer
from tests.servers.vendors import VENDORS


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with BureauServer(tmp_path_factory.mktemp("bureau")) as server:
        yield server


@pytest.fixture(params=VENDORS)
def name(request, engine, server, monkeypatch):
    """One vendor, configured, on a book of two accounts of which one is linked; credentials of its own for each test."""
    vendor = VENDORS[request.param]
    given = vendor.settings(server.url) | {secret: f"right-{id(engine)}" for secret in vendor.secrets}
    given |= {"database_url": databases.of(engine), "bureaus": request.param, "allowed_private_hosts": "127.0.0.1"}
    for setting, value in given.items():
        monkeypatch.setenv(f"HEALTHCHECK_{setting.upper()}", value)
    with write(engine) as session:
        session.add(Account(account="C1", name="Norda Metal Works Inc", country="US", city="Toledo"))
        session.add(Account(account="C2", name="Alva Inc", country="US", **{vendor.column: vendor.company(2)}))
    return request.param


def signs(cli, name):
    said = cli("doctor", "--json").lines[0]["signs"]
    return {sign["state"]: sign["said"] for sign in said if sign["what"] == f"bureau {name}"}, [s["said"] for s in said]


def test_reachable_credentials_price_and_links(cli, name):
    found, said = signs(cli, name)
    assert found["note"] == "1 of 2 accounts are not linked: healthcheck bureaus find"
    assert any(line.startswith("reachable, credentials accepted; ") for line in said)
    assert "a report costs EUR 4.20" in said
    assert {"broken", "missing"}.isdisjoint(found)


def test_wrong_credentials_and_no_price(cli, name, monkeypatch):
    for secret in VENDORS[name].secrets:
        monkeypatch.setenv(f"HEALTHCHECK_{secret.upper()}", f"wrong-{id(monkeypatch)}")
    monkeypatch.setenv(f"HEALTHCHECK_{name.upper()}_COST_PER_PULL", "")
    found, said = signs(cli, name)
    assert "credentials not accepted" in found["broken"]
    assert f"set HEALTHCHECK_{name.upper()}_COST_PER_PULL" in found["missing"]
    assert "wrong-" not in str(said)


def test_credentials_that_are_not_there(cli, name, monkeypatch):
    for secret in VENDORS[name].secrets:
        monkeypatch.setenv(f"HEALTHCHECK_{secret.upper()}", "")
    found, _ = signs(cli, name)
    assert f"set HEALTHCHECK_{name.upper()}_" in found["broken"]


def test_a_search_is_free_and_what_it_found_can_be_linked(cli, name, engine, server):
    before = server.charges()
    (found,) = cli("bureaus", "find", "C1", "--json").lines[0]["accounts"]
    best = found["candidates"][0]
    assert (best["name"].casefold(), best["confidence"] >= 0.8) == ("norda metal works inc", True)
    assert cli("bureaus", "confirm", "C1", name, best["id"]).code == 0
    with read(engine) as session:
        row = session.exec(select(Account).where(Account.account == "C1")).one()
        assert getattr(row, VENDORS[name].column) == best["id"]
    assert server.charges() == before
