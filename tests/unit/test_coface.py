"""What Coface's answers mean; shapes after the vendor's contract, companies and figures made up."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal

import pytest
import responses
from responses.matchers import header_matcher, json_params_matcher, query_param_matcher

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import SECTIONS, Legal, Pending, Report, Subject
from healthcheck.bureaus.coface import Coface
from healthcheck.bureaus.coface_report import to_report
from healthcheck.errors import UsageError
from healthcheck.settings import load
from tests.servers.vendors.coface import FULL

DAY = date(2026, 3, 2)
DATA, LOGIN = "https://icon-api-test.coface.com/dataapi-v1", "https://api.coface.com/authentication/v1"
ORDERS = f"{DATA}/publications/orders"
LINKED = Subject("C042", name="Norda Metall GmbH", country="PL", ids={"coface_id": "icon#7001"})
HOW = {"language": "EN", "format": ["json"], "proccessingTimeInstruction": "immediate_if_available_inquiry_otherwise"}


def made(who, **more):
    """With credentials of its own for each test: a log-in is shared within a process."""
    given = {
        "coface_username": who,
        "coface_password": "open sesame",
        "coface_api_key": "key",
        "coface_cost_per_pull": "4.20",
    }
    return Coface(load(**{**given, **more}))


@pytest.fixture
def bureau(request):
    return made(request.node.name)


@pytest.fixture
def vendor(request):
    with responses.RequestsMock() as mock:
        said = {"username": request.node.name, "password": "open sesame", "grantType": "password"}
        known = header_matcher({"x-api-key": "key"})
        mock.post(f"{LOGIN}/token", json={"idToken": "jwt"}, match=[json_params_matcher(said), known])
        yield mock


def listed(status="ready", **parts):
    """An order as it is listed; ``parts``: product to status."""
    parts = parts or {"full_report": status}
    rows = [{"id": f"p-{name}", "status": said, "reportSlug": name.replace("_", "-")} for name, said in parts.items()]
    return {"id": "o-1", "orderDate": "2026-02-16T09:45:00.354+01:00", "status": status, "publications": rows}


def whole(**changes):
    body = deepcopy(FULL)
    body["icon"]["creditReport"] |= changes
    return {"full-report": body}


def read(**changes):
    return to_report(whole(**changes), "2026-02-16")


def assessed(*rows):
    """The products of assessments: each a list of its own."""
    return {row["assessmentSlug"]: {"items": [{"releaseDate": "2026-02-10", "isCurrent": True, **row}]} for row in rows}


# ---- the calls


def test_an_order_carries_our_key_and_the_token_alone(bureau, vendor):
    said = {
        "externalId": "icon#7001",
        "countryCode": "PL",
        "customerReference": "key-1",
        "report": {"slug": "full-report", **HOW},
    }
    known = header_matcher({"Authorization": "jwt", "x-api-key": "key"})
    vendor.post(ORDERS, status=201, json=listed("in-preparation"), match=[json_params_matcher(said), known])
    assert bureau.order(LINKED, DAY, "key-1") == Pending("o-1", None)


def test_assessments_and_the_reason_for_germany(request, vendor):
    bureau = made(
        request.node.name, coface_products="debtor-risk-assessment, late-payment-index", coface_de_interest="102"
    )
    said = {
        "companyId": "aa27-2cd1", "customerReference": "k", "legitimateInterest": "102",
        "assessments": [{"slug": "debtor-risk-assessment", "language": "EN"}, {"slug": "late-payment-index", "language": "EN"}],
    }  # fmt: skip
    vendor.post(ORDERS, status=201, json=listed("ready"), match=[json_params_matcher(said)])
    assert bureau.order(Subject("C1", country="DE", ids={"coface_id": "aa27-2cd1"}), DAY, "k") == Pending("o-1", 0.0)


@pytest.mark.parametrize(
    ("ids", "country", "said"),
    [
        ({}, "PL", "is not linked; see: healthcheck bureaus find C1"),
        ({"coface_id": "7001"}, None, "has no country; a number needs one"),
    ],
)
def test_whom_it_cannot_name_it_does_not_ask_about(bureau, ids, country, said):
    with pytest.raises((answers.NotFound, answers.Rejected), match=said):
        bureau.order(Subject("C1", country=country, ids=ids), DAY, "k")


def test_an_id_that_changed_is_to_be_linked_again(bureau, vendor):
    vendor.post(ORDERS, status=404, json={"httpCode": 404})
    with pytest.raises(answers.NotFound, match="its ids change: healthcheck bureaus find C042"):
        bureau.order(LINKED, DAY, "k")


def test_an_order_without_an_id_may_have_been_charged(bureau, vendor):
    vendor.post(ORDERS, status=201, json={"status": "in-preparation"})
    with pytest.raises(answers.Malformed, match="without its id"):
        bureau.order(LINKED, DAY, "k")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (202, {"httpCode": 202, "messages": [{"code": "order_not_finished"}]}), (200, []),
        (200, [listed("in-preparation")]), (200, [listed("ready", full_report="ready", late_payment_index="in-preparation")]),
        (206, [listed("ready") | {"id": "o-2"}]),
    ],
)  # fmt: skip
def test_what_is_not_ready_is_asked_for_later(bureau, vendor, status, body):
    vendor.get(ORDERS, status=status, json=body, match=[query_param_matcher({"id": "o-1"})])
    assert bureau.collect("o-1") == Pending("o-1", None)


def test_what_is_ready_is_collected_product_by_product(bureau, vendor):
    vendor.get(ORDERS, json=[listed("ready", full_report="ready", late_payment_index="ready")])
    content = f"{DATA}/publications"
    index = [{"assessmentSlug": "late-payment-index", "paymentIndexValue": 2, "releaseDate": "2026-02-18", "isCurrent": True,
              "descriptions": [{"full": "Considerable negative experience"}]}]  # fmt: skip
    vendor.get(content, json=FULL, match=[query_param_matcher({"id": "p-full_report", "format": "json"})])
    vendor.get(content, json=index, match=[query_param_matcher({"id": "p-late_payment_index", "format": "json"})])
    ready = bureau.collect("o-1")
    assert (ready.report.score.value, ready.report.payment.trend) == (
        7,
        "late payment index 2: Considerable negative experience",
    )
    assert b'"late-payment-index": [' in ready.raw


def test_no_account_number_is_kept(bureau, vendor):
    vendor.get(ORDERS, json=[listed()])
    vendor.get(f"{DATA}/publications", json=FULL)
    raw = bureau.collect("o-1").raw
    assert b"1140 2026" not in raw
    assert b'"accountNumber": "****7788"' in raw


@pytest.mark.parametrize(("status", "body"), [(205, None), (200, [listed("cancelled")]), (200, [listed("negative")])])
def test_an_order_that_ended_without_a_report_is_not_charged(bureau, vendor, status, body):
    vendor.get(ORDERS, status=status, json=body) if body else vendor.get(ORDERS, status=status)
    with pytest.raises(answers.NothingThere, match="nothing is charged"):
        bureau.collect("o-1")


def test_an_order_is_looked_up_by_our_reference(bureau, vendor):
    rows = [
        {**listed(), "id": "o-9", "customerReference": "another"},
        {**listed("in-preparation"), "customerReference": "k"},
    ]
    vendor.get(ORDERS, status=206, json=rows, match=[query_param_matcher({"customerReference": "k"})])
    assert bureau.look_up(LINKED, "k") == Pending("o-1", None)


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([], answers.NotListed),
        ([{**listed(), "customerReference": "another"}], answers.NotListed),
        ([listed()], answers.Rejected),
    ],
)
def test_an_order_that_is_not_listed_may_yet_be_and_one_that_is_nobodys_is_not_ours(bureau, vendor, rows, kind):
    vendor.get(ORDERS, json=rows)
    with pytest.raises(kind):
        bureau.look_up(LINKED, "k")


def test_candidates_by_number_and_by_name(bureau, vendor):
    row = {"name": "NORDA METALL GMBH", "address": {"city": "Kiel", "countryCode": "DE"}}
    ids = [{"repositorySlug": "giid", "id": "3431"}, {"repositorySlug": "icon", "id": "7001"}]
    found = [
        {**row, "name": "Nordstern", "id": "aa27"},
        {**row, "externalIds": ids},
        {**row, "externalIds": ids[:1]},
        {"name": "no id"},
    ]
    by_name = query_param_matcher({"countryCode": "PL", "companyName": "Norda Metall GmbH"})
    by_vat = query_param_matcher({"countryCode": "PL", "externalId": "vat-number#77"})
    vendor.get(f"{DATA}/companies", status=206, json=found, match=[by_name])
    vendor.get(f"{DATA}/companies", status=404, json={}, match=[by_vat])
    assert [one.id for one in bureau.find(LINKED)] == ["icon#7001", "giid#3431", "aa27"]
    assert bureau.find(Subject("C1", country="PL", ids={"vat": "77"})) == []
    with pytest.raises(answers.Rejected, match="has no country"):
        bureau.find(Subject("C042", name="Norda"))


def test_no_credentials_ask_nobody():
    with pytest.raises(answers.AuthFailed, match="HEALTHCHECK_COFACE_API_KEY"):
        Coface(load()).order(LINKED, DAY, "k")


def test_price_products_and_registry():
    with pytest.raises(UsageError, match="set HEALTHCHECK_COFACE_COST_PER_PULL"):
        registry.load("coface", load()).cost()
    for products in ("", "full-report,dra-report"):
        with pytest.raises(UsageError, match="HEALTHCHECK_COFACE_PRODUCTS: one report at most"):
            made("x", coface_products=products).cost()
    bureau = made("x")
    assert (bureau.cost(), bureau.idempotency, bureau.rate_limit()) == (Decimal("4.20"), "lookup", None)


# ---- the report


def test_a_full_report_fills_what_it_has():
    report = read()
    assert {name for name in SECTIONS if not report.has(name)} == {"payment", "filings"}
    assert (report.score.value, report.score.scale_max, report.score.higher_is_better, report.score.model) == (
        7,
        10,
        True,
        "cceAT",
    )
    assert (report.limit.amount, report.limit.currency, report.status) == (240000, "EUR", "active")
    assert (report.reported_on, report.score.as_of) == (date(2026, 2, 16), date(2026, 1, 10))
    assert (report.legal, report.ownership.owners, report.banks_on_file) == ((), ("Norda Holding",), ("Sample Bank",))
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    ("value", "name"), [("99", "no definite risk assessment possible"), ("0", ""), (998, ""), ("NA", ""), (None, "")]
)
def test_a_score_that_is_none_is_missing(value, name):
    assert read(cceatRating={"score": {"value": value, "name": name}}).sections["score"] == "missing"


def test_a_nought_that_says_so_is_a_score():
    row = {
        "assessmentSlug": "debtor-risk-assessment",
        "debtorRiskValue": "0",
        "descriptions": [{"full": "0/10: in default."}],
    }
    assert to_report(assessed(row), None).score.value == 0


@pytest.mark.parametrize(
    ("amount", "comment", "expected"),
    [
        (0, "", None), (0, "No Maximum Credit at this point in time due to lack of relevant information.", None),
        (0, "No Maximum Credit on account of the company's current payment behaviour.", 0), (50000, "", 50000), ("on request", "", None),
    ],
)  # fmt: skip
def test_a_maximum_credit_of_nought_needs_a_reason(amount, comment, expected):
    indicator = {"fromAmount": amount, "currency": {"value": "EUR"}, "comment": comment}
    assert read(maximumCredit={"indicator": indicator}).limit.amount == expected


def opinion(rating, amount, *reasons):
    why = [{"code": "AB09", "descriptions": [{"full": one}]} for one in reasons]
    return {
        "assessmentSlug": "credit-opinion",
        "rating": rating,
        "maxCreditAmount": {"currency": "EUR", "value": amount},
        "decisionDetails": why,
    }


@pytest.mark.parametrize(
    ("row", "band", "limit"),
    [
        (opinion("@@@", 60000), "@@@", 60000), (opinion("X", 0), None, None), (opinion("NA", 0), None, None),
        (opinion("X", 0, "Weak profitability"), None, 0),
    ],
)  # fmt: skip
def test_the_rating_of_a_credit_opinion(row, band, limit):
    report = to_report(assessed(row), None)
    assert (report.score.band, report.limit.amount, report.reported_on) == (band, limit, date(2026, 2, 10))


def test_of_a_history_the_current_assessment_counts():
    past = {"assessmentSlug": "debtor-risk-assessment-package", "isCurrent": False}
    rows = [
        {**past, "releaseDate": "2026-02-01", "isCurrent": True, "debtorRiskValue": "4"},
        {**past, "releaseDate": "2026-02-09", "debtorRiskValue": "8"},
    ]
    report = to_report({"debtor-risk-assessment-package": {"items": rows}}, None)
    assert (report.score.value, report.score.model, report.score.as_of) == (4, "DRA", date(2026, 2, 1))


def test_the_short_reports_and_their_days_that_nobody_can_read():
    results = {"dra": "4", "draDescription": "4/10: Significant risk.", "aoFinalValue": "0", "currency": "EUR",
               "motivationLabels": "- Weak profitability", "scoreCalculatedOn": "08/05/2023"}  # fmt: skip
    body = {"icon": {"orderResults": results, "company": {"legalStatus": "CLOSED"}}}
    report = to_report({"advanced-opinion-report": body}, "2026-02-16T09:45:00+01:00")
    assert (report.score.value, report.limit.amount, report.status) == (4, 0, "closed")
    assert report.reported_on == date(2026, 2, 16)


def test_insolvencies_now_and_before():
    now = {
        "solvencyList": [{"type": {"name": "Insolvency"}, "text": {"value": "639", "name": "Petition of bankruptcy."}}]
    }
    before = [
        {"text": {"name": "Petition of bankruptcy."}, "courtDecisionDate": 20260110, "courtNumber": "7 N 1/26"},
        {"text": {"name": "Petition of bankruptcy has been rejected."}, "informationDate": 20120726, "courtDecisionDate": 20110000},
    ]  # fmt: skip
    report = read(insolvency=now, additionalInsolvencies={"additionalInsolvencyList": before})
    assert report.legal == (
        Legal("bankruptcy", None, None, date(2026, 1, 10), "Petition of bankruptcy. 7 N 1/26"),
        Legal("bankruptcy", False, None, date(2012, 7, 26), "Petition of bankruptcy has been rejected."),
    )
    assert read(insolvency=now, additionalInsolvencies={}).legal == (
        Legal("bankruptcy", ref="Petition of bankruptcy."),
    )


@pytest.mark.parametrize("nothing", [None, {}, {"comment": ""}])
def test_no_list_of_insolvencies_is_not_a_clean_one(nothing):
    assert read(insolvency=nothing, additionalInsolvencies=nothing).sections["legal"] == "missing"


@pytest.mark.parametrize(
    ("name", "expected"), [("Active", "active"), ("In liquidation", "liquidation"), ("Moved away", None), ("", None)]
)
def test_status(name, expected):
    assert read(company={"status": {"name": name}}).status == expected


def test_a_negative_report_is_not_charged_and_a_strange_one_may_have_been():
    negative = {"full-report": {"icon": {"orderStatus": {"status": {"name": "Negative report"}}}}}
    with pytest.raises(answers.NothingThere, match="nothing is charged"):
        to_report(negative, "2026-02-16")
    for strange in ({}, {"full-report": {"items": []}}, {"full-report": {"icon": {}}}):
        with pytest.raises(answers.Malformed, match="without a report"):
            to_report(strange, "2026-02-16")
    with pytest.raises(answers.Malformed, match="without a date"):
        to_report({"x": {"icon": {"orderResults": {"dra": "4"}}}}, None)
