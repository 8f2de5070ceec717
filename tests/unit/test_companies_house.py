"""What Companies House's answers mean; shapes after the vendor's contract, companies and figures made up."""

from __future__ import annotations

import json
import traceback
from base64 import b64encode
from datetime import date

import pytest
import responses
from responses.matchers import header_matcher, query_param_matcher

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import SECTIONS, Legal, Ownership, Report, Subject
from healthcheck.bureaus.companies_house import CompaniesHouse, number_of
from healthcheck.bureaus.companies_house_report import to_report
from healthcheck.checks.credit import events
from healthcheck.checks.credit.policy import Policy
from healthcheck.settings import load
from tests.servers.registers import CHARGES, INSOLVENCY, OWNERS, PROFILE

DAY = date(2026, 3, 2)
KEY = "canary-key-7f3a"
URL = "https://api.company-information.service.gov.uk"
LINKED = Subject("C042", name="Norda Metals Limited", country="GB", ids={"company_number": "1234567"})
COMPANY = f"{URL}/company/01234567"
MORE = {"charges": CHARGES, "insolvency": INSOLVENCY, "owners": OWNERS}
QUIET = {"has_charges": False, "has_insolvency_history": False, "links": {"self": "/company/01234567"}}


@pytest.fixture
def bureau():
    return CompaniesHouse(load(companies_house_api_key=KEY))


@pytest.fixture
def register():
    with responses.RequestsMock() as mock:
        yield mock


def read(more=MORE, **changes):
    return to_report({**PROFILE, **changes}, more, DAY)


# ---- the calls


def test_a_report_is_the_profile_with_what_it_points_to_and_all_answers_are_kept(bureau, register):
    basic = header_matcher({"Authorization": f"Basic {b64encode(f'{KEY}:'.encode()).decode()}"})
    page = query_param_matcher({"items_per_page": "100"})
    register.get(COMPANY, json=PROFILE, match=[basic])
    register.get(f"{COMPANY}/charges", json=CHARGES, match=[basic, page])
    register.get(f"{COMPANY}/insolvency", json=INSOLVENCY, match=[basic])
    register.get(f"{COMPANY}/persons-with-significant-control", json=OWNERS, match=[basic, page])
    ready = bureau.order(LINKED, DAY, "k")
    assert ready.report == read()
    assert (ready.report.bureau, ready.report.reported_on) == ("companies_house", DAY)
    assert json.loads(ready.raw) == {"company": PROFILE, **MORE}


def test_what_the_profile_rules_out_is_not_asked(bureau, register):
    register.get(COMPANY, json=PROFILE | QUIET)
    register.get(f"{COMPANY}/persons-with-significant-control", json=OWNERS)
    report = bureau.order(LINKED, DAY, "k").report
    assert (report.legal, report.sections["legal"], len(register.calls)) == ((), "ok", 2)


def test_what_the_profile_does_not_say_is_asked_and_404_is_none(bureau, register):
    unsaid = {key: value for key, value in PROFILE.items() if not key.startswith("has_")} | {"links": {}}
    register.get(COMPANY, json=unsaid)
    for what in ("charges", "insolvency", "persons-with-significant-control"):
        register.get(f"{COMPANY}/{what}", status=404, json={"errors": [{"error": f"company-{what}-not-found"}]})
    ready = bureau.order(LINKED, DAY, "k")
    assert (ready.report.legal, ready.report.sections["legal"]) == ((), "ok")
    assert ready.report.sections["ownership"] == "missing"
    assert json.loads(ready.raw)["insolvency"] == "missing"


@pytest.mark.parametrize("what", ["charges", "insolvency"])
def test_404_for_what_the_profile_says_is_there_is_not_clean(what):
    sections = read({**MORE, what: "missing"}).sections
    assert (sections["legal"], sections["status"], sections["ownership"]) == ("failed", "ok", "ok")


