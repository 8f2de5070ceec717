from __future__ import annotations

import threading

import pytest

from healthcheck.bureaus import pace
from healthcheck.bureaus.base import Subject
from healthcheck.bureaus.companies_house import CompaniesHouse
from healthcheck.settings import load


class Clock:
    """Time that passes only in sleep."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def test_the_first_goes_at_once_and_the_others_keep_their_distance():
    clock = Clock()
    kept = pace.Pace(120, clock, clock.sleep)
    for _ in range(3):
        kept.wait()
    assert clock.slept == [0.5, 0.5]
    clock.now += 60
    kept.wait()
    assert clock.slept == [0.5, 0.5], "time that was not used is not saved up, and not slept again"


def test_threads_share_the_slots():
    slept = []
    kept = pace.Pace(60, lambda: 0.0, slept.append)
    threads = [threading.Thread(target=kept.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slept) == [1, 2, 3, 4, 5, 6, 7]


def test_without_a_rate_nobody_waits(monkeypatch):
    monkeypatch.setattr(pace.Pace, "wait", lambda _: pytest.fail("waited"))
    pace.keep("anybody", None)


def test_a_search_at_companies_house_keeps_to_its_rate(monkeypatch):
    """Not one that asks nobody."""
    kept = []
    monkeypatch.setattr(pace, "keep", lambda *said: kept.append(said))
    bureau = CompaniesHouse(load(companies_house_rate_limit="90"))
    bureau.find(Subject("C1", name="Norda", country="DE"))
    assert kept == []
    bureau.find(Subject("C1", country="GB"))
    assert kept == [("companies_house", 90)]
