"""What EDGAR's submissions mean; shapes after the SEC's contract, companies and filings made up."""

from __future__ import annotations

import json
from datetime import date

import pytest
import responses
from responses.matchers import header_matcher

from healthcheck.bureaus import answers, registry
from healthcheck.bureaus.base import SECTIONS, Legal, Report, Subject
from healthcheck.bureaus.sec_edgar import SecEdgar, cik_of
from healthcheck.bureaus.sec_edgar_report import to_report
from healthcheck.checks.credit import events
from healthcheck.checks.credit.policy import Policy
from healthcheck.settings import load
from tests.servers.registers import submissions

DAY = date(2026, 3, 2)
WHO = "Nordwind GmbH credit@nordwind.example"
URL = "https://data.sec.gov/submissions/CIK0001234567.json"
LINKED = Subject("C042", name="Norda Metals Inc", country="US", ids={"cik": "1234567"})
REPORTED = ("10-Q", "2025-11-06")


@pytest.fixture
def bureau():
    return SecEdgar(load(sec_edgar_user_agent=WHO))


@pytest.fixture
def edgar():
    with responses.RequestsMock() as mock:
        yield mock


def read(*filings):
    return to_report(submissions(*filings), DAY)


# ---- the calls


def test_we_say_who_we_are_and_the_answer_is_kept(bureau, edgar):
    edgar.get(URL, json=submissions(REPORTED), match=[header_matcher({"User-Agent": WHO})])
    ready = bureau.order(LINKED, DAY, "k")
    assert (ready.report.bureau, ready.report.reported_on) == ("sec_edgar", DAY)
    assert json.loads(ready.raw) == submissions(REPORTED)


@pytest.mark.parametrize("who", ["", "  ", "Nordwind GmbH", "Nördlich a@b.example", "a@b.example\nX-Other: 1"])
def test_without_a_name_and_an_address_nobody_is_asked(who):
    with pytest.raises(answers.AuthFailed, match="HEALTHCHECK_SEC_EDGAR_USER_AGENT"):
        SecEdgar(load(sec_edgar_user_agent=who)).order(LINKED, DAY, "k")


def test_403_says_what_it_means_here(bureau, edgar):
    edgar.get(URL, status=403, body="<html>Request Rate Threshold Exceeded</html>")
    with pytest.raises(answers.NotEntitled, match="too many requests, or a HEALTHCHECK_SEC_EDGAR_USER_AGENT"):
        bureau.order(LINKED, DAY, "k")


def test_an_answer_without_filings_is_none(bureau, edgar):
    edgar.get(URL, json={"name": "NORDA METALS INC"})
    with pytest.raises(answers.Unreachable, match="without filings"):
        bureau.order(LINKED, DAY, "k")


def test_it_is_free_and_the_sec_lets_in_ten_a_second():
    bureau = registry.load("sec_edgar", load())
    assert (bureau.cost(), bureau.idempotency, bureau.linked_by, bureau.rate_limit()) == (0, "reread", "cik", 600)


def test_the_probe_reads_one_company(bureau, edgar):
    edgar.get("https://data.sec.gov/submissions/CIK0000320193.json", json=submissions(REPORTED))
    assert (bureau.probe().mode, bureau.probe().credentials) == ("live", None)


@pytest.mark.parametrize("written", ["1234567", "0001234567", " CIK0001234567", "cik 1234567"])
def test_a_cik_has_ten_digits(written):
    assert cik_of(Subject("C1", ids={"cik": written})) == "0001234567"


@pytest.mark.parametrize("written", ["12345678901", "NRDM", "../x", "12.0", "١٢٣"])
def test_what_is_no_cik_is_not_asked_for(written):
    with pytest.raises(answers.Rejected, match="the CIK of C1"):
        cik_of(Subject("C1", ids={"cik": written}))


def test_who_is_not_linked_is_told_how(bureau):
    with pytest.raises(answers.NotFound, match="C1 is not linked; healthcheck bureaus confirm C1 sec_edgar CIK"):
        bureau.order(Subject("C1", name="Norda"), DAY, "k")
    with pytest.raises(
        answers.Rejected, match=r"finds nobody by name; .* healthcheck bureaus confirm C1 sec_edgar CIK"
    ):
        bureau.find(Subject("C1", name="Norda"))


def test_found_by_cik_the_names_are_compared(bureau, edgar):
    edgar.get(URL, json=submissions(REPORTED))
    (found,) = bureau.find(LINKED)
    assert (found.id, found.name, found.confidence, found.city) == ("0001234567", "NORDA METALS INC", 1.0, "TOLEDO")
    edgar.get("https://data.sec.gov/submissions/CIK0000000009.json", status=404)
    assert bureau.find(Subject("C1", ids={"cik": "9"})) == []


# ---- the report


def test_a_company_that_reports_and_had_no_event_is_clean():
    report = read(REPORTED, ("8-K", "2026-01-10", "2.02,9.01"))
    assert {name for name in SECTIONS if report.has(name)} == {"legal", "filings", "ownership"}
    assert (report.legal, report.filings_overdue, report.ownership.control_changed) == ((), False, False)
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    "filings",
    [
        [("10-Q", "2025-05-08")],  # silent since
        [("20-F", "2026-02-01"), ("6-K", "2026-02-20")],  # a foreign issuer files other forms
        [("4", "2026-02-20")],
        [("10-Q/A", "2026-02-20")],
        [("10-Q", "2026-03-03")],  # not yet
    ],
)
def test_who_files_nothing_is_not_clean(filings):
    sections = read(*filings).sections
    assert [sections[name] for name in ("legal", "filings", "ownership")] == ["missing"] * 3