@pytest.mark.parametrize(("status", "state"), [(500, "failed"), (400, "failed"), (403, "not_entitled")])
def test_a_section_that_does_not_come_is_said_to_be_so_and_the_rest_is_kept(bureau, register, status, state):
    register.get(COMPANY, json=PROFILE)
    register.get(f"{COMPANY}/charges", status=status, body="<html>no</html>")
    register.get(f"{COMPANY}/insolvency", json=INSOLVENCY)
    register.get(f"{COMPANY}/persons-with-significant-control", json=OWNERS)
    sections = bureau.order(LINKED, DAY, "k").report.sections
    assert (sections["legal"], sections["status"], sections["filings"]) == (state, "ok", "ok")


def test_too_many_requests_end_the_report_wherever_they_come(bureau, register):
    register.get(COMPANY, json=PROFILE)
    register.get(f"{COMPANY}/persons-with-significant-control", status=429, headers={"Retry-After": "120"})
    with pytest.raises(answers.Throttled) as caught:
        bureau.order(LINKED, DAY, "k")
    assert caught.value.retry_after == 120


def test_an_answer_without_a_company_is_none(bureau, register):
    register.get(COMPANY, json={"errors": []})
    with pytest.raises(answers.Unreachable, match="without a company"):
        bureau.order(LINKED, DAY, "k")


def test_no_key_asks_nobody():
    with pytest.raises(answers.AuthFailed, match="HEALTHCHECK_COMPANIES_HOUSE_API_KEY"):
        CompaniesHouse(load()).order(LINKED, DAY, "k")


def test_it_is_free_and_a_report_counts_as_four_requests():
    bureau = registry.load("companies_house", load())
    assert (bureau.cost(), bureau.idempotency, bureau.linked_by) == (0, "reread", "company_number")
    assert bureau.rate_limit() == 30
    assert registry.load("companies_house", load(companies_house_rate_limit="")).rate_limit() is None


def test_the_probe_shows_that_the_key_is_known(bureau, register):
    register.get(f"{URL}/search/companies", json={"items": []})
    assert (bureau.probe().mode, bureau.probe().credentials) == ("live", True)


def test_the_key_stands_in_no_traceback(bureau, register):
    register.get(COMPANY, status=401)
    with pytest.raises(answers.AuthFailed) as caught:
        bureau.order(LINKED, DAY, "k")
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "path = ('company', '01234567')" in text
    for secret in (KEY, b64encode(f"{KEY}:".encode()).decode()):
        assert secret not in text


# ---- which company


@pytest.mark.parametrize(
    ("written", "number"),
    [("1234567", "01234567"), ("01234567", "01234567"), ("SC12345", "SC012345"), ("sc 012345", "SC012345"), ("OC-301234", "OC301234"),
     ("NI 1234", "NI001234"), ("R123", "R0000123"), ("IP123R", "IP00123R"), ("6", "00000006")],
)  # fmt: skip
def test_numbers_have_eight_characters_and_keep_their_prefix(written, number):
    assert number_of(Subject("C1", country="GB", ids={"company_number": written})) == number


@pytest.mark.parametrize("written", ["HRB 12345", "123456789", "1234567.0", "SC", "../officers", "12/34"])
def test_what_is_no_number_of_the_register_is_not_asked_for(written):
    with pytest.raises(answers.Rejected, match="C1 is none of the UK's register"):
        number_of(Subject("C1", country="GB", ids={"company_number": written}))


def test_another_countrys_number_is_not_taken_for_a_british_one():
    with pytest.raises(answers.NotFound, match="C1 is in DE"):
        number_of(Subject("C1", country="DE", ids={"company_number": "01234567"}))
    with pytest.raises(answers.Rejected, match="has no country; write its number in full"):
        number_of(Subject("C1", ids={"company_number": "1234567"}))
    assert number_of(Subject("C1", ids={"company_number": "01234567"})) == "01234567"
    with pytest.raises(answers.NotFound, match="C1 is not linked; see: healthcheck bureaus find C1"):
        number_of(Subject("C1", country="GB"))


