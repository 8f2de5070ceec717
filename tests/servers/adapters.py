"""Bureaus for tests, speaking to ``tests.servers.bureau``: "key" knows our key, "lookup" can be asked what became of an order, "blind"
neither.

They find their server by the environment variable TEST_BUREAU_URL (so in every process) and cost TEST_BUREAU_COST (4.20). With
TEST_BUREAU_READ they wait so many seconds for an answer. ``register()`` enters them in the registry of this process.
"""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import Candidate, Pending, Ready, Report, Subject
from healthcheck.bureaus.http import Door, Limits
from healthcheck.settings import Settings
from tests.servers.bureau import API_KEY


def register() -> None:
    registry.BUREAUS |= {name: f"tests.servers.adapters:{name.title()}Bureau" for name in ("key", "lookup", "blind")}


class _Generic:
    name = ""

    def __init__(self, settings: Settings) -> None:
        inside = settings.model_copy(update={"allowed_private_hosts": ("127.0.0.1",)})
        limits = Limits(read=float(os.environ.get("TEST_BUREAU_READ", "5")))
        self.door = Door(self.name, f"{os.environ['TEST_BUREAU_URL']}/{self.name}", inside, limits)

    def cost(self) -> Decimal:
        return Decimal(os.environ.get("TEST_BUREAU_COST", "4.20"))

    def find(self, subject: Subject) -> list[Candidate]:
        return [Candidate(subject.account, subject.name, 1.0)]

    def collect(self, token: str) -> Ready | Pending:
        raise answers.NotFound("nothing is ever pending here")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        asked = {"headers": _headers(), "params": {"reference": key}}
        answer = self.door.free("GET", "orders", **asked)
        found = answer.body["orders"]
        return self._ready(found[0], date.today(), answer.raw) if found else None

    def _buy(self, as_of: date, **asked: Any) -> Ready:
        answer = self.door.paid("POST", "orders", **asked)
        return self._ready(answer.body, as_of, answer.raw)

    def _ready(self, body: Any, as_of: date, raw: bytes) -> Ready:
        return Ready(Report.from_body({"bureau": self.name, **body["report"], "reported_on": as_of.isoformat()}), raw)


def _headers(**more: str) -> dict[str, Any]:
    return {"X-Api-Key": SecretStr(API_KEY)} | {name.replace("_", "-"): value for name, value in more.items()}


class KeyBureau(_Generic):
    name = "key"
    idempotency = "key"

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        return self._buy(as_of, headers=_headers(Idempotency_Key=key), json={"account": subject.account})


class LookupBureau(_Generic):
    name = "lookup"
    idempotency = "lookup"

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        return self._buy(as_of, headers=_headers(), json={"account": subject.account, "reference": key})


class BlindBureau(LookupBureau):
    """A bureau that knows no key and cannot be asked: every order is charged."""

    name = "blind"
    idempotency = "none"

    def look_up(self, subject: Any, key: str) -> None:
        raise AssertionError("this bureau cannot be asked")
