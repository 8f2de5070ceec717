"""D&B Direct+: POST /dnb/v2/token (Basic, JSON) and /dnb/v3/token (Basic, a form); GET /dnb/v1/data/duns/{duns}?blockIDs= ; GET
/dnb/v1/match/cleanseMatch. Secrets that begin with "wrong" are refused; every report that leaves is charged."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from healthcheck.bureaus.loopback import Reply, Request
from tests.servers.vendors.base import Body, Vendor

BLOCKS = (
    "companyinfo_L2_v1",
    "financialstrengthinsight_L2_v1",
    "paymentinsight_L1_v1",
    "eventfilings_L1_v1",
    "hierarchyconnections_L1_v1",
    "baseinfo_L1_v1",
)
ORGANIZATION: Body = {
    "duns": "001234567", "primaryName": "Norda Metal Works Inc", "countryISOAlpha2Code": "US", "defaultCurrency": "USD",
    "dunsControlStatus": {
        "operatingStatus": {"description": "Active", "dnbCode": 9074, "startDate": None}, "isDelisted": False, "isMarketable": True,
    },
    "isHighRiskBusiness": None, "isDeterioratingBusiness": None,
    "dnbAssessment": {
        "failureScore": {
            "nationalPercentile": 71.0, "classScore": 2.0, "classScoreDescription": "Moderate risk", "scoreDate": "2026-02-10",
            "scoreModel": {"description": "US FSS 7.1", "dnbCode": 19891}, "scoreOverrideReasons": [],
        },
        "delinquencyScore": {
            "nationalPercentile": 64.0, "classScore": 3, "scoreDate": "2026-02-10",
            "scoreModel": {"description": "US DEL 8.0", "dnbCode": 25165},
        },
        "standardRating": {
            "rating": "3A2", "financialStrength": "3A", "riskSegment": "2", "scoreDate": "2026-02-10", "ratingReason": [],
            "ratingOverrideReasons": [],
        },
        "creditLimitRecommendation": {
            "maximumRecommendedLimit": {"value": 240000.0, "currency": "USD"},
            "averageRecommendedLimit": {"value": 90000.0, "currency": "USD"},
            "assessmentDate": "2026-02-10",
        },
        "hasSevereNegativeEvents": False, "nordicAAARating": {}, "historyRating": {},
    },
    "businessTrading": [{
        "summaryDate": "2026-02-10",
        "summary": [{
            "dataCoverage": {"description": "24 Months", "dnbCode": 24186}, "paydexScore": 74, "paymentBehaviorDays": 9,
            "paymentBehaviorResult": {"description": "Beyond terms", "dnbCode": 1239}, "totalExperiencesCount": 28,
        }],
    }],
    "legalEvents": {
        "hasLegalEvents": False, "hasOpenLegalEvents": False, "hasBankruptcy": False, "hasOpenBankruptcy": False, "hasInsolvency": False,
        "hasLiquidation": False, "hasSuspensionOfPayments": False, "hasJudgments": False, "hasOpenJudgments": False, "hasLiens": False,
        "hasOpenLiens": False, "hasSuits": False, "hasOpenSuits": False, "hasClaims": False, "hasFinancialEmbarrassment": False,
        "hasCriminalProceedings": False, "hasDebarments": None, "hasOpenDebarments": None,
    },
    "financingEvents": {"hasFinancingEvents": False, "hasSecuredFilings": False, "hasOpenSecuredFilings": False},
    "significantEvents": {
        "hasSignificantEvents": False, "hasBusinessDiscontinued": None, "hasNameChange": None, "hasPartnerChange": None,
        "hasCEOChange": None, "hasControlChange": None,
    },
    "controlOwnershipDate": "2007-12-06",
    "corporateLinkage": {
        "familytreeRolesPlayed": [{"description": "Subsidiary", "dnbCode": 9159}], "hierarchyLevel": 2, "headQuarter": {},
        "parent": {"duns": "001234599", "primaryName": "Norda Holding Inc"},
        "globalUltimate": {"duns": "001234598", "primaryName": "Norda Worldwide SA"},
    },
    "banks": [{"name": "Sample Bank NA", "telephone": [], "registrationNumbers": []}],
}  # fmt: skip
CANDIDATE: Body = {
    "displaySequence": 1,
    "organization": {
        "duns": "001234567", "primaryName": "NORDA METAL WORKS INC",
        "dunsControlStatus": {"operatingStatus": {"description": "Active", "dnbCode": 9074}},
        "primaryAddress": {"addressCountry": {"isoAlpha2Code": "US"}, "addressLocality": {"name": "Toledo"}, "addressRegion": {}},
        "mailingAddress": {}, "registrationNumbers": [],
    },
    "matchQualityInformation": {"confidenceCode": 9, "matchGrade": "AAAAZZAAFAZ", "nameMatchScore": 100.0},
}  # fmt: skip


def answered(**changes: Any) -> Body:
    """A whole answer; ``changes`` to the organization."""
    return {
        "transactionDetail": {"transactionID": "rrt-0-0", "inLanguage": "en-US"},
        "inquiryDetail": {"duns": "001234567", "blockIDs": list(BLOCKS[:-1]), "tradeUp": "hq"},
        "organization": {**ORGANIZATION, **changes},
        "blockStatus": [{"blockID": block, "status": "ok", "reason": None} for block in BLOCKS],
    }


def refused(code: str, said: str) -> Body:
    return {"transactionDetail": {"transactionID": "rrt-0-1"}, "error": {"errorMessage": said, "errorCode": code}}


class DirectPlusVendor(Vendor):
    path = "dnb"
    column = "duns"
    secrets = ("dnb_key", "dnb_secret")

    @classmethod
    def company(cls, number: int) -> str:
        return f"{number + 1:09}"

    @classmethod
    def settings(cls, url: str) -> dict[str, str]:
        return {"dnb_base_url": f"{url}/dnb", "dnb_key": "a-key", "dnb_secret": "a-secret", "dnb_cost_per_pull": "4.20"}

    def answer(self, request: Request, rest: list[str]) -> tuple[Reply, str]:
        if rest[1] == "token":
            return self._token(request, rest[0]), ""
        reference = request.query.get("customerReference", "")
        if not self.lets_in(request):
            return Reply(
                refused("00004", "You are not authorised"), 401, on="unauthorised", account=rest[-2]
            ), reference
        if rest[1] == "match":
            found = request.query.get("name", "").upper()
            company = CANDIDATE["organization"] | ({"primaryName": found} if found else {})
            return Reply(
                {"candidatesMatchedQuantity": 1, "matchCandidates": [{**CANDIDATE, "organization": company}]}, on="find"
            ), ""
        duns = rest[3]
        return self.desk.order(self, duns, reference, self.desk.bodies.get(duns, answered(duns=duns))), reference

    def _token(self, request: Request, version: str) -> Reply:
        """Each version takes its own body and no other."""
        pair = b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
        kind = request.headers.get("content-type", "").partition(";")[0]
        grant = {"v2": ("application/json", {"grant_type": "client_credentials"}),
                 "v3": ("application/x-www-form-urlencoded", b"grant_type=client_credentials")}  # fmt: skip
        if (kind, request.json() if version == "v2" else request.body) != grant[version]:
            return Reply(refused("00040", "Bad grant"), 400, on="token")
        key, _, secret = pair.partition(":")
        if not key or secret.startswith("wrong"):
            return Reply(refused("00003", "You provided an invalid credential"), 401, on="token")
        lasts = {"v2": "expiresIn", "v3": "expires_in"}[version]
        return Reply({"access_token": self.desk.new_token(), lasts: 86400}, on="token")

    def change(self, body: Body, fault: str) -> Body:
        assessment = body["organization"]["dnbAssessment"]
        if fault == "failed_section":
            body["organization"].pop("dnbAssessment")
            body["blockStatus"][1] |= {"status": "error", "reason": "The block is temporarily unavailable"}
        elif fault == "sentinels":
            assessment |= {
                "failureScore": {},
                "delinquencyScore": {},
                "standardRating": {},
                "creditLimitRecommendation": {},
            }
            body["organization"]["businessTrading"][0]["summary"][0] |= {
                "paydexScore": None,
                "paymentBehaviorDays": None,
            }
        return body
