from __future__ import annotations

import csv
import json
from typing import ClassVar

import pytest

from healthcheck.bureaus.base import Subject
from healthcheck.bureaus.creditsafe import Creditsafe
from healthcheck.bureaus.dnb import Dnb
from healthcheck.bureaus.experian import Experian
from healthcheck.bureaus.file import FileBureau
from healthcheck.bureaus.http_testing import HttpConformance
from healthcheck.bureaus.testing import DAY, SUBJECT, Conformance
from healthcheck.settings import load
from tests.servers.adapters import KeyBureau, LookupBureau
from tests.servers.bureau import NORMAL
from tests.servers.vendors import dnb, experian
from tests.servers.vendors.creditsafe import CREDITSAFE
from tests.servers.vendors.dnb import DirectPlusVendor
from tests.servers.vendors.experian import BusinessesVendor


class TestFileJson(Conformance):
    def bureau(self, body, tmp_path):
        (tmp_path / f"{SUBJECT.account}_{DAY}.json").write_text(json.dumps(body), encoding="utf-8")
        return FileBureau(load(file_folder=str(tmp_path)))


class TestFileCsv(Conformance):
    def bureau(self, body, tmp_path):
        cells = {
            "account": SUBJECT.account,
            "date": body["reported_on"],
            **_flat({**body, "legal": None, **body["legal"][0]}),
        }
        with (tmp_path / "reports.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, cells)
            writer.writeheader()
            writer.writerow(cells)
        return FileBureau(load(file_folder=str(tmp_path)))


def _flat(body):
    cells = {}
    for name, value in body.items():
        if name in ("kind", "open", "amount", "date", "ref"):
            cells[f"legal_{name}"] = value
        elif isinstance(value, dict):
            cells |= {f"{name}_{part}": "|".join(v) if isinstance(v, list) else v for part, v in value.items()}
        elif name != "reported_on":
            cells[name] = "|".join(value) if isinstance(value, list) else value
    return cells


class TestCreditsafe(HttpConformance):
    report: ClassVar = {"failedSections": [], "report": {"companyId": "DE-0-HRB1", **CREDITSAFE}}
    where: ClassVar = {
        "score": "report.creditScore", "limit": "report.creditScore.currentCreditRating.creditLimit", "payment": "report.paymentData",
        "legal": "report.negativeInformation", "ownership": "report.shareCapitalStructure", "status": "report.companySummary",
        "banks": "report.otherInformation",
    }  # fmt: skip
    numbers: ClassVar = {
        "score.value": "report.creditScore.currentCreditRating.providerValue.value",
        "limit.amount": "report.creditScore.currentCreditRating.creditLimit.value",
        "payment.dbt": "report.paymentData.dbt",
        "payment.industry": "report.paymentData.industryDBT",
    }
    failed = ("score", {"failedSections": ["CreditScore"], "report": {**CREDITSAFE, "creditScore": None}})
    log_in = "/v1/authenticate"
    token: ClassVar = {"token": "jwt"}
    subject = Subject("C042", name="Norda Metall GmbH", country="DE", ids={"creditsafe_id": "DE-0-HRB1"})

    def adapter(self, url, limits):
        return Creditsafe(
            load(
                creditsafe_base_url=f"{url}/v1", creditsafe_username="u", creditsafe_password="open sesame",
                creditsafe_cost_per_pull="4.20", allowed_private_hosts="127.0.0.1",
            ),
            limits,
        )  # fmt: skip


class TestDnb(HttpConformance):
    report: ClassVar = dnb.answered()
    where: ClassVar = {
        "score": "organization.dnbAssessment", "limit": "organization.dnbAssessment.creditLimitRecommendation",
        "payment": "organization.businessTrading", "legal": "organization.legalEvents", "ownership": "organization.corporateLinkage",
        "status": "organization.dunsControlStatus", "banks": "organization.banks",
    }  # fmt: skip
    numbers: ClassVar = {
        "score.value": "organization.dnbAssessment.failureScore.nationalPercentile",
        "limit.amount": "organization.dnbAssessment.creditLimitRecommendation.maximumRecommendedLimit.value",
    }
    failed = (
        "score",
        {**dnb.answered(), "blockStatus": [{"blockID": "financialstrengthinsight_L2_v1", "status": "error"}]},
    )
    log_in = "/v2/token"
    token: ClassVar = {"access_token": "jwt", "expiresIn": 86400}
    subject = Subject("C042", name="Norda Metal Works Inc", country="US", ids={"duns": "001234567"})

    def adapter(self, url, limits):
        given = DirectPlusVendor.settings(url) | {"dnb_base_url": url}
        return Dnb(load(**given, allowed_private_hosts="127.0.0.1"), limits)


class TestExperian(HttpConformance):
    report: ClassVar = experian.answered(fsrScore=None, tradePaymentSummary=None)
    where: ClassVar = {
        "score": "results.commercialScore", "limit": "results.commercialScore.recommendedCreditLimitAmount",
        "payment": "results.creditStatus",
        "legal": "results.legalFilingsCollectionsSummary", "ownership": "results.corporateLinkagePartial",
        "status": "results.corporateRegistration", "banks": "results.commercialBankInformation",
    }  # fmt: skip
    numbers: ClassVar = {
        "score.value": "results.commercialScore.percentileRanking",
        "limit.amount": "results.commercialScore.recommendedCreditLimitAmount",
        "payment.dbt": "results.creditStatus.currentDbt",
    }
    failed = ("score", experian.answered(commercialScore=None, fsrScore=None) | experian.TROUBLE)
    log_in = "/oauth2/v1/token"
    token: ClassVar = {"access_token": "jwt", "expires_in": "1800", "token_type": "Bearer"}
    subject = Subject("C042", name="Norda Metal Works Inc", country="US", ids={"bin": "700000042"})

    def adapter(self, url, limits):
        given = BusinessesVendor.settings(url) | {"experian_base_url": url}
        return Experian(load(**given, allowed_private_hosts="127.0.0.1"), limits)


class _Generic(HttpConformance):
    report: ClassVar = {"orders": [], "report": NORMAL}
    where: ClassVar = {
        name: f"report.{name}" for name in ("score", "limit", "payment", "ownership", "status", "legal")
    } | {"banks": "report.banks_on_file", "filings": "report.filings_overdue"}
    numbers: ClassVar = {
        name: f"report.{name}" for name in ("score.value", "limit.amount", "payment.dbt", "payment.paydex")
    }
    failed = ("limit", {"report": {**NORMAL, "sections": {"limit": "failed"}}})

    def adapter(self, url, limits):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TEST_BUREAU_URL", url)
            patch.setenv("TEST_BUREAU_READ", str(limits.read))
            return self.made(load())


class TestKeyBureau(_Generic):
    made = KeyBureau


class TestLookupBureau(_Generic):
    made = LookupBureau
