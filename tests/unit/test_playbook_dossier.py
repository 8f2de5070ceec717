"""The file for an agency: complete, the same bytes, nothing of a bureau, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest

from healthcheck.errors import UsageError
from healthcheck.playbook import documents, dossier
from healthcheck.playbook.situation import Received
from healthcheck.reports import dossier as pages
from tests.unit.playbook_house_cases import AS_OF, DAY, POLICY, case, owed, paid, said

ENTRIES = [
    said("contact", 40, id=1, method="phone", by="Ina", note="=HYPERLINK(1)", reason="cash"),
    said("promise", 38, id=2, amount=500_00, currency="EUR", due=AS_OF - 30 * DAY),
    said("dispute", 35, id=3, invoice="HP2", owner="Ina", note="Two pallets were wet"),
    said("check_in", 3, id=4),
]


def late(**more):
    invoices = (owed("HP1", days=80), owed("HP2", days=70, lag=40, currency="USD", value=900_00), owed("HP3", days=-5))
    report = {"score": {"value": "CANARY-7"}}
    money = (Received(AS_OF - 9 * DAY, -5_00, "EUR", "HP1"),)
    return case(*invoices, entries=ENTRIES, received=money, paid=(paid("P1", AS_OF - 99 * DAY),), report=report, **more)


def packed(situation, folder=None, **more):
    found = None if folder is None else documents.scan(folder, "C1", [one.number for one in situation.owed])
    made = dossier.build(situation, POLICY, found, **more)
    return dossier.pack(made, pages.index(made))


def opened(content):
    return zipfile.ZipFile(io.BytesIO(content))


def rows(archive, name):
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


def test_the_zip_holds_an_index_and_every_table():
    archive = opened(packed(late()))
    assert archive.testzip() is None
    assert archive.namelist() == [
        "0-index.html", "0-index.txt", "1-statement.csv", "2-payments.csv", "3-history.csv", "4-contacts.csv", "5-promises.csv",
        "6-disputes.csv",
    ]  # fmt: skip


def test_the_same_situation_makes_the_same_bytes():
    assert packed(late()) == packed(late())


def test_the_statement_is_every_open_invoice_in_its_own_currency():
    found = rows(opened(packed(late())), "1-statement.csv")
    assert [(row["invoice"], row["days_past_due"], row["open"], row["currency"]) for row in found] == [
        ("HP1", "80", "1000.00", "EUR"),
        ("HP2", "70", "1000.00", "USD"),
        ("HP3", "0", "1000.00", "EUR"),
    ]


def test_contacts_promises_and_disputes_are_told_as_recorded():
    archive = opened(packed(late(), promises={2: "broken"}))
    (contact,) = rows(archive, "4-contacts.csv")
    assert (contact["method"], contact["by"], contact["reason"]) == ("phone", "Ina", "cash")
    (promise,) = rows(archive, "5-promises.csv")
    assert (promise["amount"], promise["outcome"]) == ("500.00", "broken")
    (dispute,) = rows(archive, "6-disputes.csv")
    assert (dispute["invoice"], dispute["state"], dispute["owner"]) == ("HP2", "open", "Ina")


def test_no_cell_is_a_formula_and_a_negative_amount_stays_a_number():
    archive = opened(packed(late()))
    assert rows(archive, "4-contacts.csv")[0]["note"] == "'=HYPERLINK(1)"
    assert rows(archive, "2-payments.csv")[0]["amount"] == "-5.00"


def test_nothing_of_a_bureau_is_in_it():
    archive = opened(packed(late()))
    assert not any(b"CANARY-7" in archive.read(name) for name in archive.namelist())


def test_a_house_not_in_order_says_so_before_anything_else():
    text = opened(packed(late())).read("0-index.txt").decode()
    first = text.split("\n\n")[1]
    assert first.startswith("OUR OWN HOUSE FIRST. 1 of 2 past-due invoices went out at the wrong time: HP2, 40 days")
    html = opened(packed(late())).read("0-index.html").decode()
    assert html.index("Our own house first.") < html.index("What is missing")


def test_an_orderly_house_is_not_warned_about():
    entries = [said("contact", ago, id=ago) for ago in (66, 53, 40, 27, 14, 1)]
    text = opened(packed(case(owed(days=70), entries=entries))).read("0-index.txt").decode()
    assert "OUR OWN HOUSE FIRST" not in text
    assert "Did we follow up at regular intervals? Yes." in text


def test_the_index_names_sums_by_currency_and_what_is_missing():
    text = " ".join(opened(packed(late())).read("0-index.txt").decode().split())
    for words in ("EUR 1,000.00 past due", "USD 1,000.00 past due", "2 invoices past due", "HP2: issued"):
        assert words in text
    assert "Proof of delivery for" not in text
    assert "A final demand that says what happens next: none is on record." in text


def test_a_customers_name_cannot_break_the_page():
    html = opened(packed(late(customer={"name": "<b>Bad</b> & Co"}))).read("0-index.html").decode()
    assert "&lt;b&gt;Bad&lt;/b&gt; &amp; Co" in html


# ---- a person's papers


@pytest.fixture
def folder(tmp_path):
    own = tmp_path / "C1"
    own.mkdir()
    for name in (
        "HP1.pdf",
        "HP1-Lieferschein.pdf",
        "pod_HP2.jpg",
        "HP20.pdf",
        "Contract 2024.pdf",
        "claim HP2.msg",
        ".hidden",
    ):
        (own / name).write_bytes(name.encode())
    (own / "link").symlink_to("/etc/hostname")
    (tmp_path / "HP2.pdf").write_bytes(b"another's")
    return tmp_path


def test_papers_are_known_by_their_names(folder):
    found = documents.scan(folder, "C1", ["HP1", "HP2", "HP3"])
    assert [(one.path.name, one.kind, one.invoice) for one in found] == [
        ("Contract 2024.pdf", "terms", None),
        ("HP1-Lieferschein.pdf", "delivery", "HP1"),
        ("HP1.pdf", "invoice", "HP1"),
        ("HP20.pdf", "other", None),
        ("claim HP2.msg", "dispute", "HP2"),
        ("pod_HP2.jpg", "delivery", "HP2"),
    ]


def test_papers_are_packed_and_what_they_do_not_prove_is_missing(folder):
    archive = opened(packed(late(), folder))
    assert archive.read("documents/HP1.pdf") == b"HP1.pdf"
    text = archive.read("0-index.txt").decode()
    assert "Copies of HP2." in text
    assert "Proof of delivery for" not in text
    assert "documents/pod_HP2.jpg: Proof of delivery HP2" in text


def test_without_a_folder_of_its_own_an_account_gets_what_names_it_and_no_other_customers_papers(folder):
    (folder / "C9 terms.pdf").touch()
    (folder / "C99 terms.pdf").touch()
    for account in ("C9", "../C9"):
        found = documents.scan(folder, account, ["HP2"])
        assert [one.path.name for one in found] == (["C9 terms.pdf", "HP2.pdf"] if account == "C9" else ["HP2.pdf"])


def test_what_is_no_folder_or_too_much_is_refused_in_one_line(tmp_path):
    with pytest.raises(UsageError, match="is not a folder"):
        documents.scan(tmp_path / "none", "C1", [])
    for n in range(documents.MOST + 1):
        (tmp_path / f"C1 {n}.txt").touch()
    with pytest.raises(UsageError, match="more than 500 files"):
        documents.scan(tmp_path, "C1", [])
