"""A bureau of your own: Sample Ratings, one call a report, which knows our key."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from healthcheck.bureaus.answers import NotFound
from healthcheck.bureaus.base import Bureau, Candidate, Idempotency, Pending, Probe, Ready, Report, Subject
from healthcheck.bureaus.http import Door, Limits
from healthcheck.bureaus.vendor import assemble, confidence, dig, likeness, linked, price, rows
from healthcheck.logs import hide
from healthcheck.settings import Settings


class Given(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="HEALTHCHECK_RATINGS_", env_file=".env", extra="ignore")
    base_url: str = "https://api.ratings.example/v1"
    key: SecretStr = SecretStr("")
    cost_per_pull: Decimal | None = None


class Ratings:
    name = "ratings"
    idempotency: Idempotency = "key"
    linked_by = "vat"

    def __init__(self, settings: Settings, limits: Limits | None = None, given: Given | None = None) -> None:
        self.given = given or Given()
        hide(self.given.key.get_secret_value())
        self.door = Door(self.name, self.given.base_url, settings, limits)
        self.headers: Mapping[str, Any] = {"X-Api-Key": self.given.key}

    def cost(self) -> Decimal:
        return price(self.name, self.given.cost_per_pull)

    def rate_limit(self) -> float | None:
        return None

    def probe(self) -> Probe:
        self.door.free("GET", "account", headers=self.headers)
        return Probe("live", credentials=True)

    def find(self, subject: Subject) -> Sequence[Candidate]:
        found = self.door.free("GET", "companies", headers=self.headers, params={"name": subject.name}).body
        sure = [(row, confidence(likeness(row["name"], subject.name), exact=False)) for row in rows(found, "companies")]
        return [Candidate(row["vat"], row["name"], sureness) for row, sureness in sure]

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        vat = linked(self.name, subject, self.linked_by)
        headers = {**self.headers, "Idempotency-Key": key}
        answer = self.door.paid("POST", "companies", vat, "reports", headers=headers)
        return Ready(to_report(answer.body, as_of), answer.raw)

    def collect(self, token: str) -> Ready | Pending:
        raise NotFound("ratings: reports come at once, nothing is pending")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None


def to_report(body: Mapping[str, Any], as_of: date) -> Report:
    """What is absent is missing, what cannot be read is failed; neither is ever nought."""
    scale = {"scale_min": 0, "scale_max": 100, "higher_is_better": True, "model": dig(body, "rating.model")}
    parts = {
        "score": lambda: {"score": {"value": dig(body, "rating.score"), **scale}},
        "limit": lambda: {"limit": {"amount": dig(body, "limit.amount"), "currency": dig(body, "limit.currency")}},
        "payment": lambda: {"payment": {"dbt": dig(body, "daysLate")}},
    }
    return assemble({"bureau": "ratings", "reported_on": as_of.isoformat()}, parts, {})


_: type[Bureau] = Ratings
