"""What D&B's answers mean; shapes after recorded blocks, companies and figures made up."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from decimal import Decimal

import pytest
import responses
from responses.matchers import header_matcher, json_params_matcher, query_param_matcher, urlencoded_params_matcher

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import SECTIONS, Legal, Report, Subject
from healthcheck.bureaus.dnb import Dnb
from healthcheck.bureaus.dnb_report import to_report
from healthcheck.errors import UsageError
from healthcheck.settings import load
from tests.servers.vendors.dnb import CANDIDATE, ORGANIZATION, answered, refused

DAY = date(2026, 3, 2)
URL = "https://plus.dnb.com"
DATA = f"{URL}/v1/data/duns/001234567"
MATCH = f"{URL}/v1/match/cleanseMatch"
LINKED = Subject("C042", name="Norda Metal Works Inc", country="US", city="Toledo", ids={"duns": "001234567"})


@pytest.fixture
def settings(request):
    """Credentials of their own for each test: a log-in is shared within a process."""
    return {"dnb_key": request.node.name, "dnb_secret": "open sesame", "dnb_cost_per_pull": "4.20"}


@pytest.fixture
def bureau(settings):
    return Dnb(load(**settings))


@pytest.fixture
def vendor():
    with responses.RequestsMock() as mock:
        grant = json_params_matcher({"grant_type": "client_credentials"})
        mock.post(f"{URL}/v2/token", json={"access_token": "jwt", "expiresIn": 86400}, match=[grant])
        yield mock


def read(**changes):
    return to_report(answered(**changes), DAY)


def assessed(**changes):
    """The report where the assessment says this."""
    return read(dnbAssessment={**ORGANIZATION["dnbAssessment"], **changes})


def events(group="legalEvents", **changes):
    return read(**{group: {**ORGANIZATION[group], **changes}})


def blocked(block, status="error", reason=None, **changes):
    body = answered(**changes)
    for row in body["blockStatus"]:
        if row["blockID"].startswith(block):
            row |= {"status": status, "reason": reason}
    return to_report(body, DAY)


# ---- the calls


def test_the_blocks_are_asked_for_in_one_call_with_our_key(bureau, vendor):
    asked = {
        "blockIDs": "companyinfo_L2_v1,financialstrengthinsight_L2_v1,paymentinsight_L1_v1,eventfilings_L1_v1,hierarchyconnections_L1_v1",
        "tradeUp": "hq", "customerReference": "key-1",
    }  # fmt: skip
    bearer = header_matcher({"Authorization": "Bearer jwt"})
    vendor.get(DATA, json=answered(), match=[query_param_matcher(asked), bearer])
    ready = bureau.order(LINKED, DAY, "key-1")
    assert (ready.report.bureau, ready.report.reported_on) == ("dnb", DAY)
    assert b"Norda Metal Works" in ready.raw


@pytest.mark.parametrize(("country", "given"), [("DE", True), (None, True), ("FR", False)])
def test_the_law_wants_a_reason_in_germany(bureau, vendor, country, given):
    vendor.get(DATA, json=answered())
    bureau.order(Subject("C042", country=country, ids={"duns": "001234567"}), DAY, "k")
    assert vendor.calls[-1].request.params.get("orderReason") == ("6332" if given else None)


def test_a_token_is_asked_for_as_either_version_wants_it(settings):
    form = urlencoded_params_matcher({"grant_type": "client_credentials"})
    basic = header_matcher({"Authorization": "Basic YSBrZXk6b3BlbiBzZXNhbWU="})
    with responses.RequestsMock() as mock:
        mock.post(f"{URL}/v3/token", json={"access_token": "jwt", "expires_in": "86400"}, match=[form, basic])
        mock.get(DATA, json=answered())
        Dnb(load(**settings | {"dnb_key": "a key", "dnb_auth_version": "v3"})).order(LINKED, DAY, "k")
    with pytest.raises(UsageError, match="HEALTHCHECK_DNB_AUTH_VERSION"):
        load(dnb_auth_version="v4")


def test_a_log_in_without_a_token_is_a_matter_of_the_credentials(bureau):
    with responses.RequestsMock() as mock:
        mock.post(f"{URL}/v2/token", json={"expiresIn": 86400})
        with pytest.raises(answers.AuthFailed, match="answered without a token"):
            bureau.probe()


def test_401_may_be_the_contract_and_is_asked_about_twice_at_most(bureau, vendor):
    """A new token is refused as well: then it is not the token."""
    vendor.post(f"{URL}/v2/token", json={"access_token": "another", "expiresIn": 86400})
    vendor.get(DATA, status=401, json=refused("00004", "You are not currently authorised to access this product"))
    with pytest.raises(
        answers.AuthFailed, match="the contract does not cover HEALTHCHECK_DNB_BLOCKS, or the key was withdrawn"
    ):
        bureau.order(LINKED, DAY, "k")
    assert len(vendor.calls) == 4
    with pytest.raises(answers.AuthFailed):
        bureau.order(LINKED, DAY, "k")
    assert len(vendor.calls) == 4, "nobody is asked again for a while"


def test_wrong_credentials_are_told_from_a_contract_that_does_not_cover(bureau):
    with responses.RequestsMock() as mock:
        mock.post(f"{URL}/v2/token", status=401, json=refused("00003", "invalid credential"))
        with pytest.raises(answers.AuthFailed, match="refused our credentials"):
            bureau.order(LINKED, DAY, "k")


def test_403_is_the_contract_or_its_quota(bureau, vendor):
    vendor.get(DATA, status=403, json=refused("00047", "quota"))
    with pytest.raises(answers.NotEntitled, match="the contract or its quota"):
        bureau.order(LINKED, DAY, "k")


def test_an_answer_without_an_organization_may_have_been_charged(bureau, vendor):
    vendor.get(DATA, json={"blockStatus": []})
    with pytest.raises(answers.Malformed, match="without an organization"):
        bureau.order(LINKED, DAY, "k")


@pytest.mark.parametrize("written", ["1234567", "00-123-4567", " 001 234 567 "])
def test_a_number_is_read_as_people_and_spreadsheets_write_it(bureau, vendor, written):
    vendor.get(DATA, json=answered())
    bureau.order(Subject("C042", country="US", ids={"duns": written}), DAY, "k")


@pytest.mark.parametrize("written", ["1234567890", "US1234567", "0", "٣٤٥"])
def test_what_is_no_number_asks_nobody(bureau, written):
    with pytest.raises(answers.Rejected, match="the duns of C042 is not a number of nine digits"):
        bureau.order(Subject("C042", ids={"duns": written}), DAY, "k")


def test_an_account_that_is_not_linked_asks_nobody(bureau):
    with pytest.raises(answers.NotFound, match="C042 is not linked; see: healthcheck bureaus find C042"):
        bureau.order(Subject("C042"), DAY, "k")


def test_no_credentials_ask_nobody():
    with pytest.raises(answers.AuthFailed, match="set HEALTHCHECK_DNB_KEY and HEALTHCHECK_DNB_SECRET"):
        Dnb(load(dnb_key="only")).order(LINKED, DAY, "k")


def test_a_price_that_is_not_set_is_not_a_price_of_nought():
    with pytest.raises(UsageError, match="price not set; set HEALTHCHECK_DNB_COST_PER_PULL"):
        Dnb(load()).cost()
    assert Dnb(load(dnb_cost_per_pull="4.20")).cost() == Decimal("4.20")


def test_it_is_in_the_registry_and_its_rate_is_as_set():
    bureau = registry.load("dnb", load(dnb_rate_limit="240"))
    assert (bureau.name, bureau.linked_by, bureau.idempotency, bureau.rate_limit()) == ("dnb", "duns", "none", 240)
    assert Dnb(load()).rate_limit() is None


# ---- the search


def found(*codes):
    rows = [{**CANDIDATE, "matchQualityInformation": {"confidenceCode": code}} for code in codes]
    return {"candidatesMatchedQuantity": len(rows), "matchCandidates": rows}


def test_from_confidence_8_on_a_match_needs_no_person(bureau, vendor):
    asked = {
        "countryISOAlpha2Code": "US",
        "name": "Norda",
        "addressLocality": "Toledo",
        "candidateMaximumQuantity": "10",
    }
    vendor.get(MATCH, json=found(7, 10, 8, 9, None, "?"), match=[query_param_matcher(asked)])
    listed = bureau.find(Subject("C042", name="Norda", country="us", city="Toledo"))
    assert [one.confidence for one in listed] == [1.0, 0.95, 0.9, 0.7, 0.0, 0.0]
    assert (listed[0].id, listed[0].name, listed[0].city, listed[0].country) == (
        "001234567",
        "NORDA METAL WORKS INC",
        "Toledo",
        "US",
    )


def test_404_is_nobody(bureau, vendor):
    vendor.get(MATCH, status=404, json=refused("20505", "No Match found"))
    assert bureau.find(Subject("C042", name="Norda", country="US")) == []


def test_a_number_is_as_sure_as_the_names_are_alike(bureau, vendor):
    """Any number leads to some company, with the vendor's best confidence."""
    vendor.get(MATCH, json=found(10))
    (like,) = bureau.find(LINKED)
    assert vendor.calls[-1].request.params == {"duns": "001234567"}
    numbered = {"country": "US", "ids": {"company_number": "OH-77"}}
    (unlike,) = bureau.find(Subject("C042", name="Weber Feinkost", **numbered))
    assert vendor.calls[-1].request.params["registrationNumber"] == "OH-77"
    assert (like.confidence, unlike.confidence < 0.9) == (1.0, True)