def test_found_by_name_the_dissolved_namesake_comes_later_and_limited_is_ltd(bureau, register):
    found = {"items": [
        {"title": "NORDA METALS LTD", "company_number": "00000001", "company_status": "dissolved"},
        {"title": "NORDA METALS LTD.", "company_number": "01234567", "company_status": "active", "address": {"locality": "Leeds"}},
        {"title": "NORTH & SOUTH CARGO PLC", "company_number": "SC000002", "company_status": "active"}, {"title": "no number"},
    ]}  # fmt: skip
    asked = query_param_matcher({"q": "Norda Metals Limited", "items_per_page": "20"})
    register.get(f"{URL}/search/companies", json=found, match=[asked])
    first, second, third = bureau.find(Subject("C042", name="Norda Metals Limited", country="GB"))
    assert (first.id, first.confidence, first.city, first.country) == ("01234567", 0.9, "Leeds", "GB")
    assert (second.id, second.confidence, third.id) == ("00000001", 0.81, "SC000002")


def test_found_by_number_is_the_company_of_the_number_or_nobody(bureau, register):
    register.get(COMPANY, json=PROFILE)
    (found,) = bureau.find(LINKED)
    assert (found.id, found.name, found.confidence, found.city) == ("01234567", "NORDA METALS LTD", 1.0, "Leeds")
    register.get(f"{URL}/company/00000009", status=404)
    assert bureau.find(Subject("C1", country="GB", ids={"company_number": "9"})) == []


@pytest.mark.parametrize("subject", [Subject("C1", name="Norda", country="DE"), Subject("C1", country="GB")])
def test_nobody_is_looked_for_abroad_or_without_a_name(bureau, subject):
    assert bureau.find(subject) == []


# ---- the report


def test_a_good_report_fills_what_the_register_holds():
    report = read()
    assert {name for name in SECTIONS if report.has(name)} == {"legal", "filings", "ownership", "status"}
    assert (report.status, report.filings_overdue, report.ownership) == (
        "active",
        False,
        Ownership(None, ("Norda Holding Ltd",)),
    )
    assert report.legal == (
        Legal("charge", True, None, date(2026, 1, 20), "012345670002"), Legal("charge", False, None, date(2004, 3, 1), "charge 1"),
        Legal("insolvency", False, None, date(2012, 2, 1), "corporate-voluntary-arrangement 1"),
    )  # fmt: skip
    assert Report.from_json(report.to_json()) == report


def test_keys_are_found_whatever_their_case():
    def shout(part):
        if isinstance(part, dict):
            return {name.upper(): shout(value) for name, value in part.items()}
        return [shout(one) for one in part] if isinstance(part, list) else part

    assert to_report(shout(PROFILE), {name: shout(body) for name, body in MORE.items()}, DAY) == read()


@pytest.mark.parametrize(
    ("status", "detail", "expected"),
    [
        ("active", None, "active"), ("active", "active-proposal-to-strike-off", "strike_off"),
        ("active-proposal-to-strike-off", None, "strike_off"), ("active", "converted-to-plc", "active"), ("open", None, "active"),
        ("liquidation", None, "liquidation"), ("administration", None, "administration"), ("receivership", None, "receivership"),
        ("voluntary-arrangement", None, "voluntary_arrangement"), ("insolvency-proceedings", None, "insolvency"),
        ("dissolved", "petition-to-restore-dissolved", "dissolved"), ("a new word", None, "a new word"), ("NA", None, None),
        (None, None, None), ({}, None, None),
    ],
)  # fmt: skip
def test_status(status, detail, expected):
    report = read(company_status=status, company_status_detail=detail)
    assert (report.status, report.has("status")) == (expected, expected is not None)


@pytest.mark.parametrize(
    ("accounts", "statement", "expected"),
    [
        ({"overdue": True, "next_due": "2025-12-31"}, {"overdue": False}, (True, "accounts due 31 December 2025")),
        ({"overdue": None, "next_accounts": {"overdue": True, "due_on": "2025-12-31"}}, None, (True, "accounts due 31 December 2025")),
        ({"overdue": False}, {"overdue": True, "next_due": "2026-02-01"}, (True, "confirmation statement due 1 February 2026")),
        ({"overdue": True}, {"overdue": True}, (True, "accounts and confirmation statement")),
        ({"overdue": False}, {"overdue": False}, (False, None)), ({"next_accounts": {"overdue": False}}, {"overdue": False}, (False, None)),
        ({"overdue": False}, {}, (None, None)), (None, {"overdue": False}, (None, None)), (None, None, (None, None)),
    ],
)  # fmt: skip
def test_overdue_filings_have_three_states(accounts, statement, expected):
    report = read(accounts=accounts, confirmation_statement=statement)
    assert (report.filings_overdue, report.filings_detail) == expected
    assert report.sections["filings"] == ("missing" if expected[0] is None else "ok")