@pytest.mark.parametrize(
    ("item", "kind", "state", "outcome"),
    [
        ("1.03", "bankruptcy", True, "urgent"), ("2.04", "debt_acceleration", True, "flag"), ("4.02", "restatement", True, "flag"),
        ("3.01", "delisting_notice", None, "watch"), ("4.01", "auditor_change", None, "watch"),
        ("5.02", "officer_change", False, "clear"),
    ],
)  # fmt: skip
def test_items_are_events_and_what_the_check_makes_of_them(item, kind, state, outcome):
    report = read(("8-K", "2026-01-10", f"2.02, {item},9.01"), REPORTED)
    assert report.legal == (Legal(kind, state, None, date(2026, 1, 10), "0001234567-26-000000"),)
    assert events.legal(report, None, DAY, Policy()).outcome == outcome


def test_a_change_of_control_is_one_of_ownership():
    report = read(("8-K", "2026-01-10", "5.01,5.02"), REPORTED)
    assert report.ownership.control_changed is True
    assert [event.kind for event in report.legal] == ["officer_change"]


def test_events_are_those_of_a_year_and_bankruptcies_those_of_two():
    assert read(("8-K", "2025-03-02", "4.02"), REPORTED).legal == ()
    assert len(read(("8-K", "2025-03-03", "4.02"), REPORTED).legal) == 1
    assert len(read(("8-K", "2024-03-03", "1.03"), REPORTED).legal) == 1
    assert read(("8-K", "2024-03-02", "1.03"), REPORTED).legal == ()
    assert read(("8-K", "2025-03-02", "5.01"), REPORTED).ownership.control_changed is False


def test_a_bankruptcy_is_told_of_a_company_that_no_longer_reports():
    report = read(("8-K", "2025-04-01", "1.03"))
    assert ([event.kind for event in report.legal], report.sections["filings"]) == (["bankruptcy"], "missing")


def test_neither_amendments_nor_what_was_filed_later_counts():
    assert read(("8-K/A", "2026-01-10", "4.01"), ("8-K", "2026-03-03", "1.03"), REPORTED).legal == ()


@pytest.mark.parametrize(
    ("filings", "expected"),
    [
        ([("NT 10-K", "2026-03-01")], "10-K late by its own notice of 1 March 2026"),
        ([("10-K", "2026-03-02"), ("NT 10-K", "2026-03-01")], None), ([("10-KT", "2026-03-01"), ("NT 10-K", "2026-03-01")], None),
        ([("10-Q", "2026-03-02"), ("NT 10-K", "2026-03-01")], "10-K late by its own notice of 1 March 2026"),
        ([("10-K/A", "2026-03-02"), ("NT 10-K", "2026-03-01")], "10-K late by its own notice of 1 March 2026"),
        ([("NT 10-Q", "2025-11-10"), ("10-Q", "2025-08-08")], "10-Q late by its own notice of 10 November 2025"),
        ([("10-Q", "2025-11-12"), ("NT 10-Q", "2025-11-10")], None), ([REPORTED, ("NT 10-K", "2025-03-01")], None),
    ],
)  # fmt: skip
def test_late_by_its_own_notice_until_the_report_comes(filings, expected):
    report = read(*filings)
    assert (report.filings_overdue, report.filings_detail) == (expected is not None, expected)


def test_the_order_of_the_rows_does_not_matter():
    filings = [("10-K", "2026-03-01"), ("NT 10-K", "2026-02-20"), ("8-K", "2026-01-10", "4.01"), REPORTED]
    forward, backward = read(*filings), read(*reversed(filings))
    assert (forward.filings_overdue, backward.filings_overdue) == (False, False)
    assert [event.kind for event in forward.legal] == [event.kind for event in backward.legal] == ["auditor_change"]


@pytest.mark.parametrize("name", ["form", "filingDate", "items", "accessionNumber"])
def test_arrays_that_are_not_parallel_are_not_read(name):
    body = submissions(("8-K", "2026-01-10", "1.03"), REPORTED)
    body["filings"]["recent"][name].pop()
    sections = to_report(body, DAY).sections
    assert [sections[part] for part in ("legal", "filings", "ownership")] == ["failed"] * 3


def test_without_items_events_are_unknown_and_filings_known():
    body = submissions(("8-K", "2026-01-10", "1.03"), REPORTED)
    del body["filings"]["recent"]["items"]
    sections = to_report(body, DAY).sections
    assert [sections[part] for part in ("legal", "ownership", "filings")] == ["missing", "missing", "ok"]


def test_keys_are_found_whatever_their_case():
    body = submissions(("8-K", "2026-01-10", "4.01"), REPORTED)
    recent = {name.upper(): column for name, column in body["filings"]["recent"].items()}
    assert to_report({"FILINGS": {"Recent": recent}}, DAY) == to_report(body, DAY)


def test_a_real_answer_is_understood(shared):
    sample = json.loads((shared / "data/bureau_samples/sec_edgar/company_submission_trimmed40.json").read_text())
    report = to_report(sample, date(2022, 12, 1))
    assert {name for name in SECTIONS if report.has(name)} == {"legal", "filings", "ownership"}
    assert [(event.kind, event.open, event.date) for event in report.legal] == [
        ("officer_change", False, date(2022, 9, 28))
    ]
    assert to_report(sample, DAY).sections["legal"] == "missing"
