"""Creditsafe Connect: POST /v1/authenticate {username, password} -> {token} (passwords that begin with "wrong" are refused); GET
/v1/companies/{connectId}?callRef= ; GET /v1/companies?name= (finds C-NAME). Every report that leaves is charged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from healthcheck.bureaus.loopback import Reply, Request
from tests.servers.vendors.base import Body, Vendor

_RATING = {
    "commonValue": "B", "commonDescription": "Low Risk", "creditLimit": {"currency": "EUR", "value": "240000"},
    "providerValue": {"minValue": "0", "maxValue": "100", "value": "71"}, "providerDescription": "Low Risk",
}  # fmt: skip
CREDITSAFE: Body = {
    "companySummary": {"businessName": "Norda Metall GmbH", "country": "DE", "companyStatus": {"status": "Active"}},
    "creditScore": {"currentCreditRating": _RATING, "latestRatingChangeDate": "2026-02-11T00:00:00Z"},
    "paymentData": {"dbt": 6, "industryDBT": 9, "paymentTrend": "Stable"},
    "negativeInformation": {"ccjSummary": {"exactRegistered": 0, "possibleRegistered": 0}},
    "otherInformation": {"bankers": [{"name": "Sample Bank", "bankCode": None, "bic": "COBADEFF"}]},
    "shareCapitalStructure": {"shareHolders": [{"name": "Norda Holding"}]},
}  # fmt: skip


class ConnectVendor(Vendor):
    path = "v1"
    column = "creditsafe_id"
    secrets = ("creditsafe_password",)

    @classmethod
    def settings(cls, url: str) -> dict[str, str]:
        return {
            "creditsafe_base_url": f"{url}/v1", "creditsafe_username": "us", "creditsafe_password": "pw",
            "creditsafe_cost_per_pull": "4.20",
        }  # fmt: skip

    def answer(self, request: Request, rest: list[str]) -> tuple[Reply, str]:
        reference = request.query.get("callRef", "")
        if rest[0] == "authenticate":
            return self._token(request.json()), ""
        if not self.lets_in(request):
            return Reply({"error": "token"}, 401, on="unauthorised", account=rest[1]), reference
        if not rest[1]:
            return Reply(_companies(request.query.get("name", "")), on="find"), reference
        return self.desk.order(self, rest[1], reference, self._report(rest[1])), reference

    def _token(self, given: Mapping[str, Any]) -> Reply:
        if not given.get("username") or str(given.get("password", "wrong")).startswith("wrong"):
            return Reply({"error": "Invalid credentials"}, 401, on="token")
        return Reply({"token": self.desk.new_token()}, on="token")

    def _report(self, company: str) -> Body:
        report = self.desk.bodies.get(company, CREDITSAFE)
        head = {"companyId": company, "language": "EN"}
        return {"correlationId": "0", "failedSections": [], "report": {**head, **report}}

    def change(self, body: Body, fault: str) -> Body:
        report = body["report"]
        if fault == "failed_section":
            body["failedSections"] = ["CreditScore"]
            report.pop("creditScore", None)
        elif fault == "sentinels":
            codes = {
                "creditLimit": {"value": "no limit advised"},
                "providerValue": {"value": "999"},
                "commonValue": None,
            }
            report["creditScore"]["currentCreditRating"] |= codes
            report["paymentData"]["dbt"] = 999
        return body


def _companies(name: str) -> Body:
    found = [{"id": f"C-{name}", "name": name, "country": "DE", "status": "Active", "address": {"city": "Hagen"}}]
    return {"totalSize": len(found), "companies": found}