def test_one_that_is_out_of_business_comes_after_one_that_is_not(bureau, vendor):
    gone = {
        **CANDIDATE["organization"],
        "dunsControlStatus": {"operatingStatus": {"description": "Out of business", "dnbCode": 128}},
    }
    body = found(10, 9)
    body["matchCandidates"][0] = {**body["matchCandidates"][0], "organization": {**gone, "duns": "009"}}
    body["matchCandidates"].append({"organization": {}, "matchQualityInformation": {"confidenceCode": 10}})
    vendor.get(MATCH, json=body)
    assert [one.id for one in bureau.find(Subject("C042", name="Norda", country="US"))] == ["001234567", "009"]


def test_a_search_needs_a_country(bureau):
    with pytest.raises(answers.Rejected, match="C042 has no country"):
        bureau.find(Subject("C042", name="Norda"))


# ---- the report


def test_a_good_report_fills_all_sections_but_the_one_it_does_not_have():
    report = read()
    assert {name for name in SECTIONS if not report.has(name)} == {"filings"}
    score = report.score
    assert (score.value, score.scale_min, score.scale_max, score.higher_is_better) == (71, 1, 100, True)
    assert (score.band, score.bands, score.model) == ("2", ("1", "2", "3", "4", "5"), "failure US FSS 7.1")
    assert score.as_of == date(2026, 2, 10)
    assert (report.limit.amount, report.limit.currency) == (240000, "USD")
    assert (report.payment.dbt, report.payment.paydex) == (9, 74)
    assert (report.legal, report.status, report.banks_on_file) == ((), "active", ("Sample Bank NA",))
    assert report.ownership.owners == ("Norda Holding Inc", "Norda Worldwide SA")
    assert report.ownership.control_changed is None
    assert Report.from_json(report.to_json()) == report


