"""Coface ICON: POST /coface/token {username, password, grantType} -> {idToken} (passwords that begin with "wrong" are refused); POST
/coface/publications/orders charges, and lists the order by its customerReference; it is ready when it is asked after for the second time;
GET /coface/publications?id= ; GET /coface/companies?companyName= (finds that company). The token stands alone in the header."""

from __future__ import annotations

from collections import Counter
from typing import Any

from healthcheck.bureaus.loopback import Reply, Request
from tests.servers.vendors.base import Body, Desk, Vendor

KEY = "sesame"
FULL: Body = {
    "icon": {
        "version": "1.0.0",
        "orderStatus": {"status": {"value": "10", "name": "Finished"}, "timestamp": "20260216094512", "product": {"name": "Full Report"}},
        "creditReport": {
            "company": {"companyName": "Norda Metall GmbH", "intercreditNumber": "7001", "status": {"value": "0", "name": "Active"}},
            "cceatRating": {"score": {"value": "7", "name": "Average risk"}, "date": 20260110, "comment": ""},
            "maximumCredit": {
                "indicator": {"type": {"name": "Maximum credit"}, "fromAmount": 240000, "currency": {"value": "EUR", "name": "Euro"}},
                "comment": "",
            },
            "insolvency": {"solvencyList": [], "comment": ""},
            "additionalInsolvencies": {"additionalInsolvencyList": [], "comment": ""},
            "shareholders": [{"type": {"name": "Shareholder"}, "name": "Norda Holding", "IsPerson": False}],
            "bankConnections": {"bankConnectionsList": [{"bank": {"name": "Sample Bank"}, "accountNumber": "03 1140 2026 0000 7788"}]},
        },
    }
}  # fmt: skip


class IconVendor(Vendor):
    path = "coface"
    column = "coface_id"
    secrets = ("coface_password", "coface_api_key")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.asked: Counter[str] = Counter()

    @classmethod
    def company(cls, number: int) -> str:
        return f"icon#{7000 + number}"

    @classmethod
    def settings(cls, url: str) -> dict[str, str]:
        return {
            "coface_base_url": f"{url}/coface", "coface_login_url": f"{url}/coface", "coface_username": "us", "coface_password": "pw",
            "coface_api_key": KEY, "coface_cost_per_pull": "4.20", "bureau_patience_hours": "0.002",
        }  # fmt: skip

    def answer(self, request: Request, rest: list[str]) -> tuple[Reply, str]:
        if rest[0] == "token":
            return self._token(request), ""
        if request.headers.get("authorization") not in self.desk.tokens or not request.headers.get("x-api-key"):
            return Reply(_error(401, "invalid_token"), 401, on="unauthorised"), ""
        if rest[0] == "companies":
            return Reply([_company(request.query.get("companyName", "Norda Metall GmbH"))], 206, on="find"), ""
        if rest[0] == "countries":
            return Reply([{"code": "DE"}], on="find"), ""
        if request.method == "POST":
            return self._order(request.json())
        return self._collect(request, rest), request.query.get("customerReference", "")

    def _token(self, request: Request) -> Reply:
        given = request.json()
        wrong = str(given.get("password", "wrong")).startswith("wrong") or request.headers.get(
            "x-api-key", "wrong"
        ).startswith("wrong")
        if wrong or given.get("grantType") != "password":
            return Reply(_error(401, "unauthorized"), 401, on="token")
        return Reply({"idToken": self.desk.new_token(), "expiresIn": 3600}, on="token")

    def _order(self, given: dict[str, Any]) -> tuple[Reply, str]:
        reference = str(given.get("customerReference", ""))
        body = _listed(reference, "in-preparation")
        return self.desk.order(self, str(given.get("externalId", "")), reference, body), reference

    def _collect(self, request: Request, rest: list[str]) -> Reply:
        if rest[1] != "orders":
            reference = request.query["id"].removeprefix("publication-")
            company = self._ordered(reference)
            return Reply(self.desk.bodies.get(company, FULL), on="collect", account=company)
        reference = request.query.get("customerReference") or request.query.get("id", "").removeprefix("order-")
        company = self._ordered(reference)
        if not company:
            return Reply([], on="lookup")
        self.asked[reference] += 1
        status = "ready" if self.asked[reference] > 1 else "in-preparation"
        return Reply([_listed(reference, status)], on="lookup", account=company)

    def _ordered(self, reference: str) -> str:
        return next(iter(self.desk.orders.get((self.path, reference), [])), "")

    def change(self, body: Body, fault: str) -> Body:
        return body


def _listed(reference: str, status: str) -> Body:
    part = {"id": f"publication-{reference}", "status": status, "reportSlug": "full-report"}
    return {
        "id": f"order-{reference}", "orderDate": "2026-02-16T09:45:00.354+01:00", "status": status, "customerReference": reference,
        "publications": [part],
    }  # fmt: skip


def _company(name: str) -> Body:
    return {
        "id": "aa272cd1", "name": name, "address": {"city": "Toledo", "countryCode": "US"},
        "externalIds": [{"repositorySlug": "giid", "id": "3431"}, {"repositorySlug": "icon", "id": "7001"}],
    }  # fmt: skip


def _error(status: int, code: str) -> Body:
    return {"httpCode": status, "url": "/", "fishtag": "0", "messages": [{"code": code, "message": code}]}
