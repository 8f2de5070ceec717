"""A bureau in its own process that charges and misbehaves: afterwards it is asked, not our database, what happened."""

import os
import random
import subprocess
import sys
import threading
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlmodel import select

from healthcheck.bureaus import http, registry
from healthcheck.reviews import closing
from healthcheck.reviews.pulling import gates, model
from healthcheck.store.books import Account
from healthcheck.store.session import read, write
from healthcheck.store.work import Month
from tests import pull_world as world
from tests import review_world
from tests.pull_driver import work_off
from tests.pull_world import balanced, stored
from tests.servers import adapters
from tests.servers.bureau import BureauServer
from tests.servers.vendors import VENDORS
from tests.servers.vendors.base import Vendor

ROOT = Path(__file__).parents[2]
CHARGED_AND_LOST = {"reset": 0.06, "drop": 0.06, "charge_500": 0.06, "cut": 0.03, "html": 0.02, "slow:1500": 0.03}
HARMLESS = {"reset_before": 0.04, "500": 0.04, "429:1": 0.04, "delay:100": 0.05}


@pytest.fixture
def bureau(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "BACKOFF_SECONDS", (0.2, 1.0))
    monkeypatch.setattr(gates, "PROBE_EVERY", timedelta(seconds=0.5))
    limits = http.Limits(1, 1, 2)
    monkeypatch.setattr(http, "Limits", lambda: limits)
    monkeypatch.setattr(registry, "BUREAUS", dict(registry.BUREAUS))
    adapters.register()
    with BureauServer(tmp_path) as server:
        monkeypatch.setenv("TEST_BUREAU_URL", server.url)
        yield server


def book(engine, accounts, vendor=Vendor) -> dict[str, str]:
    """Accounts linked to the vendor's companies; the companies, and which account each is."""
    companies = {vendor.company(n): f"C{n}" for n in range(accounts)}
    linked = [(account, {vendor.column: company} if vendor.column else {}) for company, account in companies.items()]
    with write(engine) as session:
        session.add_all(Account(account=account, country="GB", **link) for account, link in linked)
        session.add(Month(month=world.MONTH, as_of=world.AS_OF, planned_at=world.START))
    return companies


def settings_for(engine, folder, server, name):
    given = {"bureaus": name, "bureau_budget": "100000", "allowed_private_hosts": "127.0.0.1"}
    return review_world.settings(engine, folder, **given, **VENDORS.get(name, Vendor).settings(server.url))


def restart_now_and_then(server, over) -> None:
    draw = random.Random(7)
    while not over.wait(draw.uniform(0.8, 1.6)):
        server.kill()
        time.sleep(0.1)
        server.start()
        server.misbehave(CHARGED_AND_LOST | HARMLESS, seed=draw.randrange(1000))


def digest(engine, settings) -> str:
    with read(engine) as session:
        month = session.exec(select(Month.id)).one()
    assert closing.close(engine, month, settings, world.START)
    return "\n".join(text for *_, text in review_world.results(engine)["messages"])


SIZES = {**dict.fromkeys(VENDORS, 60), "creditsafe": 200, "key": 100, "lookup": 100}
LONG = [pytest.param(name, 1000, marks=[pytest.mark.slow, pytest.mark.timeout(1200)]) for name in SIZES]


@pytest.mark.parametrize(("name", "accounts"), [*SIZES.items(), *LONG])
def test_nobody_is_charged_twice_whatever_the_bureau_does(engine, tmp_path, bureau, name, accounts):
    """16 threads; it charges and drops the line, is slow, answers 500 after charging, and is killed and started again."""
    companies = book(engine, accounts, VENDORS.get(name, Vendor))
    settings = settings_for(engine, tmp_path, bureau, name)
    bureau.misbehave(CHARGED_AND_LOST | HARMLESS, seed=2026)
    over = threading.Event()
    nemesis = threading.Thread(target=restart_now_and_then, args=(bureau, over))
    nemesis.start()
    try:
        said = work_off(engine, settings, range(1, accounts + 1))
    finally:
        over.set()
        nemesis.join()
    bureau.misbehave({}, seed=0)
    for _ in range(40):  # what was ordered, and not ready while the server lived, is collected in peace
        said = work_off(engine, settings, range(1, accounts + 1), again=False)
        if "PENDING" not in {pull.state for pull in stored(engine)}:
            break
        time.sleep(0.5)
    charged = {companies[company]: times for company, times in bureau.charged().items()}
    states = {f"C{pull.account_id - 1}": pull.state for pull in stored(engine)}
    assert max(charged.values()) == 1
    assert len(said) == len(states) == accounts
    assert {states[account] for account in charged} <= {"STORED", "UNCERTAIN"}
    assert all(charged[account] == 1 for account, state in states.items() if state == "STORED")
    assert balanced(engine)
    doubtful = [pull for pull in stored(engine) if pull.state == "UNCERTAIN"]
    if registry.load(name, settings).idempotency == "none":
        assert len(doubtful) > accounts / 20
    else:
        assert {pull.kind for pull in doubtful} <= {"malformed", "not_listed"}
        assert not {f"C{pull.account_id - 1}" for pull in doubtful if pull.kind == "not_listed"} & set(charged)
    text = digest(engine, settings)
    assert all(f"EUR 4.20 (healthcheck pulls resolve {pull.id})" in " ".join(text.split()) for pull in doubtful)


@pytest.mark.parametrize("accounts", [120, pytest.param(600, marks=pytest.mark.slow)])
def test_the_budget_holds_to_the_cent_under_threads_and_processes(engine, tmp_path, bureau, accounts):
    """Two processes of 16 threads each; a third of the accounts can be paid for."""
    book(engine, accounts)
    can_pay = accounts // 3
    cap = Decimal("4.20") * can_pay + Decimal("4.19")
    keys = [str(n) for n in range(1, accounts + 1)]
    halves = keys[: accounts // 2], keys[accounts // 2 :]
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.pull_driver", url, str(cap), "16", "key"]
    both = [
        subprocess.Popen([*command, *half], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True)
        for half in halves
    ]  # fmt: skip
    said = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert bureau.charged().total() == can_pay
    pulls = stored(engine)
    assert sum(pull.cost for pull in pulls) == can_pay * 420
    assert balanced(engine)
    assert sum(pull.kind == "budget" for pull in pulls) == accounts - can_pay


def test_the_benchmark_of_durability_still_runs():
    command = [sys.executable, "benchmarks/durability.py", "--accounts", "6", "--runs", "1"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["empty", "checks", "reviews", "pulls"]
