"""What Experian's answers mean; shapes after the vendor's own collection and contract, companies and figures made up."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
import responses
from responses.matchers import header_matcher, json_params_matcher

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import SECTIONS, Legal, Report, Subject
from healthcheck.bureaus.experian import Experian
from healthcheck.bureaus.experian_report import to_report
from healthcheck.errors import UsageError
from healthcheck.settings import load
from tests.servers.vendors.experian import CANDIDATE, PRODUCT, SEGMENTS, TROUBLE, UNAUTHORISED, answered

DAY = date(2026, 3, 2)
HOST = "https://sandbox-us-api.experian.com"
URL = f"{HOST}/{PRODUCT}"
LINKED = Subject("C042", name="Norda Metal Works Inc", country="US", city="Toledo", ids={"bin": "700000042"})
HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>An error occurred.</h1></body></html>"


@pytest.fixture
def settings(request):
    """Credentials of their own for each test: a log-in is shared within a process."""
    return {
        "experian_username": request.node.name, "experian_password": "open sesame", "experian_client_id": "client",
        "experian_client_secret": "a secret", "experian_subcode": "0517614", "experian_cost_per_pull": "4.20",
    }  # fmt: skip


@pytest.fixture
def bureau(settings):
    return Experian(load(**settings))


@pytest.fixture
def vendor(settings):
    said = {name: settings[f"experian_{name}"] for name in ("username", "password", "client_id", "client_secret")}
    with responses.RequestsMock() as mock:
        token = {"access_token": "jwt", "expires_in": "1800", "token_type": "Bearer", "refresh_token": "r"}
        mock.post(f"{HOST}/oauth2/v1/token", json=token, match=[json_params_matcher(said)])
        yield mock


def read(**changes):
    return to_report(answered(**changes), DAY, "700000042")


def scored(**changes):
    """The report where the commercial score says this and there is no other."""
    return read(commercialScore={**SEGMENTS["commercialScore"], **changes}, fsrScore=None)


def summed(**changes):
    return read(legalFilingsCollectionsSummary={**SEGMENTS["legalFilingsCollectionsSummary"], **changes})


# ---- the calls


def test_the_segments_are_bought_in_one_call_with_our_key(bureau, vendor):
    segments = load().experian_segments.split(",")
    asked = {"bin": "700000042", "subcode": "0517614", "comments": "key-1", "dataPoints": segments}
    bearer = header_matcher({"Authorization": "Bearer jwt"})
    vendor.post(f"{URL}/multisegments", json=answered(), match=[json_params_matcher(asked), bearer])
    ready = bureau.order(LINKED, DAY, "key-1")
    assert (ready.report.bureau, ready.report.reported_on, ready.report.currency) == ("experian", DAY, "USD")
    assert b"NORDA METAL WORKS" in ready.raw


@pytest.mark.parametrize(
    ("report", "path", "asked"),
    [
        ("premierprofiles", "reports/premierprofiles", {"comments": "k"}),
        ("scores", "scores", {"commercialScore": True, "fsrScore": True}),
    ],
)
def test_other_reports_can_be_bought(settings, vendor, report, path, asked):
    more = {"experian_report": report, "experian_model_code": "000215"}
    said = {"bin": "700000042", "subcode": "0517614", "modelCode": "000215", **asked}
    vendor.post(f"{URL}/{path}", json=answered(), match=[json_params_matcher(said)])
    assert Experian(load(**settings, **more)).order(LINKED, DAY, "k").report.score.value == 71
    with pytest.raises(UsageError, match="HEALTHCHECK_EXPERIAN_REPORT"):
        load(experian_report="everything")


def test_where_to_log_in_is_a_setting(settings):
    with responses.RequestsMock() as mock:
        mock.post(f"{HOST}/oauth2/experianone/v1/token", json={"access_token": "jwt", "expires_in": "soon"})
        probe = Experian(load(**settings, experian_login_path="/oauth2/experianone/v1/token")).probe()
    assert (probe.mode, probe.credentials) == ("sandbox", True)


@pytest.mark.parametrize(("host", "mode"), [("us-api", "live"), ("uat-us-api", "uat")])
def test_live_and_test_systems_are_told_apart(settings, host, mode):
    base = f"https://{host}.experian.com"
    with responses.RequestsMock() as mock:
        mock.post(f"{base}/oauth2/v1/token", json={"access_token": "jwt"})
        assert Experian(load(**settings, experian_base_url=base)).probe().mode == mode


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, answers.NotFound), (504, answers.Doubtful), (500, answers.Doubtful), (400, answers.Rejected), (403, answers.NotEntitled),
     (429, answers.Throttled)],
)  # fmt: skip
def test_an_error_in_html_means_what_its_status_says(bureau, vendor, status, kind):
    vendor.post(f"{URL}/multisegments", status=status, body=HTML, content_type="text/html")
    with pytest.raises(kind):
        bureau.order(LINKED, DAY, "k")


def test_503_with_a_fault_may_have_been_charged(bureau, vendor):
    vendor.post(f"{URL}/multisegments", status=503, json={"fault": {"faultstring": "The Service is unavailable"}})
    with pytest.raises(answers.Doubtful):
        bureau.order(LINKED, DAY, "k")


def test_a_token_that_ended_is_renewed_once(bureau, vendor):
    vendor.post(f"{HOST}/oauth2/v1/token", json={"access_token": "another", "expires_in": "1800"})
    vendor.post(f"{URL}/multisegments", status=401, json=UNAUTHORISED)
    with pytest.raises(answers.AuthFailed):
        bureau.order(LINKED, DAY, "k")
    assert len(vendor.calls) == 4


@pytest.mark.parametrize(
    "body", [{"requestId": "C1", "success": True}, {"success": True, "results": {}}, TROUBLE | {"results": None}]
)
def test_an_answer_without_results_may_have_been_charged(bureau, vendor, body):
    vendor.post(f"{URL}/multisegments", json=body)
    with pytest.raises(answers.Malformed, match="without results"):
        bureau.order(LINKED, DAY, "k")


def test_an_account_that_is_not_linked_asks_nobody(bureau):
    with pytest.raises(answers.NotFound, match="C042 is not linked; see: healthcheck bureaus find C042"):
        bureau.order(Subject("C042"), DAY, "k")
    with pytest.raises(answers.Rejected, match="the bin of C042 is not a number of nine digits"):
        bureau.order(Subject("C042", ids={"bin": "HRB 1"}), DAY, "k")


@pytest.mark.parametrize("lacking", ["username", "password", "client_id", "client_secret", "subcode"])
def test_no_credentials_ask_nobody(settings, lacking):
    with pytest.raises(answers.AuthFailed, match=f"set HEALTHCHECK_EXPERIAN_{lacking.upper()}"):
        Experian(load(**settings | {f"experian_{lacking}": ""})).order(LINKED, DAY, "k")


def test_a_price_that_is_not_set_is_not_a_price_of_nought():
    with pytest.raises(UsageError, match="price not set; set HEALTHCHECK_EXPERIAN_COST_PER_PULL"):
        Experian(load()).cost()
    assert Experian(load(experian_cost_per_pull="4.20")).cost() == Decimal("4.20")


def test_it_is_in_the_registry_and_its_rate_is_as_set():
    bureau = registry.load("experian", load(experian_rate_limit="60"))
    assert (bureau.name, bureau.linked_by, bureau.idempotency, bureau.rate_limit()) == ("experian", "bin", "none", 60)
    assert Experian(load()).rate_limit() is None


# ---- the search


@pytest.mark.parametrize(
    ("city", "place"),
    [("Toledo", {"city": "Toledo"}), ("Toledo, oh 43604", {"city": "Toledo", "state": "OH"}),
     ("Toledo, Ohio", {"city": "Toledo"}), (None, {})],
)  # fmt: skip
@pytest.mark.parametrize("head", [{"requestId": "C1", "success": True}, {"request-id": "C1", "status": "success"}])
def test_candidates_are_as_sure_as_the_vendor_says(bureau, vendor, city, place, head):
    """Both envelopes are understood."""
    asked = {"subcode": "0517614", "name": "Norda Metal", "taxId": "341234567", **place}
    found = [{**CANDIDATE, "reliabilityCode": code, "bin": str(code)} for code in (78, 100.4, 90.75, None)]
    vendor.post(
        f"{URL}/search",
        json={**head, "results": [*found, {"businessName": "no bin"}]},
        match=[json_params_matcher(asked)],
    )
    listed = bureau.find(Subject("C042", name="Norda Metal", country="US", city=city, ids={"vat": "34-1234567"}))
    assert [(one.id, one.confidence) for one in listed] == [
        ("100.4", 1.0),
        ("90.75", 0.91),
        ("78", 0.78),
        ("None", 0.0),
    ]
    assert (listed[0].name, listed[0].city, listed[0].country) == ("NORDA METAL WORKS INC", "TOLEDO", "US")


def test_nobody_is_found_by_an_empty_answer_or_404(bureau, vendor):
    vendor.post(f"{URL}/search", json={"requestId": "C1", "success": True, "results": None})
    assert bureau.find(LINKED) == []
    vendor.replace("POST", f"{URL}/search", status=404, body=HTML)
    assert bureau.find(LINKED) == []


def test_an_account_elsewhere_asks_nobody(bureau):
    assert bureau.find(Subject("C042", name="Norda Metall GmbH", country="DE")) == []
    assert bureau.find(Subject("C042", country="US")) == []


# ---- the report


def test_a_good_report_fills_all_sections_but_the_one_it_does_not_have():
    report = read()
    assert {name for name in SECTIONS if not report.has(name)} == {"filings"}
    score = report.score
    assert (score.value, score.scale_min, score.scale_max, score.higher_is_better) == (71, 0, 100, True)
    assert (score.band, score.bands, score.model) == ("2", ("1", "2", "3", "4", "5"), "commercialScore 000254")
    assert (report.limit.amount, report.limit.currency) == (240000, "USD")
    assert (report.payment.dbt, report.payment.trend) == (6, "8 days on average of six months")
    assert (report.legal, report.status, report.banks_on_file) == ((), "active", ("SAMPLE BANK NA",))
    assert report.ownership.owners == ("NORDA WORLDWIDE SA", "NORDA HOLDING INC")
    assert Report.from_json(report.to_json()) == report


def test_keys_are_found_whatever_their_case():
    def shout(part):
        if isinstance(part, dict):
            return {name.upper(): shout(value) for name, value in part.items()}
        return [shout(one) for one in part] if isinstance(part, list) else part

    assert to_report(shout(answered()), DAY, "700000042") == read()


def test_a_premier_profile_has_its_scores_and_filings_elsewhere():
    expanded = {
        "bankruptcyIndicator": False, "taxLienCount": 2, "judgmentCount": 0, "uccDerogatoryCount": 1, "openCollectionCount": 0,
        "collectionCount": 3, "currentDbt": 12, "monthlyAverageDbt": 10,
    }  # fmt: skip
    results = {
        "businessHeader": SEGMENTS["businessHeader"], "scoreInformation": {name: SEGMENTS[name] for name in ("commercialScore",
        "fsrScore")},
        "expandedCreditSummary": expanded, "executiveSummary": {"industryDbt": 9},
        "corporateLinkage": [{"type": "Ultimate Parent", "bin": "700000041", "businessName": "NORDA HOLDING INC"}],
    }  # fmt: skip
    report = to_report({"requestId": "C1", "success": True, "results": results}, DAY)
    assert (report.score.value, report.limit.amount, report.payment.dbt, report.payment.industry) == (71, 240000, 12, 9)
    assert report.legal == (Legal("lien", ref="2 on file"), Legal("charge", ref="1 derogatory filings on file"))
    assert report.ownership.owners == ("NORDA HOLDING INC",)


@pytest.mark.parametrize(
    "trouble", [TROUBLE, {"success": False}, {"success": None, "status": "partial"}, {"errors": TROUBLE["errors"]}]
)
def test_what_is_not_there_has_failed_where_the_envelope_says_that_something_did(trouble):
    body = answered(commercialScore=None, fsrScore=None, legalFilingsCollectionsSummary=None) | trouble
    report = to_report(body, DAY)
    assert {name for name in SECTIONS if report.sections[name] == "failed"} == {"score", "limit", "legal"}
    assert {name for name in SECTIONS if report.has(name)} == {"payment", "ownership", "status", "banks"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("commercialScore", {"score", "limit"}), ("legalFilingsCollectionsSummary", {"legal"}), ("corporateLinkagePartial", {"ownership"}),
     ("corporateRegistration", {"status"}), ("commercialBankInformation", {"banks"})],
)  # fmt: skip
def test_what_is_absent_empty_or_null_is_missing_never_clean(theirs, ours):
    for nothing in (None, {}, [], {"whatever": None}):
        sections = read(**{"fsrScore": None, theirs: nothing}).sections
        assert {name for name in ours if sections[name] != "missing"} == set()


# ---- 998 and 999


@pytest.mark.parametrize("code", [998, 998.0, "998"])
@pytest.mark.parametrize("where", ["score", "percentileRanking", "riskClass"])
def test_998_is_a_bankruptcy_and_no_number(code, where):
    told = {"score": 999, "percentileRanking": None, "riskClass": None, "recommendedCreditLimitAmount": 0}
    told[where] = {"code": code} if where == "riskClass" else code
    report = scored(**told)
    assert (report.score.value, report.score.band, report.sections["score"]) == (None, None, "missing")
    assert report.legal == (Legal("bankruptcy", ref="within two years, by the score"),)


def test_998_may_be_said_in_words_alone():
    words = {
        "percentileRanking": None,
        "score": None,
        "riskClass": {"code": None, "definition": "Recent bankruptcy on file"},
    }
    assert [event.kind for event in scored(**words).legal] == ["bankruptcy"]


def test_a_bankruptcy_is_told_though_nothing_else_is_known_of_filings():
    codes = {"score": 998, "percentileRanking": 998, "riskClass": {"code": 998}}
    report = read(commercialScore=codes, fsrScore=codes, legalFilingsCollectionsSummary=None)
    assert ([event.kind for event in report.legal], report.sections["legal"]) == (["bankruptcy"], "ok")


def test_a_bankruptcy_on_file_is_not_told_twice():
    detail = [{"dateFiled": "2025-09-08", "legalAction": "CHAPTER 11", "documentNumber": "2511875"}]
    codes = {"score": 998, "percentileRanking": 998, "riskClass": {"code": 998}}
    report = read(commercialScore=codes, fsrScore=codes, bankruptcyDetail=detail)
    assert report.legal == (Legal("bankruptcy", None, None, date(2025, 9, 8), "2511875"),)


def test_999_is_too_little_data_and_no_number():
    codes = {"score": 999, "percentileRanking": 999, "riskClass": {"code": 999, "description": "INSUFFICIENT DATA"}}
    report = scored(**codes, recommendedCreditLimitAmount=0)
    assert (report.score.value, report.score.band, report.limit.amount, report.legal) == (None, None, None, ())
    assert (report.sections["score"], report.sections["limit"]) == ("missing", "missing")


def test_the_other_score_stands_in_as_another_model():
    report = read(commercialScore={"score": 999, "percentileRanking": 999, "riskClass": {"code": 999}})
    assert (report.score.value, report.score.band, report.score.model) == (50, "3", "fsrScore 000223")
    assert report.sections["limit"] == "missing"


@pytest.mark.parametrize("sentinel", [998, 999, "999", None, {}, "NA", 101, -1])
def test_a_percentile_that_is_none_leaves_the_class(sentinel):
    report = scored(percentileRanking=sentinel)
    assert (report.score.value, report.score.band) == (None, "2")


@pytest.mark.parametrize(
    ("told", "band"),
    [({"code": 1}, "1"), ({"code": "5"}, "5"), ({"code": 4.0}, "4"), ({"code": None, "description": "MEDIUM TO HIGH RISK"}, "4"),
     ({"definition": "Low Risk"}, "1"), ({"code": 7, "definition": "Low Risk"}, None), ({"definition": "Very Odd"}, None), (None, None)],
)  # fmt: skip
def test_the_risk_class_by_code_or_words(told, band):
    assert scored(riskClass=told).score.band == band


@pytest.mark.parametrize(
    ("told", "expected"),
    [(240000, 240000), ("240000", 240000), ({"amount": 240000, "modifier": None}, 240000), (None, None), ({}, None),
     ({"modifier": "x"}, None),
     ({"amount": 999}, None), ("NA", None), (0, 0)],
)  # fmt: skip
def test_a_recommended_limit_is_a_number_an_object_or_nothing(told, expected):
    assert scored(recommendedCreditLimitAmount=told).limit.amount == expected


def test_another_model_is_another_model():
    assert scored(modelCode="000215").score.model != read().score.model


# ---- payment


def test_days_are_found_wherever_they_stand_and_999_is_none():
    totals = {"combinedTradelines": {"currentDbt": 25}}
    nowhere = {"creditStatus": None, "tradePaymentSummary": None}
    assert read(creditStatus=None).payment.dbt == 6
    assert read(**nowhere, TradePaymentTotals=totals).payment.dbt == 25
    assert read(creditStatus={"currentDbt": 999}, tradePaymentSummary={"currentDbt": 4}).payment.dbt == 4
    assert read(**nowhere).sections["payment"] == "missing"


# ---- legal


def test_filings_one_by_one_or_counted():
    liens = [
        {"dateFiled": "2026-02-11", "legalAction": "FILED", "documentNumber": "1", "liabilityAmount": {"amount": 12000.5,
        "modifier": None}},
        {"dateFiled": "2024-02-11", "legalAction": "FILED", "documentNumber": "2", "liabilityAmount": 10},
        {"dateFiled": "2025-02-11", "legalAction": "RELEASED", "documentNumber": "2", "liabilityAmount": 10},
        {"dateFiled": "2023-02-11", "legalAction": "UNRELEASED", "documentNumber": None},
    ]  # fmt: skip
    first, second, third = read(lienDetail=liens).legal
    assert first == Legal("lien", True, Decimal("12000.5"), date(2026, 2, 11), "1")
    assert (second.open, second.ref, second.date) == (False, "2", date(2025, 2, 11))
    assert (third.open, third.ref) == (None, None)
    assert summed(lienCount=2).legal == (Legal("lien", ref="2 on file"),)


@pytest.mark.parametrize(
    ("action", "state"),
    [("Filed", True), ("Released", False), ("SATISFIED", False), ("Dismissed", False), ("CHAPTER 7 DISCHARGED", False),
     ("CHAPTER 11", None),
     ("Unsatisfied", None), (None, None)],
)  # fmt: skip
def test_whether_a_filing_is_open(action, state):
    (event,) = read(judgmentDetail=[{"dateFiled": "2026-02-11", "legalAction": action, "documentNumber": "1"}]).legal
    assert (event.kind, event.open) == ("judgment", state)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"bankruptcyIndicator": True}, ["bankruptcy"]), ({"bankruptcyIndicator": None, "bankruptcyCount": 2}, ["bankruptcy"]),
        ({"judgmentCount": 1, "uccDerogatoryCount": 3, "collectionCount": 2}, ["judgment", "charge", "other"]),
        ({"uccFilingsCount": 9}, []),
    ],
)  # fmt: skip
def test_counts(changes, kinds):
    report = summed(**changes)
    assert [event.kind for event in report.legal] == kinds
    assert report.has("legal")


def test_bankruptcies_that_are_not_known_are_not_clean():
    assert summed(bankruptcyIndicator=None, bankruptcyCount=None).sections["legal"] == "missing"
    assert summed(bankruptcyIndicator=None, bankruptcyCount=0).sections["legal"] == "ok"
    assert summed(bankruptcyIndicator=None, bankruptcyCount=999).sections["legal"] == "missing"


# ---- the rest


@pytest.mark.parametrize(
    ("word", "place", "expected"),
    [("Good Standing", "Domestic filing state", "active"), ("REINSTATED", None, "active"), ("Active", None, "active"),
     ("Bankruptcy", None, "bankruptcy"), ("Revoked", "Domestic filing state", "revoked"),
     ("Not in good-standing", None, "not_in_good_standing"),
     ("Withdrawn", "Foreign filing state", None), ("GOOD STANDING", "Foreign filing state", "active"), ("Unknown", None, None),
     (None, None, None)],
)  # fmt: skip
def test_status(word, place, expected):
    assert read(corporateRegistration={"statusDescription": word, "domesticForeignIndicator": place}).status == expected


def test_a_company_at_the_top_of_its_family_owns_itself_and_that_is_no_owner():
    top = {"corporateLinkageType": "Ultimate Parent", "bin": "700000042", "businessName": "NORDA METAL WORKS INC"}
    assert read(corporateLinkagePartial=[top]).ownership.owners == ()
    assert read(corporateLinkagePartial=[{**top, "bin": "", "matchingBusinessIndicator": True}]).ownership.owners == ()


def test_a_bank_that_was_left_is_not_on_file():
    left = {"institutionName": "OTHER BANK", "closeDate": "2024-01-01"}
    assert read(commercialBankInformation=[left, *SEGMENTS["commercialBankInformation"]]).banks_on_file == (
        "SAMPLE BANK NA",
    )


def test_a_field_that_cannot_be_read_costs_its_section_alone():
    report = scored(recommendedCreditLimitAmount="24O,000")
    assert (report.sections["limit"], report.score.value) == ("failed", 71)
    assert summed(lienCount="1O").sections["legal"] == "failed"
    assert summed(bankruptcyIndicator="perhaps").sections["legal"] == "failed"
