"""The promises of the main job, on whole books, through the commands."""

import csv
import gzip
import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from healthcheck.demo import book as demo_book
from healthcheck.demo.days import AS_OF

CHECKS = {"payments", "purchases", "bank", "credit", "field"}
HEAD = ["account", "name", "as_of", "class", "exposure", "currency", "verdict", "checks"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The demo's book as CSV files: invoices, payments, plans, rates of 250 accounts."""
    folder = tmp_path_factory.mktemp("book")
    demo_book.write(demo_book.make(), folder)
    return folder


def load(cli, folder, kinds=("accounts", "rates", "invoices", "payments", "plans")):
    cli("init")
    for kind in kinds:
        assert cli("import", kind, folder / f"{kind}.csv").code in (0, 1)


def cut(source: Path, target: Path, on: date) -> Path:
    """The same book as it was on ``on``: what came later does not exist, what was paid later is open."""
    target.mkdir()
    known = {"invoices": "issued", "payments": "paid", "rates": "on", "plans": "month"}
    for file in source.glob("*.csv"):
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
        by = known.get(file.stem)
        kept = [row for row in rows if by is None or f"{row[by]}-01"[:10] <= str(on)]
        for row in kept:
            if file.stem == "invoices" and row.get("paid", "") > str(on):
                row["paid"] = ""
        with (target / file.name).open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, rows[0])
            writer.writeheader()
            writer.writerows(kept)
    return target


@pytest.mark.parametrize("back", [40, 200, 500])
def test_nothing_later_is_known(cli, files, tmp_path, monkeypatch, back):
    """The knowledge rule: the full book as of T equals, line for line, the book cut off at T."""
    on = AS_OF - timedelta(days=back)
    said = []
    for name, folder in (("full", files), ("cut", cut(files, tmp_path / "files", on))):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        load(cli, folder)
        said.append(cli("screen", "--as-of", on, "--json").out.splitlines())
    assert len(said[0]) > 150
    assert said[0] == said[1]


def test_check_says_what_screen_says_and_twice_the_same(cli, files):
    load(cli, files)
    first = cli("screen", "--as-of", AS_OF, "--json")
    assert first.out == cli("screen", "--as-of", AS_OF, "--json").out
    for line in random.Random(1).sample(first.lines, 25):
        single = json.loads(cli("check", line["account"], "--as-of", AS_OF, "--json").out)
        assert single == line


def test_every_line_has_every_check_and_signal(cli, files):
    load(cli, files)
    lines = cli("screen", "--as-of", AS_OF, "--json").lines
    for line in lines:
        assert [name for name in line if name in HEAD] == HEAD
        assert set(line["checks"]) == CHECKS
        assert set(line["checks"]["payments"]["signals"]) == {"drift", "out_of_character", "level"}
        assert set(line["checks"]["purchases"]["signals"]) == {"amount", "silence", "surge"}
        for check in line["checks"].values():
            assert {"outcome", "score", "p", "summary", "evidence"} <= set(check)
            assert (check["score"] is None) == (check["outcome"] in ("unknown", "not_applicable"))
            assert check["summary"].strip().endswith((".", "!", "?", "'"))


def test_a_real_ledger_with_foreign_headings_comes_in_by_map_alone(cli, shared):
    """2,466 invoices of 100 customers, US dates: see ../shared/data/ibm_ar."""
    cli("init")
    names = {
        "customerID": "account",
        "invoiceNumber": "invoice",
        "InvoiceDate": "issued",
        "DueDate": "due",
        "InvoiceAmount": "amount",
        "SettledDate": "paid",
    }
    maps = [word for pair in names.items() for word in ("--map", "=".join(pair))]
    file = next((shared / "data" / "ibm_ar").glob("*.csv"))
    done = cli("import", "invoices", file, *maps, "--json")
    counts = json.loads(done.out)
    assert (done.code, counts["read"], counts["added"], counts["rejected"]) == (0, 2466, 2466, 0)
    assert len(cli("screen", "--as-of", "2013-06-30", "--json").lines) == 100
    again = json.loads(cli("import", "invoices", file, *maps, "--json").out)
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 2466)


def test_ten_years_of_a_wholesalers_orders_come_in_and_are_screened(cli, shared, tmp_path):
    """305,000 rows: see ../shared/data/iowa_orders. Speed is measured in benchmarks/, not here."""
    packed = shared / "data" / "iowa_orders" / "orders.csv.gz"
    (tmp_path / "orders.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    cli("init")
    counts = json.loads(cli("import", "invoices", tmp_path / "orders.csv", "--json").out)
    assert counts["rejected"] == 0
    assert counts["read"] == counts["added"] > 300_000
    lines = cli("screen", "--as-of", "2022-06-30", "--json").lines
    assert len(lines) > 1000
    assert all(line["checks"]["payments"]["outcome"] not in ("flag", "urgent") for line in lines)
