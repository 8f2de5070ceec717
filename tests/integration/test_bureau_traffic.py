"""Creditsafe's protocol under load, from many threads and from forked processes, with a bureau that misbehaves and dies."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache

import pytest

from healthcheck.bureaus import answers
from healthcheck.bureaus.base import Subject
from healthcheck.bureaus.creditsafe import Creditsafe
from healthcheck.bureaus.http import Limits
from healthcheck.errors import HealthcheckError
from healthcheck.settings import load
from tests.servers.bureau import BureauServer

DAY = date(2026, 3, 2)
ODDS = {
    "reset": 0.08,
    "drop": 0.04,
    "charge_500": 0.05,
    "slow:1500": 0.01,
    "429:1": 0.05,
    "403": 0.02,
    "html": 0.03,
    "401": 0.03,
}
MAYBE = ("reset", "drop", "charge_500", "slow:1500", "html")


@pytest.fixture
def server(tmp_path):
    with BureauServer(tmp_path) as server:
        yield server


@cache
def settings(url):
    return load(
        creditsafe_username="u", creditsafe_password="open sesame", creditsafe_base_url=f"{url}/v1",
        creditsafe_cost_per_pull="4.20", allowed_private_hosts="127.0.0.1",
    )  # fmt: skip


def creditsafe(server, limits=None):
    return Creditsafe(settings(server.url), limits)


def order(server, account, limits=None):
    """The kind of what came back; an adapter of its own for each order, as the pulls do it."""
    linked = Subject(account, ids={"creditsafe_id": account})
    try:
        creditsafe(server, limits).order(linked, DAY, f"key-{account}")
        return "ok"
    except HealthcheckError as error:
        return error.kind


def test_a_thousand_accounts_on_sixteen_threads_and_nobody_is_charged_twice(server):
    server.misbehave(ODDS, seed=7)
    accounts = [f"DE-{number:04}" for number in range(1000)]
    limits = Limits(read=1.0)
    with ThreadPoolExecutor(16) as pool:
        kinds = dict(zip(accounts, pool.map(lambda account: order(server, account, limits), accounts), strict=True))
    charged = server.charged()
    assert max(charged.values()) == 1
    assert {account for account, kind in kinds.items() if kind == "ok"} <= set(charged)
    for account, kind in kinds.items():
        assert kind in ("ok", "doubtful", "malformed") or not charged[account], f"{account} was charged and is {kind}"
    said = Counter(line["fault"] for line in server.requests("order"))
    counted = Counter(kinds.values())
    assert counted["doubtful"] + counted["malformed"] == sum(said[fault] for fault in MAYBE)
    assert counted["throttled"] == said["429:1"]
    assert len(server.requests("token")) <= 1 + said["401"]


def test_a_restarted_bureau_is_asked_again_with_a_new_token(server):
    assert order(server, "DE-1") == "ok"
    server.kill()
    assert order(server, "DE-2") == "unreachable"
    server.start()
    assert [order(server, f"DE-{number}") for number in (3, 4)] == ["ok", "ok"]
    assert server.charged() == {"DE-1": 1, "DE-3": 1, "DE-4": 1}


def test_a_bureau_killed_while_it_answers_leaves_a_doubt(server):
    server.plan(["slow:5000"])
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(order, server, "DE-1")
        while not server.charged():
            pass
        server.kill()
        assert answer.result(timeout=10) == "doubtful"


def test_a_forked_child_does_not_speak_on_its_parents_line(server):
    """Both ask at once, forty times each, after the parent has opened its connection: no answer goes astray."""
    assert order(server, "DE-parent") == "ok"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    name = "child" if child == 0 else "parent"
    kinds = {bought(server, f"DE-{name}-{number}") for number in range(40)}
    if child == 0:
        os._exit(0 if kinds == {True} else 1)
    assert kinds == {True}
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert max(server.charged().values()) == 1


def bought(server, account):
    """Whether the report is this account's own."""
    ready = creditsafe(server).order(Subject(account, ids={"creditsafe_id": account}), DAY, "k")
    return f'"companyId": "{account}"'.encode() in ready.raw


def test_what_the_bureau_does_not_have_is_not_charged(server):
    assert order(server, "NONE-1") == answers.NotFound.kind
    assert server.charged() == {}