def test_keys_are_found_whatever_their_case():
    def shout(part):
        if isinstance(part, dict):
            return {name.upper(): shout(value) for name, value in part.items()}
        return [shout(one) for one in part] if isinstance(part, list) else part

    assert to_report(shout(answered()), DAY) == read()


@pytest.mark.parametrize(
    ("block", "lost"),
    [("companyinfo", {"status", "banks"}), ("financialstrength", {"score", "limit"}), ("paymentinsight", {"payment"}),
     ("eventfilings", {"legal", "ownership"}), ("hierarchyconnections", {"ownership"}), ("baseinfo", set())],
)  # fmt: skip
@pytest.mark.parametrize(
    ("status", "reason", "state"),
    [("error", "temporarily unavailable", "failed"), ("failed", None, "failed"), ("not entitled", None, "not_entitled"),
     ("error", "You are not currently authorised to access this product", "not_entitled"), ("error", "00004", "not_entitled")],
)  # fmt: skip
def test_a_block_that_did_not_come_inside_a_200_takes_its_sections(block, lost, status, reason, state):
    sections = blocked(block, status, reason).sections
    assert {name for name, found in sections.items() if found == state} == lost
    assert {name for name, found in sections.items() if found == "missing"} == {"filings"}


def test_a_change_of_control_is_told_though_the_owners_are_not():
    changed = {**ORGANIZATION["significantEvents"], "hasControlChange": True}
    report = blocked("hierarchyconnections", significantEvents=changed, corporateLinkage={})
    assert (report.sections["ownership"], report.ownership.control_changed) == ("ok", True)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("dnbAssessment", {"score", "limit"}), ("businessTrading", {"payment"}), ("legalEvents", {"legal"}),
     ("corporateLinkage", {"ownership"}), ("dunsControlStatus", {"status"}), ("banks", {"banks"})],
)  # fmt: skip
def test_what_is_absent_empty_or_null_is_missing_never_clean(theirs, ours):
    for nothing in (None, {}, [], {"whatever": None}):
        sections = read(**{theirs: nothing}).sections
        assert {name for name in ours if sections[name] != "missing"} == set()


