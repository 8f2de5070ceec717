"""``healthcheck import`` as a user runs it."""

import json
from pathlib import Path

import pytest

IBM = [
    "customerID=account",
    "invoiceNumber=invoice",
    "InvoiceDate=issued",
    "DueDate=due",
    "InvoiceAmount=amount",
    "SettledDate=paid",
]
GOOD = "account,invoice,issued,due,amount\nC1,1,2026-01-02,2026-02-01,5\n"


@pytest.fixture
def ready(cli):
    assert cli("init").code == 0
    Path("good.csv").write_text(GOOD)
    return cli


def test_what_went_in_is_said_in_words(ready):
    ran = ready("import", "invoices", "good.csv")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "1 rows read: 1 added, 0 updated, 0 unchanged, 0 rejected"


def test_rejected_rows_end_with_exit_code_1_and_a_list(ready):
    Path("bad.csv").write_text(GOOD + "C1,2,1/2/2026,2026-02-01,5\n")
    ran = ready("import", "invoices", "bad.csv")
    assert ran.code == 1
    assert "bad.csv:3, issued: '1/2/2026' may be day first or month first" in ran.out


def test_json_prints_json_only(ready):
    Path("bad.csv").write_text(GOOD + "C1,2,x,2026-02-01,5\n")
    ran = ready("import", "invoices", "good.csv", "bad.csv", "--json")
    (found,) = ran.lines
    assert (ran.code, found["read"], found["added"], found["unchanged"], found["rejected"]) == (1, 3, 1, 1, 1)
    assert (found["rejects"][0]["file"], found["rejects"][0]["line"], found["rejects"][0]["column"]) == (
        "bad.csv",
        3,
        "issued",
    )


def test_a_dry_run_says_so(ready):
    assert "nothing was changed" in ready("import", "invoices", "good.csv", "--dry-run").out
    assert "1 added" in ready("import", "invoices", "good.csv").out


def test_missing_columns_come_with_a_map_to_copy(ready):
    Path("theirs.csv").write_text("Customer No,Invoice Number,Invoice Date,Due Date,Total\n")
    ran = ready("import", "invoices", "theirs.csv")
    assert ran.code == 2
    assert '--map "Customer No=account" --map "Invoice Number=invoice" --map "Invoice Date=issued"' in ran.err
    assert "Customer No, Invoice Number, Invoice Date, Due Date, Total" in ran.err


BAD_FILES = {
    "missing.csv": None,
    "folder.csv": None,
    "empty.csv": b"",
    "blank.csv": b"\xef\xbb\xbf\n \n",
    "binary.csv": bytes(range(256)) * 40,
    "book.csv": b"PK\x03\x04" + b"x" * 100,
    "noise.csv": b"account,invoice,issued,due,amount\n\x81\x8d\xff,1,2,3,4\n",
    "quote.csv": GOOD.encode() + b'"C1,2,2026-01-02,2026-02-01,5\nC1,3,2026-01-02,2026-02-01,5\n',
    "twice.csv": b"account,invoice,issued,due,amount,Amount\n",
    "short.csv": b"account;invoice\nC1;1\n",
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_such_file_is_one_line_and_exit_code_2(ready, name):
    if BAD_FILES[name] is not None:
        Path(name).write_bytes(BAD_FILES[name])
    Path("folder.csv").mkdir()
    refused(ready("import", "invoices", "good.csv", name), name)
    assert "1 added" in ready("import", "invoices", "good.csv").out


@pytest.mark.parametrize(
    "words",
    [
        ("--map", "Kunde=account"),
        ("--map", "account=kunde"),
        ("--map", "account"),
        ("--map", "account=account", "--map", "invoice=account"),
        ("--decimal", ";"),
        ("--date-format", "%d/%m"),
        ("--snapshot", "2026-02-30"),
        ("--profile", "sap"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(ready, words):
    refused(ready("import", "invoices", "good.csv", *words), words[0])


def refused(ran, said):
    assert (ran.code, ran.out, len(ran.err.strip().splitlines())) == (2, "", 1), ran
    assert said in ran.err


def test_a_public_file_with_foreign_headings_and_american_dates_needs_maps_alone(ready, shared):
    file = shared / "data" / "ibm_ar" / "WA_Fn-UseC_-Accounts-Receivable.csv"
    maps = [word for text in IBM for word in ("--map", text)]
    first = ready("import", "invoices", file, *maps, "--json")
    assert (first.code, first.lines[0]["added"], first.lines[0]["accounts_added"]) == (0, 2466, 100)
    again = json.loads(ready("import", "invoices", file, *maps, "--json").out)
    assert (again["unchanged"], again["updated"]) == (2466, 0)
