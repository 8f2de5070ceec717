"""Wrong input gives one clear line on standard error and exit 2, never a traceback."""

from pathlib import Path

import pytest


@pytest.fixture
def ready(cli):
    cli("init")
    Path("invoices.csv").write_text("account,invoice,issued,due,amount\nC1,1,2026-01-02,2026-02-01,100.00\n")
    Path("binary.csv").write_bytes(bytes(range(256)) * 40)
    Path("empty.csv").write_bytes(b"")
    Path("folder.csv").mkdir()
    return cli


def refused(ran, *words):
    assert ran.code == 2, (ran.out, ran.err)
    assert ran.out == ""
    assert len(ran.err.strip().splitlines()) == 1, ran.err
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "invoices", "missing.csv"), "missing.csv"),
        (("import", "invoices", "binary.csv"), "binary.csv"),
        (("import", "invoices", "empty.csv"), "empty.csv"),
        (("import", "invoices", "folder.csv"), "folder.csv"),
        (("import", "invoices", "invoices.csv", "--map", "Kunde=account"), "Kunde"),
        (("import", "invoices", "invoices.csv", "--map", "account=customer"), "customer"),
        (("import", "invoices", "invoices.csv", "--map", "account"), "THEIRS=OURS"),
        (("import", "invoices", "invoices.csv", "--decimal", ";"), "--decimal"),
        (("import", "invoices", "invoices.csv", "--snapshot", "yesterday"), "yesterday"),
        (("import", "invoices", "invoices.csv", "--profile", "nobody"), "nobody"),
        (("import", "unicorns", "invoices.csv"), "unicorns"),
        (("plan", "--month", "2026-13"), "2026-13"),
        (("review", "--month", "13"), "13"),
        (("screen", "--as-of", "2026-02-30"), "2026-02-30"),
        (("check", "C1", "--as-of", "soon"), "soon"),
        (("check", "NOBODY"), "NOBODY"),
        (("check", "C1", "--pull", "--as-of", "2020-01-01"), "2020-01-01"),
        (("observe", "NOBODY", "--activity", "quiet"), "NOBODY"),
        (("flags", "ack", "999"), "999"),
        (("pulls", "resolve", "999", "--charged"), "999"),
    ],
)
def test_wrong_words(ready, words, said):
    refused(ready(*words), said)


@pytest.mark.parametrize(
    ("name", "value"),
    [("MONTHLY_QUOTA", "-5"), ("TIMEZONE", "Nowhere"), ("BUREAUS", "astrology"), ("CARRIER", "pigeon")],
)
def test_wrong_settings(ready, monkeypatch, name, value):
    ready("import", "invoices", "invoices.csv")
    monkeypatch.setenv(f"HEALTHCHECK_{name}", value)
    refused(ready("review", "--month", "2026-01"), value)


def test_a_database_that_is_none(ready, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", "sqlite:///binary.csv")
    refused(ready("screen"), "binary.csv")


def test_no_database_yet(cli):
    refused(cli("screen"), "healthcheck init")


def test_a_database_in_a_folder_that_does_not_exist(cli, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", "sqlite:///nowhere/x.db")
    refused(cli("init"), "nowhere")


def test_an_outbox_that_cannot_be_written(ready, monkeypatch):
    """A file stands where the folder should be (a rule that holds for root too)."""
    ready("import", "invoices", "invoices.csv")
    Path("taken").write_text("a file")
    monkeypatch.setenv("HEALTHCHECK_MAIL_URL", "file:./taken")
    refused(ready("review", "--month", "2026-01"), "taken")


def test_a_page_that_cannot_be_written(ready):
    ready("import", "invoices", "invoices.csv")
    refused(ready("check", "C1", "--html", "nowhere/page.html"), "nowhere")
