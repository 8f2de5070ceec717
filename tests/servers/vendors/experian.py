"""Experian US Businesses, all by POST: /experian/oauth2/v1/token {username, password, client_id, client_secret} (secrets that begin with
"wrong" are refused); under /experian/businessinformation/businesses/v1: /search, /multisegments, /reports/premierprofiles, /scores. Every
report that leaves is charged."""

from __future__ import annotations

from typing import Any

from healthcheck.bureaus.loopback import Reply, Request
from tests.servers.vendors.base import Body, Vendor

PRODUCT = "businessinformation/businesses/v1"
HEADER: Body = {
    "bin": "700000042", "businessName": "NORDA METAL WORKS INC", "phone": "+14195550100", "taxId": None, "dbaNames": None,
    "address": {"street": "1 FORGE LN", "city": "TOLEDO", "state": "OH", "zip": "43604", "zipExtension": "0001"},
    "customerDisputeIndicator": False,
}  # fmt: skip
SEGMENTS: Body = {
    "businessHeader": HEADER,
    "commercialScore": {
        "modelCode": "000254", "modelTitle": "INTELLISCORE PLUS V3", "score": 512, "percentileRanking": 71,
        "recommendedCreditLimitAmount": 240000, "riskClass": {"code": 2, "definition": "Low to Medium Risk"},
    },
    "commercialScoreTrends": [{"quarter": "OCT-DEC", "score": 509}],
    "fsrScore": {
        "modelCode": "000223", "modelTitle": "FINANCIAL STABILITY RISK", "score": 51, "percentileRanking": 50,
        "recommendedCreditLimitAmount": None, "riskClass": {"code": 3, "description": "MEDIUM RISK"},
    },
    "fsrScoreTrends": None,
    "creditStatus": {"combinedTradelineCount": 17, "currentDbt": 6, "combinedAccountBalance": 91800, "yearsOnFile": 22},
    "tradePaymentSummary": {"currentDbt": 6, "monthlyAverageDbt": 8, "highestDbt6Months": 14, "allTradelineCount": 28},
    "legalFilingsCollectionsSummary": {
        "legalCount": 0, "legalBalance": 0, "derogatoryLegalCount": 0, "bankruptcyIndicator": False, "bankruptcyCount": 0, "lienCount": 0,
        "judgmentCount": 0, "uccFilingsCount": 2, "uccDerogatoryCount": 0, "collectionCount": 0,
    },
    "bankruptcyDetail": None, "lienDetail": None, "judgmentDetail": None,
    "corporateRegistration": {
        "stateOfOrigin": "OH", "statusDescription": "GOOD STANDING", "domesticForeignIndicator": "Domestic filing state",
        "businessType": "Corporation",
    },
    "corporateLinkagePartial": [
        {"corporateLinkageType": "Ultimate Parent", "bin": "", "businessName": "NORDA WORLDWIDE SA", "matchingBusinessIndicator": False},
        {"corporateLinkageType": "Headquarters/Parent", "bin": "700000041", "businessName": "NORDA HOLDING INC"},
        {"corporateLinkageType": "Subsidiary", "bin": "700000042", "businessName": "NORDA METAL WORKS INC",
        "matchingBusinessIndicator": True},
    ],
    "commercialBankInformation": [{"institutionName": "SAMPLE BANK NA", "relationship": "Checking", "closeDate": None}],
}  # fmt: skip
TROUBLE: Body = {
    "success": False,
    "errors": [{"errorCode": 500, "errorType": "Segment", "message": "commercialScore is not available"}],
}
CANDIDATE: Body = {
    "bin": "700000042", "reliabilityCode": 97.4, "businessName": "NORDA METAL WORKS INC", "address": HEADER["address"],
    "numberOfTradelines": 28, "matchingNameAndAddress": None,
}  # fmt: skip
UNAUTHORISED: Body = {
    "requestId": "C0", "success": False,
    "errors": [{"errorCode": 401, "errorType": "Unauthorized", "message": "Access token is invalid"}],
}  # fmt: skip


def answered(**changes: Any) -> Body:
    """A whole answer; ``changes`` to its results."""
    return {"requestId": "C600000042", "success": True, "comments": "key-1", "results": {**SEGMENTS, **changes}}


class BusinessesVendor(Vendor):
    path = "experian"
    column = "bin"
    secrets = ("experian_password", "experian_client_secret")

    @classmethod
    def company(cls, number: int) -> str:
        return f"{700_000_000 + number}"

    @classmethod
    def settings(cls, url: str) -> dict[str, str]:
        return {
            "experian_base_url": f"{url}/experian", "experian_username": "us", "experian_password": "pass-word",
            "experian_client_id": "client", "experian_client_secret": "a-secret", "experian_subcode": "0517614",
            "experian_cost_per_pull": "4.20",
        }  # fmt: skip

    def answer(self, request: Request, rest: list[str]) -> tuple[Reply, str]:
        given, path = request.json(), "/".join(rest).rstrip("/")
        if request.method != "POST":
            return Reply(None, 405, on="elsewhere"), ""
        if path == "oauth2/v1/token":
            return self._token(given), ""
        company, reference = str(given.get("bin", "")), str(given.get("comments", ""))
        if not self.lets_in(request):
            return Reply(UNAUTHORISED, 401, on="unauthorised", account=company), reference
        if not given.get("subcode"):
            return Reply({"requestId": "C0", "success": False, "errors": []}, 400, on="elsewhere"), reference
        if path == f"{PRODUCT}/search":
            found = {**CANDIDATE, "businessName": str(given.get("name", "")).upper()}
            return Reply({"request-id": "C0", "status": "success", "results": [found]}, on="find"), ""
        body = answered(businessHeader={**HEADER, "bin": company}) | {"comments": reference}
        return self.desk.order(self, company, reference, self.desk.bodies.get(company, body)), reference

    def _token(self, given: Body) -> Reply:
        said = [str(given.get(name, "")) for name in ("username", "password", "client_id", "client_secret")]
        if not all(said) or any(word.startswith("wrong") for word in said):
            return Reply({"errors": [{"errorType": "Unauthorized", "message": "Invalid"}]}, 401, on="token")
        token = {"access_token": self.desk.new_token(), "expires_in": "1800", "token_type": "Bearer"}
        return Reply(token | {"refresh_token": "r", "issued_at": "1772442000000"}, on="token")

    def change(self, body: Body, fault: str) -> Body:
        results = body["results"]
        if fault == "failed_section":
            body |= TROUBLE
            results |= {"commercialScore": None, "fsrScore": None}
        elif fault == "sentinels":
            code = {
                "score": 999,
                "percentileRanking": 999,
                "recommendedCreditLimitAmount": 0,
                "riskClass": {"code": 999},
            }
            results |= {
                "commercialScore": code,
                "fsrScore": code,
                "creditStatus": None,
                "tradePaymentSummary": {"currentDbt": 999},
            }
        return body
