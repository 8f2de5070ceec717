"""Bureaus that are collected from: an order is answered at once, its report later."""

from __future__ import annotations

from typing import ClassVar

from healthcheck.bureaus.base import Subject
from healthcheck.bureaus.coface import Coface
from healthcheck.bureaus.http_testing import HttpConformance
from healthcheck.settings import load
from tests.servers.vendors.coface import FULL

CREDIT = "icon.creditReport"


class TestCoface(HttpConformance):
    report: ClassVar = FULL
    where: ClassVar = {
        "score": f"{CREDIT}.cceatRating", "limit": f"{CREDIT}.maximumCredit", "legal": f"{CREDIT}.insolvency",
        "ownership": f"{CREDIT}.shareholders", "status": f"{CREDIT}.company.status", "banks": f"{CREDIT}.bankConnections",
    }  # fmt: skip
    numbers: ClassVar = {
        "score.value": f"{CREDIT}.cceatRating.score.value",
        "limit.amount": f"{CREDIT}.maximumCredit.indicator.fromAmount",
    }
    ordered: ClassVar = (
        "POST /publications/orders",
        {"id": "order-1", "status": "in-preparation", "publications": [{"id": "1", "status": "in-preparation"}]},
    )
    others: ClassVar = {
        "GET /publications/orders": [
            {"id": "order-1", "orderDate": "2026-02-16T09:45:00.354+01:00", "status": "ready",
             "publications": [{"id": "1", "status": "ready", "reportSlug": "full-report"}]},
        ],
        "/companies": [],
    }  # fmt: skip
    collected = "/publications"
    log_in = "/token"
    token: ClassVar = {"idToken": "jwt", "expiresIn": 3600}
    subject = Subject("C042", name="Norda Metall GmbH", country="DE", ids={"coface_id": "icon#7001"})

    def adapter(self, url, limits):
        return Coface(
            load(
                coface_base_url=url, coface_login_url=url, coface_username="u", coface_password="open sesame", coface_api_key="key",
                coface_cost_per_pull="4.20", allowed_private_hosts="127.0.0.1",
            ),
            limits,
        )  # fmt: skip
