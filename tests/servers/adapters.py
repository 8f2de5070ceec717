"""Two bureaus for tests, speaking to ``tests.servers.bureau``: "key" knows our key, "lookup" can be asked what became of an order.

They find their server by the environment variable TEST_BUREAU_URL (so in every process) and cost TEST_BUREAU_COST (4.20).
``register()`` enters them in the registry of this process.
"""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from typing import Any

import requests
from urllib3.util import Retry

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import Candidate, Pending, Ready, Report, Subject
from healthcheck.settings import Settings
from tests.servers.bureau import API_KEY

KINDS = {401: answers.AuthFailed, 403: answers.NotEntitled, 404: answers.NotFound}


def register() -> None:
    registry.BUREAUS |= {name: f"tests.servers.adapters:{name.title()}Bureau" for name in ("key", "lookup")}


class _Generic:
    def __init__(self, settings: Settings) -> None:
        self.url = f"{os.environ['TEST_BUREAU_URL']}/{self.name}/orders"

    def cost(self) -> Decimal:
        return Decimal(os.environ.get("TEST_BUREAU_COST", "4.20"))

    def find(self, subject: Subject) -> list[Candidate]:
        return [Candidate(subject.account, subject.name, 1.0)]

    def collect(self, token: str) -> Ready | Pending:
        raise answers.NotFound("nothing is ever pending here")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        found = self._call("GET", {"reference": key}, {}, {})["orders"]
        return self._ready(found[0], date.today()) if found else None

    def _ready(self, body: Any, as_of: date) -> Ready:
        return Ready(Report.from_body({"bureau": self.name, **body["report"], "reported_on": as_of.isoformat()}))

    def _call(self, method: str, params: dict, headers: dict, json: dict) -> Any:
        once = Retry(total=None, connect=3, read=0, status=0, other=0, redirect=0)
        with requests.Session() as session:
            session.mount("http://", requests.adapters.HTTPAdapter(max_retries=once))
            try:
                answer = session.request(
                    method, self.url, params=params, json=json, headers={"X-Api-Key": API_KEY, **headers}, timeout=5,
                    allow_redirects=False,
                )  # fmt: skip
            except requests.ConnectTimeout:
                raise answers.Unreachable(f"{self.name}: no connection") from None
            except requests.RequestException as error:
                kind = answers.Unreachable if "NewConnectionError" in str(error) else answers.Doubtful
                raise kind(f"{self.name}: {type(error).__name__}") from None
        return self._sorted(answer)

    def _sorted(self, answer: requests.Response) -> Any:
        if answer.status_code == 429:
            asked = answer.headers.get("Retry-After", "")
            raise answers.Throttled(f"{self.name}: 429", float(asked) if asked.isdigit() else None)
        if answer.status_code != 200:
            kind = KINDS.get(answer.status_code, answers.Rejected if answer.status_code < 500 else answers.Doubtful)
            raise kind(f"{self.name}: {answer.status_code}")
        try:
            return answer.json()
        except ValueError:
            raise answers.Malformed(f"{self.name}: not JSON") from None


class KeyBureau(_Generic):
    name = "key"
    idempotency = "key"

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        return self._ready(self._call("POST", {}, {"Idempotency-Key": key}, {"account": subject.account}), as_of)


class LookupBureau(_Generic):
    name = "lookup"
    idempotency = "lookup"

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        return self._ready(self._call("POST", {}, {}, {"account": subject.account, "reference": key}), as_of)
