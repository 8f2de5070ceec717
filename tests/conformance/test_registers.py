"""The public registers, which cost nothing."""

from __future__ import annotations

from typing import ClassVar

from healthcheck.bureaus.base import Subject
from healthcheck.bureaus.companies_house import CompaniesHouse
from healthcheck.bureaus.http_testing import HttpConformance
from healthcheck.bureaus.sec_edgar import SecEdgar
from healthcheck.settings import load
from tests.servers.registers import CHARGES, INSOLVENCY, OWNERS, PROFILE, submissions

COMPANY = "/company/01234567"


class TestCompaniesHouse(HttpConformance):
    paid = False
    report: ClassVar = PROFILE
    others: ClassVar = {
        f"{COMPANY}/charges": CHARGES, f"{COMPANY}/insolvency": INSOLVENCY, f"{COMPANY}/persons-with-significant-control": OWNERS,
        "/search/companies": {"items": [{"title": "NORDA METALS LTD", "company_number": "01234567"}]},
    }  # fmt: skip
    where: ClassVar = {"status": "company_status", "filings": "accounts"}
    subject = Subject("C042", name="Norda Metals Ltd", country="GB", ids={"company_number": "1234567"})

    def adapter(self, url, limits):
        key = {"companies_house_api_key": "open sesame", "companies_house_base_url": url}
        return CompaniesHouse(load(**key, allowed_private_hosts="127.0.0.1"), limits)


SUBMISSIONS = submissions(("10-Q", "2026-02-05"), ("8-K", "2026-01-10", "5.02,9.01"))


class TestSecEdgar(HttpConformance):
    paid = False
    report: ClassVar = SUBMISSIONS
    where: ClassVar = {
        "filings": "filings.recent",
        "legal": "filings.recent.items",
        "ownership": "filings.recent.items",
    }
    failed = ("legal", {"filings": {"recent": SUBMISSIONS["filings"]["recent"] | {"items": ["5.02"]}}})
    subject = Subject("C042", name="Norda Metals Inc", country="US", ids={"cik": "1234567"})

    def adapter(self, url, limits):
        who = {"sec_edgar_user_agent": "Norda Nord credit@nordwind.example", "sec_edgar_base_url": url}
        return SecEdgar(load(**who, allowed_private_hosts="127.0.0.1"), limits)