# ---- the score


def test_without_a_failure_score_the_delinquency_score_stands_as_another_model():
    report = assessed(failureScore={})
    assert (report.score.value, report.score.band, report.score.model) == (64, "3", "delinquency US DEL 8.0")


def test_where_both_are_empty_the_risk_segment_stands_as_a_third():
    """Some countries have ``{}`` for delinquency and a failure score of nulls."""
    nulls = {"classScore": None, "scoreDate": "2026-02-10", "scoreModel": {"description": "NL26804", "dnbCode": None}}
    report = assessed(failureScore=nulls, delinquencyScore={})
    assert (report.score.value, report.score.band, report.score.bands) == (None, "2", ("1", "2", "3", "4"))
    assert report.score.model == "risk segment"
    assert assessed(failureScore=nulls, delinquencyScore={}, standardRating={}).sections["score"] == "missing"


@pytest.mark.parametrize("nothing", [{"riskSegment": "-"}, {"riskSegment": "0"}, {"riskSegment": None}, {}])
@pytest.mark.parametrize("percentile", [0, 0.0, None, {}, 998, "999", "NA", 101])
def test_a_percentile_of_nought_without_a_class_is_no_score(percentile, nothing):
    score = {**ORGANIZATION["dnbAssessment"]["failureScore"], "nationalPercentile": percentile, "classScore": None}
    report = assessed(failureScore=score, delinquencyScore={}, standardRating=nothing)
    assert (report.score.value, report.score.band, report.sections["score"]) == (None, None, "missing")


def test_a_percentile_of_nought_without_a_class_gives_way_to_the_other_score():
    score = {**ORGANIZATION["dnbAssessment"]["failureScore"], "nationalPercentile": 0, "classScore": None}
    assert assessed(failureScore=score).score.model == "delinquency US DEL 8.0"


def test_a_percentile_without_a_class_is_a_score():
    score = {**ORGANIZATION["dnbAssessment"]["failureScore"], "nationalPercentile": 47.0, "classScore": None}
    report = assessed(failureScore=score)
    assert (report.score.value, report.score.band, report.has("score")) == (47, None, True)


@pytest.mark.parametrize(
    ("told", "band"), [(2, "2"), (2.0, "2"), ("5", "5"), (0, None), (6, None), ("N/A", None), (True, None)]
)
def test_the_class(told, band):
    score = {**ORGANIZATION["dnbAssessment"]["failureScore"], "classScore": told}
    assert assessed(failureScore=score).score.band == band


def test_another_model_is_another_model():
    score = deepcopy(ORGANIZATION["dnbAssessment"]["failureScore"])
    score["scoreModel"]["description"] = "US FSS 8.0"
    assert assessed(failureScore=score).score.model != read().score.model


# ---- the rest


def test_days_that_come_before_the_terms_are_negative():
    def paid(**changes):
        summary = {**ORGANIZATION["businessTrading"][0]["summary"][0], **changes}
        return read(businessTrading=[{"summary": [summary]}]).payment

    assert paid(paymentBehaviorDays=4, paymentBehaviorResult={"description": "Sooner than terms"}).dbt == -4
    assert paid(paymentBehaviorDays=0, paymentBehaviorResult={"description": "Prompt"}).dbt == 0
    assert paid(threeMonthsPriorPaydexScore=80).trend == "PAYDEX 80 three months before"
    for sentinel in (None, {}, 0, 998, 999, "NA"):
        assert paid(paydexScore=sentinel).paydex is None
    assert (paid(paymentBehaviorDays=None).dbt, paid(paymentBehaviorDays=999).dbt) == (None, None)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"hasBankruptcy": True, "hasOpenBankruptcy": True}, [("bankruptcy", True)]),
        ({"hasBankruptcy": True, "hasOpenBankruptcy": False}, [("bankruptcy", False)]),
        ({"hasOpenBankruptcy": True, "hasBankruptcy": None}, [("bankruptcy", True)]),
        ({"hasInsolvency": True}, [("insolvency", None)]),
        ({"hasLiquidation": True}, [("liquidation", None)]),
        ({"hasSuspensionOfPayments": True}, [("moratorium", None)]),
        ({"hasJudgments": True, "hasOpenJudgments": None}, [("judgment", None)]),
        ({"hasLiens": True, "hasOpenLiens": True, "hasSuits": True, "hasOpenSuits": True}, [("lien", True), ("suit", True)]),
        ({"hasClaims": True}, [("other", None)]),
        ({"hasFinancialEmbarrassment": True}, [("other", None)]),
        ({"hasCriminalProceedings": True}, [("other", None)]),
        ({"hasLegalEvents": True, "hasOpenLegalEvents": True}, [("other", True)]),
        ({"hasLegalEvents": True, "hasJudgments": True, "hasOpenJudgments": True}, [("judgment", True)]),
    ],
)  # fmt: skip
def test_legal_events_have_three_states(flags, expected):
    report = events(**flags)
    assert [(event.kind, event.open) for event in report.legal] == expected
    assert report.has("legal")


