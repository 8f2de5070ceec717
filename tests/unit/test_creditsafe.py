"""What Creditsafe's answers mean; shapes after the vendor's contract, companies and figures made up."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal

import pytest
import responses
from responses.matchers import header_matcher, json_params_matcher, query_param_matcher

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import SECTIONS, Legal, Report, Subject
from healthcheck.bureaus.creditsafe import Creditsafe
from healthcheck.bureaus.creditsafe_report import to_report
from healthcheck.errors import UsageError
from healthcheck.settings import load
from tests.servers.vendors.creditsafe import CREDITSAFE

DAY = date(2026, 3, 2)
URL = "https://connect.sandbox.creditsafe.com/v1"
LINKED = Subject("C042", name="Norda Metall GmbH", country="DE", ids={"creditsafe_id": "DE-0-HRB1"})


@pytest.fixture
def bureau(request):
    """With credentials of its own for each test: a log-in is shared within a process."""
    return Creditsafe(
        load(creditsafe_username=request.node.name, creditsafe_password="open sesame", creditsafe_cost_per_pull="4.20")
    )


@pytest.fixture
def vendor(request):
    with responses.RequestsMock() as mock:
        said = {"username": request.node.name, "password": "open sesame"}
        mock.post(f"{URL}/authenticate", json={"token": "jwt"}, match=[json_params_matcher(said)])
        yield mock


def whole(**changes):
    return {"correlationId": "1", "failedSections": [], "report": {"companyId": "DE-0-HRB1", **CREDITSAFE, **changes}}


def read(**changes):
    return to_report(whole(**changes), DAY)


# ---- the calls


def test_a_report_is_asked_with_our_key_and_a_reason_in_germany(bureau, vendor):
    asked = {"language": "en", "template": "full", "callRef": "key-1", "customData": "de_reason_code::1"}
    bearer = header_matcher({"Authorization": "Bearer jwt"})
    vendor.get(f"{URL}/companies/DE-0-HRB1", json=whole(), match=[query_param_matcher(asked), bearer])
    ready = bureau.order(LINKED, DAY, "key-1")
    assert ready.report.bureau == "creditsafe"
    assert ready.report.reported_on == DAY
    assert b"Norda Metall" in ready.raw


def test_no_reason_is_given_elsewhere(bureau, vendor):
    asked = {"language": "en", "template": "full", "callRef": "k"}
    vendor.get(f"{URL}/companies/GB-0-1", json=whole(), match=[query_param_matcher(asked)])
    bureau.order(Subject("C1", ids={"creditsafe_id": "GB-0-1"}), DAY, "k")


def test_an_account_that_is_not_linked_asks_nobody(bureau):
    with pytest.raises(answers.NotFound, match="C042 is not linked; see: healthcheck bureaus find C042"):
        bureau.order(Subject("C042"), DAY, "k")


def test_an_answer_without_a_report_may_have_been_charged(bureau, vendor):
    vendor.get(f"{URL}/companies/DE-0-HRB1", json={"correlationId": "1"})
    with pytest.raises(answers.Malformed, match="without a report"):
        bureau.order(LINKED, DAY, "k")


def test_candidates_by_number_are_sure_and_by_name_as_like_as_their_names(bureau, vendor):
    found = {"totalSize": 2, "companies": [
        {"id": "DE-1", "name": "Nordstern Logistik", "country": "DE", "address": {"city": "Kiel"}},
        {"id": "DE-2", "name": "NORDA METALL GMBH", "country": "DE", "address": None}, {"name": "no id"},
    ]}  # fmt: skip
    by_name = query_param_matcher({"countries": "DE", "name": "Norda Metall GmbH", "page": "1", "pageSize": "20"})
    by_number = query_param_matcher({"countries": "DE", "regNo": "HRB 1", "page": "1", "pageSize": "20"})
    vendor.get(f"{URL}/companies", json=found, match=[by_name])
    vendor.get(f"{URL}/companies", json=found, match=[by_number])
    first, second = bureau.find(LINKED)
    assert (first.id, first.confidence, second.id, second.city) == ("DE-2", 0.9, "DE-1", "Kiel")
    assert second.confidence < 0.6
    numbered = bureau.find(Subject("C042", name="Norda Metall GmbH", country="de", ids={"company_number": "HRB 1"}))
    assert [one.confidence >= 0.8 for one in numbered] == [True, True]
    with pytest.raises(answers.Rejected, match="has no country"):
        bureau.find(Subject("C042", name="Norda"))


def test_no_credentials_ask_nobody():
    with pytest.raises(answers.AuthFailed, match="HEALTHCHECK_CREDITSAFE_USERNAME"):
        Creditsafe(load()).order(LINKED, DAY, "k")


def test_a_price_that_is_not_set_is_not_a_price_of_nought():
    with pytest.raises(UsageError, match="price not set; set HEALTHCHECK_CREDITSAFE_COST_PER_PULL"):
        Creditsafe(load()).cost()
    assert Creditsafe(load(creditsafe_cost_per_pull="0")).cost() == 0
    assert Creditsafe(load(creditsafe_cost_per_pull="4.20")).cost() == Decimal("4.20")


def test_it_is_in_the_registry_and_its_rate_is_as_set(monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_CREDITSAFE_RATE_LIMIT", "30")
    bureau = registry.load("creditsafe", load())
    assert (bureau.name, bureau.idempotency, bureau.rate_limit()) == ("creditsafe", "none", 30)
    monkeypatch.setenv("HEALTHCHECK_CREDITSAFE_RATE_LIMIT", "")
    assert registry.load("creditsafe", load()).rate_limit() is None


# ---- the report


def test_a_good_report_fills_all_sections_but_the_one_it_does_not_have():
    report = read()
    assert {name for name in SECTIONS if not report.has(name)} == {"filings"}
    assert (report.score.band, report.score.value, report.score.model) == ("B", 71, "DE 0-100")
    assert report.score.bands == ("A", "B", "C", "D", "E")
    assert report.score.as_of == date(2026, 2, 11)
    assert (report.limit.amount, report.limit.currency) == (240000, "EUR")
    assert (report.payment.dbt, report.payment.industry, report.payment.trend) == (6, 9, "Stable")
    assert (report.legal, report.banks_on_file, report.status) == ((), ("COBADEFF",), "active")
    assert Report.from_json(report.to_json()) == report


def test_keys_are_found_whatever_their_case():
    def shout(part):
        if isinstance(part, dict):
            return {name.upper(): shout(value) for name, value in part.items()}
        return [shout(one) for one in part] if isinstance(part, list) else part

    assert to_report(shout(whole()), DAY) == read()


@pytest.mark.parametrize(
    "shape", [["CreditScore"], [{"section": "creditScore"}], [{"Name": "Credit Score", "reason": "x"}]]
)
def test_a_section_that_failed_inside_a_200_is_failed_not_missing(shape):
    report = to_report(whole() | {"failedSections": shape}, DAY)
    assert (report.sections["score"], report.sections["limit"], report.sections["legal"]) == ("failed", "failed", "ok")
    assert report.score.band is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("creditScore", {"score", "limit"}), ("paymentData", {"payment"}), ("negativeInformation", {"legal"}),
     ("shareCapitalStructure", {"ownership"}), ("companySummary", {"status"}), ("otherInformation", {"banks"})],
)  # fmt: skip
def test_what_is_absent_empty_or_null_is_missing_never_clean(theirs, ours):
    for nothing in (None, {}, {"whatever": None}):
        sections = read(**{theirs: nothing}).sections
        assert {name for name in ours if sections[name] != "missing"} == set()


def test_legal_information_that_says_nothing_is_missing():
    empty = {"ccjSummary": {"exactRegistered": None}, "countyCourtJudgements": {"registered": {"exact": []}}}
    assert read(negativeInformation=empty).sections["legal"] == "missing"
    assert read(negativeInformation={"ccjSummary": {"exactRegistered": 0}}).has("legal")


@pytest.mark.parametrize("sentinel", [998, "999", "NA", "", None, {}, "no limit advised"])
def test_a_sentinel_is_no_number(sentinel):
    rating = deepcopy(CREDITSAFE["creditScore"])
    rating["currentCreditRating"]["providerValue"]["value"] = sentinel
    rating["currentCreditRating"]["creditLimit"]["value"] = sentinel
    rating["currentCreditRating"]["commonValue"] = sentinel if sentinel != {} else None
    report = read(creditScore=rating, paymentData={"dbt": sentinel})
    assert (report.score.value, report.score.band, report.limit.amount, report.payment.dbt) == (None, None, None, None)
    assert not any(report.has(name) for name in ("score", "limit", "payment"))


def test_a_field_that_cannot_be_read_costs_its_section_alone():
    rating = deepcopy(CREDITSAFE["creditScore"])
    rating["currentCreditRating"]["creditLimit"]["value"] = "24O,000"
    bad = {"legalFilingSummary": {"taxLienFilings": "1O"}}
    report = read(creditScore=rating, negativeInformation=bad)
    assert (report.sections["limit"], report.sections["legal"], report.score.band) == ("failed", "failed", "B")


def test_judgments_one_by_one_or_counted():
    rows = [
        {"ccjDate": "2026-02-11T00:00:00Z", "ccjAmount": 12000.5, "caseNumber": "7 C 12/26", "ccjStatus": "JG", "ccjPaidDate": None},
        {"ccjDate": "2025-02-11T00:00:00Z", "ccjAmount": 10, "caseNumber": "8", "ccjStatus": "SS", "ccjPaidDate": "2025-03-01T00:00:00Z"},
    ]  # fmt: skip
    told = {"ccjSummary": {"exactRegistered": 2}, "countyCourtJudgements": {"registered": {"exact": rows}}}
    first, second = read(negativeInformation=told).legal
    assert first == Legal("judgment", True, Decimal("12000.5"), date(2026, 2, 11), "7 C 12/26")
    assert (second.open, second.ref) == (False, "8")
    assert read(negativeInformation={"ccjSummary": {"exactRegistered": 2}}).legal == (
        Legal("judgment", ref="2 on file"),
    )


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        ({"insolvencyInformation": {"insolvencyEvents": [{"date": "2026-01-05"}]}}, ["insolvency"]),
        ({"bankruptcy": {"hasBankruptcy": True}}, ["bankruptcy"]),
        ({"bankruptcy": {"hasBankruptcy": False}}, []),
        ({"legalFilingSummary": {"bankruptcy": "Yes", "taxLienFilings": 2, "judgmentFilings": 0}}, ["bankruptcy", "lien"]),
        ({"legalFilingSummary": {"bankruptcy": "No", "taxLienFilings": 0, "judgmentFilings": "3"}}, ["judgment"]),
    ],
)  # fmt: skip
def test_legal_events_of_other_countries(told, kinds):
    report = read(negativeInformation=told)
    assert [event.kind for event in report.legal] == kinds
    assert report.has("legal")


@pytest.mark.parametrize(
    ("status", "description", "expected"),
    [
        ("Active", "Active - Accounts Filed", "active"), ("Active", None, "active"),
        ("Active", "Active - Proposal to Strike Off", "strike_off"),
        ("NonActive", "In Liquidation", "liquidation"), ("NonActive", "", "non-active"), ("Pending", "Pending", None),
        ("Other", None, None),
        ("Other", "Insolvency proceedings", "insolvency"), (None, None, None),
    ],
)  # fmt: skip
def test_status(status, description, expected):
    summary = {"companyStatus": {"status": status, "description": description}}
    assert read(companySummary=summary).status == expected


def test_another_country_or_scale_is_another_model():
    changed = deepcopy(CREDITSAFE["creditScore"])
    changed["currentCreditRating"]["providerValue"]["maxValue"] = "600"
    assert (
        len(
            {
                read().score.model,
                read(creditScore=changed).score.model,
                read(companySummary={"country": "GB"}).score.model,
            }
        )
        == 3
    )


def test_the_shape_of_the_vendors_sample_is_understood(shared):
    import json

    sample = json.loads((shared / "data/bureau_samples/creditsafe/company_report_SYNTHETIC_gb.json").read_text())
    report = to_report(sample, DAY)
    assert {name for name in SECTIONS if not report.has(name)} == {"filings", "ownership"}
    assert [event.open for event in report.legal] == [True]
