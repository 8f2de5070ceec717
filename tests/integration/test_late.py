"""``record`` and ``late`` on a real database: what is recorded decides who acts, as of every date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlmodel import select

from healthcheck.settings import load
from healthcheck.store.late import Record
from healthcheck.store.operations import AuditEntry
from healthcheck.store.session import connect, read

ACCOUNTS = """account,name,country,currency,terms_days,sales_rep,manager_email,parent,customer_email
C1,Norda,DE,EUR,30,Ada,m@x.example,,books@norda.example
C2,Alva,DE,EUR,30,Bo,,C1,
C3,Punctual,DE,EUR,30,,,,
C4,Foreign,US,USD,30,,,,
"""
INVOICES = """account,invoice,issued,due,amount,currency,delivered,paid,disputed
C1,A1,2026-01-05,2026-02-04,1000.00,EUR,2026-01-03,,
C1,A2,2026-02-16,2026-03-18,500.00,EUR,,,
C1,A0,2025-06-02,2025-07-02,400.00,EUR,,2025-07-02,
C2,B1,2026-01-26,2026-02-25,300.00,EUR,,,
C2,B2,2026-01-02,2026-02-02,200.00,EUR,,,yes
C3,P1,2026-01-05,2026-02-04,900.00,EUR,,2026-02-04,
C4,U1,2026-01-05,2026-02-04,700.00,USD,,,
"""
PAYMENTS = """account,paid,amount,invoice,currency
C1,2026-02-20,200.00,A1,EUR
"""
KEYS = [
    "account", "days_past_due", "amount_past_due", "currency", "stage", "sales", "why", "next_step", "next_date", "approach", "agency",
    "house_in_order",
]  # fmt: skip
DAY = "2026-03-02"


@pytest.fixture
def book(cli):
    """An imported book."""
    assert cli("init").code == 0
    for kind, text in (("accounts", ACCOUNTS), ("invoices", INVOICES), ("payments", PAYMENTS)):
        Path(f"{kind}.csv").write_text(text)
        assert cli("import", kind, f"{kind}.csv").code == 0
    return cli


def late(book, *words, on=DAY):
    ran = book("late", *words, "--as-of", on, "--json")
    assert ran.code == 0, ran.err
    return {line["account"]: line for line in ran.lines}


def record(book, *words):
    ran = book("record", *words)
    assert ran.code == 0, ran.err
    return ran.out


def test_one_line_for_each_account_that_is_past_due(book):
    found = late(book)
    assert list(found) == ["C1", "C4", "C2"]  # the longest first
    first = found["C1"]
    assert list(first)[: len(KEYS)] == KEYS
    assert (first["days_past_due"], first["amount_past_due"], first["currency"]) == (26, "800.00", "EUR")
    assert (first["stage"], first["sales"]) == ("middle", "not_yet")
    assert set(first["agency"]) == {"state", "missing"}
    assert (found["C2"]["days_past_due"], found["C2"]["amount_past_due"], found["C2"]["disputed_past_due"]) == (
        5,
        "300.00",
        "200.00",
    )
    assert (found["C4"]["amount_past_due"], found["C4"]["unconverted"]) == ("0.00", "USD 700.00")


def test_nothing_later_is_known(book):
    assert list(late(book, on="2026-02-03")) == ["C2"]  # the disputed invoice alone
    assert late(book, on="2026-02-05")["C1"]["amount_past_due"] == "1000.00"
    assert list(late(book, on="2025-01-01")) == []
    record(book, "C1", "evasive", "--on", "2026-03-01")
    assert late(book, on="2026-02-28")["C1"]["sales"] != "keep_out"
    assert late(book, on="2026-03-01")["C1"]["sales"] == "keep_out"


def test_standard_efforts_bring_in_the_manager(book):
    for day, method in (("2026-02-09", "mail"), ("2026-02-16", "E-Mail"), ("2026-02-24", "call")):
        record(book, "C1", "contact", "--method", method, "--on", day, "--reason", "cash")
    found = late(book)["C1"]
    assert (found["sales"], found["who"], found["approach"]) == ("manager", "m@x.example", "cannot_pay")
    assert late(book, on="2026-02-23")["C1"]["sales"] == "not_yet"


def test_a_dispute_leaves_the_invoice_out_until_it_is_resolved(book):
    said = record(
        book, "C1", "dispute", "--invoice", "A1", "--reason", "goods", "--on", "2026-02-10", "--note", "two were broken"
    )
    assert "owner: credit team" in said
    disputed = late(book)["C1"]
    assert (disputed["amount_past_due"], disputed["disputed_past_due"], disputed["approach"]) == (
        "0.00",
        "800.00",
        "dispute",
    )
    assert late(book, on="2026-02-09")["C1"]["amount_past_due"] == "1000.00"
    record(book, "C1", "resolved", "--invoice", "A1", "--reason", "replaced", "--on", "2026-02-25")
    assert late(book)["C1"]["amount_past_due"] == "800.00"


def test_a_dispute_about_the_whole_account_holds_what_was_invoiced_by_then(book):
    record(book, "C1", "dispute", "--on", "2026-02-10")
    found = late(book, on="2026-03-19")["C1"]
    assert (found["amount_past_due"], found["disputed_past_due"], found["days_past_due"]) == ("500.00", "800.00", 1)


def test_who_is_kept_out_is_late_for_the_rotation_and_a_warning_for_the_group(book):
    record(book, "C1", "placement", "--agency", "Firm", "--on", "2026-02-27")
    found = late(book)
    assert (found["C1"]["sales"], found["C1"]["agency"]["state"]) == ("keep_out", "placed")
    assert "Norda (C1)" in found["C2"]["why"]
    checked = book("check", "C1", "--as-of", DAY, "--json")
    assert checked.lines[0]["class"] == "late"
    assert checked.out == next(line for line in screened(book).splitlines(keepends=True) if '"C1"' in line)
    record(book, "C1", "resolved", "--reason", "paid the agency", "--on", "2026-03-01")
    assert late(book)["C1"]["sales"] == "not_yet"


def screened(book):
    return book("screen", "--as-of", DAY, "--json").out


def test_agreed_instalments_are_late_from_the_first_that_was_missed(book):
    record(
        book,
        "C1",
        "promise",
        "--invoice",
        "A1",
        "--amount",
        "400",
        "--due",
        "2026-02-20",
        "--times",
        "2",
        "--on",
        "2026-02-10",
    )
    assert "C1" not in late(book, on="2026-02-20")  # its day is not over
    missed = late(book, on="2026-02-23")["C1"]  # 200 of 400 came
    assert (missed["days_past_due"], missed["amount_past_due"]) == (3, "800.00")
    assert late(book, on="2026-02-09")["C1"]["days_past_due"] == 5  # not agreed yet


def test_instalments_that_are_met_are_not_late(book):
    record(
        book,
        "C1",
        "promise",
        "--invoice",
        "A1",
        "--amount",
        "200",
        "--due",
        "2026-02-20",
        "--times",
        "5",
        "--on",
        "2026-02-10",
    )
    assert late(book, on="2026-03-19")["C1"]["amount_past_due"] == "500.00"  # the other invoice
    assert late(book, on="2026-03-23")["C1"]["amount_past_due"] == "1300.00"  # the second, of 20 March, did not come


def test_a_plan_for_the_account_holds_the_oldest_invoices_as_far_as_its_sum_goes(book):
    Path("more.csv").write_text("account,invoice,issued,due,amount,currency\nC1,A3,2026-01-08,2026-02-09,600.00,EUR\n")
    assert book("import", "invoices", "more.csv").code == 0
    record(book, "C1", "promise", "--amount", "500", "--due", "2026-03-20", "--times", "2", "--on", "2026-02-10")
    found = late(book)["C1"]  # 200 of A1 came after it was agreed
    assert (found["amount_past_due"], found["days_past_due"]) == ("600.00", 21)


def test_what_is_recorded_is_listed_taken_back_and_in_the_audit(book):
    record(book, "C1", "relationship", "strong", "--on", "2026-02-01", "--by", "Cy")
    record(book, "C1", "bank_confirmed", "--on", "2026-02-02", "--note", "called them back")
    assert book("record", "C1", "list").out.count("2026-02-0") == 2
    number = book("record", "C1", "list", "--json").lines[0]["id"]
    assert f"ends relationship {number}" in record(book, "C1", "withdrawn", "--id", number, "--on", "2026-02-03")
    assert [line["kind"] for line in book("record", "C1", "list", "--json").lines] == ["bank_confirmed"]
    with read(connect(load().database_url)) as session:
        noted = [one.what for one in session.exec(select(AuditEntry)) if one.what.startswith("record.")]
        kept = [one.kind for one in session.exec(select(Record))]
    assert noted == ["record.relationship", "record.bank_confirmed", "record.withdrawn"]
    assert kept == ["relationship", "bank_confirmed", "withdrawn"]
    assert book("audit", "verify").code == 0


def test_a_dry_run_says_all_and_writes_nothing(book):
    ran = book(
        "record",
        "C1",
        "promise",
        "--amount",
        "100",
        "--due",
        "2026-04-01",
        "--times",
        "3",
        "--on",
        DAY,
        "--dry-run",
        "--json",
    )
    told = ran.lines[0]
    assert (told["recorded"], [one["due"] for one in told["records"]]) == (
        False,
        ["2026-04-01", "2026-05-01", "2026-06-01"],
    )
    assert book("record", "C1", "list", "--json").lines == []


@pytest.mark.parametrize(
    "words",
    [
        ("C1", "promise", "--amount", "100"),
        ("C1", "promise", "--due", "2026-04-01"),
        ("C1", "promise", "--amount", "0", "--due", "2026-04-01"),
        ("C1", "promise", "--amount", "x", "--due", "2026-04-01"),
        ("C1", "promise", "--amount", "5", "--due", "2020-04-01"),
        ("C1", "promise", "--amount", "5", "--due", "2026-04-01", "--times", "0"),
        ("C1", "promise", "--amount", "5", "--due", "2026-04-01", "--times", "2", "--every", "day"),
        ("C1", "contact", "--times", "2"),
        ("C1", "contact", "--method", "pigeon"),
        ("C1", "contact", "--reason", "weather"),
        ("C1", "contact", "loud"),
        ("C1", "relationship"),
        ("C1", "relationship", "good"),
        ("C1", "evasive", "--on", "yesterday"),
        ("C1", "evasive", "--amount", "5"),
        ("C1", "dispute", "--invoice", "A9"),
        ("C1", "resolved", "--reason", "all is well"),
        ("C1", "resolved"),
        ("C1", "withdrawn"),
        ("C1", "withdrawn", "--id", "7"),
        ("C1", "wedding"),
        ("C9", "contact"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_one_line_and_exit_2(book, words):
    ran = book("record", *words, *(() if "--on" in words else ("--on", DAY)))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert book("record", "C1", "list", "--json").lines == []


def test_people_read_a_table_and_the_evidence_of_one_account(book):
    record(book, "C1", "promise", "--amount", "300", "--due", "2026-02-12", "--on", "2026-02-10")
    table = book("late", "--as-of", DAY).out
    assert "Norda" in table
    assert "The ledger ends on" not in table
    assert "The ledger ends on" in book("late", "--as-of", "2026-06-30").out
    one = book("late", "C1", "--as-of", DAY).out
    assert "partly" in one or "broken" in one
    assert book("late", "C3", "--as-of", DAY).out == "Nothing is past due as of 2 March 2026.\n"
    assert book("late", "C3", "--as-of", DAY, "--json").out == ""
    assert book("late", "C9").code == 2


def test_what_the_insurer_must_hear_stands_beside_it(book):
    Path("insured.csv").write_text("account,name,insured_limit,insured_until\nC1,Norda,5000.00,2027-01-01\n")
    assert book("import", "accounts", "insured.csv").code == 0
    assert late(book, on="2026-03-02")["C1"]["insurance"] == []
    (duty,) = late(book, on="2026-03-30")["C1"]["insurance"]
    assert (duty["kind"], duty["on"], duty["loud"], duty["invoices"]) == ("report", "2026-04-05", True, ["A1", "A2"])
    assert "credit insurer" in " ".join(book("late", "--as-of", "2026-03-30").out.split())


def test_a_family_is_one_line_with_its_sums(book):
    record(book, "C2", "demand", "--on", "2026-03-01")
    found = late(book, "--group")
    family = found["C1"]
    assert (family["accounts"], family["lead"], family["sales"]) == (["C1", "C2"], "C2", "keep_out")
    assert (family["amount_past_due"], family["disputed_past_due"], family["days_past_due"]) == (
        "1100.00",
        "200.00",
        26,
    )


def test_the_sums_are_the_ledgers(book):
    from healthcheck.ledger.read import read_columns
    from healthcheck.money import plain

    record(book, "C2", "dispute", "--invoice", "B1", "--on", "2026-02-27")
    for day in (date(2026, 2, 5), date(2026, 3, 2), date(2026, 4, 30)):
        accounts = read_columns(connect(load().database_url), day, "EUR").accounts
        owed = {
            name: plain(amount, "EUR") for name, amount in accounts.select("account", "past_due").iter_rows() if amount
        }
        told = {
            name: line["amount_past_due"]
            for name, line in late(book, on=str(day)).items()
            if line["amount_past_due"] != "0.00"
        }
        assert told == owed