def test_a_field_that_cannot_be_read_costs_its_section_alone():
    report = read(accounts={"overdue": "perhaps"})
    assert (report.sections["filings"], report.sections["legal"], report.status) == ("failed", "ok", "active")


@pytest.mark.parametrize("count", ["total_count", "unfiltered_count", "unfiletered_count"])
def test_a_list_that_was_cut_off_says_how_many_there_are_however_the_count_is_spelt(count):
    told = {"items": CHARGES["items"], count: 140}
    report = read({**MORE, "charges": told})
    assert report.legal[2] == Legal("charge", ref="140 on file")
    assert len(read({**MORE, "charges": {**told, count: 2}}).legal) == 3


@pytest.mark.parametrize(
    ("status", "state"), [("outstanding", True), ("part-satisfied", True), ("satisfied", False), ("?", None), (None, None)]
)  # fmt: skip
def test_charges_are_open_until_they_are_satisfied(status, state):
    told = {"items": [{"status": status, "delivered_on": "2026-01-27", "charge_number": 1}]}
    assert read({**MORE, "charges": told}).legal[0] == Legal("charge", state, None, date(2026, 1, 27), "charge 1")


@pytest.mark.parametrize(
    ("kind", "dates", "ceased", "company", "expected"),
    [
        ("creditors-voluntary-liquidation", ["wound-up-on"], False, "liquidation", ("liquidation", True)),
        ("compulsory-liquidation", ["petitioned-on"], False, "active", ("liquidation", None)),
        ("compulsory-liquidation", ["petitioned-on", "concluded-winding-up-on"], False, "dissolved", ("liquidation", False)),
        ("in-administration", ["administration-started-on"], False, "administration", ("administration", True)),
        ("in-administration", ["administration-started-on", "administration-ended-on"], False, "active", ("administration", False)),
        ("administrative-receiver", ["instrumented-on"], False, "receivership", ("receivership", True)),
        ("receiver-manager", ["instrumented-on"], True, "active", ("receivership", False)),
        ("corporate-voluntary-arrangement-moratorium", ["moratorium-started-on"], False, "active", ("moratorium", None)),
        ("liquidation-moratorium-commencement-of-moratorium", [], False, "active", ("moratorium", None)),
        ("foreign-insolvency", [], False, None, ("insolvency", None)), (None, [], False, "liquidation", ("insolvency", True)),
    ],
)  # fmt: skip
def test_insolvency_cases(kind, dates, ceased, company, expected):
    person = {
        "name": "A Practitioner",
        "appointed_on": "2026-01-01",
        **({"ceased_to_act_on": "2026-02-01"} if ceased else {}),
    }
    case = {
        "type": kind,
        "number": "3",
        "dates": [{"type": one, "date": "2026-01-05"} for one in dates],
        "practitioners": [person],
    }
    (event,) = read({"insolvency": {"cases": [case]}}, company_status=company).legal
    assert (event.kind, event.open, event.ref) == (*expected, f"{kind or 'case'} 3")
    assert event.date == (date(2026, 1, 5) if dates else None)


def test_an_office_that_cannot_be_reached_is_an_event_that_reads_well():
    report = read({}, registered_office_is_in_dispute=True, undeliverable_registered_office_address=True)
    part = events.legal(report, None, DAY, Policy())
    assert part.outcome == "watch"
    assert "an open event (post to the registered office comes back)" in part.phrase


def test_owners_are_those_of_now_and_a_protected_one_is_told_by_kind():
    secret = {"kind": "super-secure-person-with-significant-control", "ceased": False}
    gone = {"kind": "super-secure-person-with-significant-control", "ceased": True}
    told = {"items": [*OWNERS["items"], secret, gone]}
    assert read({"owners": told}).ownership.owners == (
        "Norda Holding Ltd",
        "super-secure-person-with-significant-control",
    )
    assert read({"owners": {"items": [], "active_count": 0}}).sections["ownership"] == "missing"
    assert read({"owners": "failed"}).sections["ownership"] == "failed"
