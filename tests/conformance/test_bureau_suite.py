"""The suite itself: an adapter written as one would write it at first fails it, and where."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

import pytest
import requests
from requests.adapters import HTTPAdapter

from healthcheck.bureaus import answers
from healthcheck.bureaus.base import Limit, Payment, Ready, Report, Subject
from healthcheck.bureaus.http_testing import HttpConformance

MUST_FAIL = {
    "test_a_good_report_is_charged_once_arrives_whole_and_keeps_the_vendors_own_words",
    "test_a_missing_section_is_missing_and_the_others_are_there",
    "test_a_sentinel_is_not_known_and_never_nought",
    "test_a_section_that_failed_inside_a_200_is_failed",
    "test_a_failed_log_in_is_not_tried_again",
    "test_a_token_that_expired_is_renewed",
    "test_403",
    "test_charge_then_reset",
    "test_charge_then_the_line_drops",
    "test_500_charged_or_not",
    "test_a_slow_answer",
    "test_a_redirect_is_not_followed",
    "test_html_truncated_json_no_body_and_a_list",
    "test_a_hundred_megabytes_are_not_read",
    "test_free_calls_are_never_in_doubt",
}


class Naive:
    """The usual retries, the usual errors, and a nought for what is not there."""

    name = "naive"
    idempotency = "none"

    def __init__(self, url):
        self.url = url

    def cost(self):
        return Decimal(1)

    def find(self, subject):
        self._get()
        return []

    def look_up(self, subject, key):
        return None

    def order(self, subject: Subject, as_of: date, key: str) -> Ready:
        body = self._get()
        limit = body.get("limit") if isinstance(body.get("limit"), str) and body["limit"].isdigit() else "0"
        return Ready(Report("naive", as_of, limit=Limit(Decimal(limit), "EUR"), payment=Payment(Decimal(0))))

    def _get(self):
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=3))
            try:
                token = session.post(f"{self.url}/token", timeout=0.5).json()["token"]
                answer = session.get(f"{self.url}/report", headers={"Authorization": token}, timeout=0.5)
                answer.raise_for_status()
                return answer.json()
            except (KeyError, ValueError):
                raise answers.Doubtful("naive: strange") from None
            except requests.RequestException:
                raise answers.Unreachable("naive: try later") from None


class Suite(HttpConformance):
    __test__ = False
    report: ClassVar = {"limit": "240000", "late": "6"}
    where: ClassVar = {"limit": "limit", "payment": "late"}
    numbers: ClassVar = {"limit.amount": "limit"}
    failed = ("limit", {"failed": ["limit"]})
    log_in = "/token"
    token: ClassVar = {"token": "t"}

    def adapter(self, url, limits):
        return Naive(url)


@pytest.mark.parametrize("name", sorted(MUST_FAIL))
def test_a_naive_adapter_fails(name):
    with pytest.raises((AssertionError, AttributeError, answers.HealthcheckError)):
        getattr(Suite(), name)()


def test_every_part_of_the_suite_is_either_failed_or_within_reach_of_a_naive_adapter():
    passes = {
        "test_collecting_again_brings_the_same_report_and_is_not_charged",  # its orders are answered at once
        "test_it_declares_name_cost_and_idempotency",
        "test_nobody_there_is_not_charged",
    }
    rest = {name for name in dir(HttpConformance) if name.startswith("test_")} - MUST_FAIL - passes
    assert rest == {
        "test_401_fetches_one_new_token_and_ends",
        "test_400",
        "test_404",
        "test_429_without_retry_after",
        "test_429_with_retry_after_as_seconds_and_as_a_date",  # fails too, after sleeping as long as it is told
    }
    for name in passes:
        getattr(Suite(), name)()