def test_truths_that_are_null_are_not_clean():
    nulls = dict.fromkeys(ORGANIZATION["legalEvents"])
    assert read(legalEvents=nulls).sections["legal"] == "missing"
    assert read(legalEvents={**nulls, "hasJudgments": False}).sections["legal"] == "missing"
    assert read(legalEvents={**nulls, "hasBankruptcy": False}).sections["legal"] == "ok"
    severe = {**ORGANIZATION["dnbAssessment"], "hasSevereNegativeEvents": True}
    assert read(legalEvents=nulls, dnbAssessment=severe).legal == (Legal("other", True, ref="severe negative events"),)


def test_secured_filings_and_another_chief_are_told():
    assert events("financingEvents", hasSecuredFilings=True, hasOpenSecuredFilings=True).legal == (
        Legal("charge", True, ref="secured filings"),
    )
    assert events("financingEvents", hasSecuredFilings=True).legal == ()
    assert [event.kind for event in events("significantEvents", hasCEOChange=True).legal] == ["officer_change"]


@pytest.mark.parametrize(
    ("flags", "changed"),
    [({"hasControlChange": True}, True), ({"hasPartnerChange": True}, True), ({"hasControlChange": False}, False),
     ({"hasControlChange": False, "hasPartnerChange": True}, True), ({}, None), ({"hasPartnerChange": False}, None)],
)  # fmt: skip
def test_a_change_of_control(flags, changed):
    assert events("significantEvents", **flags).ownership.control_changed is changed


def test_a_company_at_the_top_of_its_family_owns_itself_and_that_is_no_owner():
    top = {"duns": ORGANIZATION["duns"], "primaryName": ORGANIZATION["primaryName"]}
    assert read(corporateLinkage={"globalUltimate": top, "parent": {}}).ownership.owners == ()


@pytest.mark.parametrize(
    ("operating", "expected"),
    [
        ({"description": "Active", "dnbCode": 9074}, "active"), ({"description": "Out of business", "dnbCode": 128}, "out_of_business"),
        ({"description": "Aktief", "dnbCode": 9074}, "active"), ({"description": "Under review", "dnbCode": 1}, "under_review"),
        ({"description": None, "dnbCode": None}, None), ({}, None),
    ],
)  # fmt: skip
def test_status(operating, expected):
    assert read(dunsControlStatus={"operatingStatus": operating}).status == expected


def test_a_business_that_was_given_up_is_not_active():
    assert events("significantEvents", hasBusinessDiscontinued=True).status == "discontinued"


def test_a_field_that_cannot_be_read_costs_its_section_alone():
    limit = {"maximumRecommendedLimit": {"value": "24O,000", "currency": "USD"}}
    report = assessed(creditLimitRecommendation=limit)
    assert (report.sections["limit"], report.score.value) == ("failed", 71)
    assert events(hasLiens="perhaps").sections["legal"] == "failed"
    assert events("significantEvents", hasControlChange="perhaps").sections["ownership"] == "failed"


@pytest.mark.parametrize("name", ["CI_L2_FS_L2_PI_L1", "FE_L1", "HC_L1", "FS_L1"])
def test_the_shape_of_recorded_blocks_is_understood(shared, name):
    import json

    sample = json.loads((shared / f"data/bureau_samples/dnb/{name}_407809623.json").read_text())
    report = to_report(sample, DAY)
    held = {
        "CI_L2_FS_L2_PI_L1": {"score", "limit", "payment", "status", "banks"}, "FE_L1": {"legal"}, "HC_L1": {"ownership"}, "FS_L1": set(),
    }  # fmt: skip
    assert {name for name in SECTIONS if report.has(name)} == held[name]
