"""``letters`` and ``brief`` on a real database: what leaves, by whose word, and that it leaves once."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import time_machine
from sqlmodel import select

from healthcheck.cli import lettering
from healthcheck.playbook import orders, posting
from healthcheck.reports import outbox
from healthcheck.settings import load
from healthcheck.store.late import Record
from healthcheck.store.letters import Letter
from healthcheck.store.operations import AuditEntry
from healthcheck.store.session import connect, read
from healthcheck.store.work import Message
from jobs import JOBS
from tests import databases, mail_server

ACCOUNTS = """account,name,country,city,currency,terms_days,credit_limit,risk_class,customer_email,customer_address,language,channel
C1,Norda Metall GmbH,DE,Kiel,EUR,30,90000,low,ap@norda.example,Kai 1|24103 Kiel,,mail
C2,Alva Ltd,GB,Leeds,EUR,30,90000,high,ap@alva.example,,english,Paper
C3,Punctual SAS,FR,Lille,EUR,30,90000,low,ap@punctual.example,,,
C4,Nobody Inc.,US,Salem,EUR,30,,,not an address,,,mail
"""
INVOICES = """account,invoice,issued,due,amount,currency,delivered,paid
C1,A1,2026-01-05,2026-02-04,1000.00,EUR,2026-01-03,
C1,A2,2026-02-16,2026-03-18,500.00,EUR,2026-02-27,
C2,B1,2026-01-26,2026-02-25,300.50,EUR,,
C3,P1,2026-01-05,2026-02-04,900.00,EUR,,2026-02-04
C3,P2,2026-02-26,2026-03-28,950.00,EUR,,
C4,U1,2026-01-05,2026-02-04,700.00,EUR,,
"""
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = NOW.date()


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def book(cli, clock, monkeypatch):
    """An imported book, and a letterhead; it is 2 March 2026."""
    head = {
        "COMPANY": "Harbour GmbH",
        "ADDRESS": "Pier 2 | 24103 Kiel",
        "PAY_TO": "IBAN DE00",
        "FROM": "ar@harbour.example",
    }
    for name, value in head.items():
        monkeypatch.setenv(f"HEALTHCHECK_LETTER_{name}", value)
    assert cli("init").code == 0
    for kind, text in (("accounts", ACCOUNTS), ("invoices", INVOICES)):
        Path(f"{kind}.csv").write_text(text)
        ran = cli("import", kind, f"{kind}.csv")
        assert ran.code == 0, ran.err
    return cli


def run(book, *words, code=0):
    ran = book(*words)
    assert ran.code == code, ran.out + ran.err
    return ran


def engine():
    return connect(load().database_url, load().keys)


def rows(table, **where):
    with read(engine()) as session:
        return [
            row
            for row in session.exec(select(table).order_by(table.id))
            if all(getattr(row, k) == v for k, v in where.items())
        ]


def records(*kinds):
    return [row for row in rows(Record) if row.kind in (kinds or ("letter", "demand"))]


def mails():
    return [
        message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(Path("outbox").glob("*.eml"))
    ]


def work_off(names=("letters", "relay")):
    known = {job.name: job for job in JOBS}
    for name in names:
        known[name].load()(engine(), datetime.now(UTC), load())


# ---- brief


def test_a_brief_on_the_terminal_as_json_and_as_a_page(book):
    told = run(book, "brief", "C1").out
    assert "Norda Metall GmbH" in told
    assert "7  Could we lose the customer?" in told
    (line,) = run(book, "brief", "C1", "--lang", "de", "--json").lines
    assert (line["account"], line["days_past_due"], line["amount_past_due"], line["language"]) == (
        "C1",
        26,
        "1000.00",
        "de",
    )
    assert [one["number"] for one in line["questions"]] == [1, 2, 3, 4, 5, 6, 7]
    assert all(one["answers"] for one in line["questions"])
    quiet = run(book, "brief", "C1", "--html", "c1.html")
    assert (quiet.out, quiet.err) == ("", "wrote c1.html\n")
    assert "@page" in Path("c1.html").read_text()


def test_nothing_later_is_in_a_brief(book):
    run(book, "record", "C1", "contact", "--method", "phone", "--note", "CANARY", "--on", "2026-02-20")
    assert "CANARY" in run(book, "brief", "C1", "--as-of", "2026-02-20", "--json").out
    assert "CANARY" not in run(book, "brief", "C1", "--as-of", "2026-02-19", "--json").out


def test_sales_gets_no_brief_on_whom_it_keeps_out_of(book):
    assert run(book, "brief", "C1", "--for", "sales", "--json").lines[0]["for"] == "sales"
    run(book, "record", "C1", "evasive", "--note", "hides")
    refused = run(book, "brief", "C1", "--for", "sales", code=2)
    assert refused.err.startswith("healthcheck: sales keeps out of C1 (")
    assert "sales keeps out" in run(book, "brief", "C1").out.lower()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("brief", "C9"), "there is no account 'C9'"),
        (("brief", "C1", "--lang", "fr"), "'fr' is none of the languages en, de"),
        (("brief", "C1", "--for", "bank"), "--for 'bank' is neither credit nor sales"),
        (("brief", "C1", "--html", "nowhere/c1.html"), "cannot write nowhere/c1.html"),
        (("letters", "preview", "C1", "dunning"), "'dunning' is none of the letters"),
        (("letters", "send", "C3", "reminder"), "they have nothing past due"),
        (("letters", "send", "C1", "reminder", "--to", "nobody"), "--to 'nobody' is not a mail address"),
        (("letters", "send", "C2", "reminder"), "C2 is written to on paper: healthcheck letters print C2 reminder"),
        (("letters", "send", "C4", "reminder"), "C4 is written to on paper"),
        (("letters", "print", "C2"), "say which letter to print"),
        (("letters", "standing", "C1"), "write it as: healthcheck letters standing ACCOUNT KIND"),
        (("letters", "standing", "C1", "demand"), "'demand' never goes out by itself"),
        (
            ("letters", "standing", "--class", "vip", "reminder"),
            "--class 'vip' is none of high, medium, low, unclassed, all",
        ),
        (("letters", "standing", "--end", "7"), "there is no standing order 7 in force"),
        (("letters", "preview", "C1", "instalments", "--every", "day"), "--every 'day' is neither month nor week"),
    ],
)
def test_wrong_use_is_one_line(book, words, said):
    ran = run(book, *words, code=2)
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert ran.out == ""


# ---- letters


def test_list_says_what_is_due_and_why_and_sends_nothing(book):
    lines = run(book, "letters", "list", "--json").lines
    assert [(one["account"], one["kind"], one["channel"]) for one in lines] == [
        ("C1", "verification", "mail"), ("C1", "reminder", "mail"), ("C2", "reminder", "paper"), ("C4", "reminder", "paper"),
    ]  # fmt: skip
    assert lines[1]["why"] == "26 days past due; 0 reminders so far"
    assert lines[1]["next"] == "healthcheck letters send C1 reminder"
    assert lines[2]["next"] == "healthcheck letters print C2 reminder"
    assert lines[1]["amounts"] == {"EUR": "1000.00"}
    assert (rows(Letter), rows(Message), records()) == ([], [], [])


def test_preview_reads_like_what_is_sent(book):
    shown = run(book, "letters", "preview", "C1", "reminder").out
    assert shown.startswith("To: ap@norda.example\nSubject: Freundliche Erinnerung: 1.000,00 EUR\n")
    assert "Kai 1\n24103 Kiel" in shown
    assert rows(Letter) == []
    run(book, "letters", "send", "C1", "reminder", "--by", "jo")
    (mail,) = mails()
    assert mail["To"] == "ap@norda.example"
    assert mail["From"] == "ar@harbour.example"
    assert mail["Reply-To"] == "credit@localhost"
    assert mail["Subject"] == "Freundliche Erinnerung: 1.000,00 EUR"
    assert {"List-Id", "Auto-Submitted", "References"} & set(mail.keys()) == set()
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") in shown
    english = run(book, "letters", "preview", "C1", "reminder", "--lang", "en", "--json").lines[0]
    assert (english["language"], english["subject"]) == ("en", "A friendly reminder: EUR 1,000.00")


def test_the_same_letter_on_one_day_goes_once_and_is_on_record_once(book):
    first = run(book, "letters", "send", "C1", "reminder", "statement", "--json").lines
    assert [one["state"] for one in first] == ["sent on 2026-03-02"] * 2
    again = run(book, "letters", "send", "C1", "reminder", "--json").lines[0]
    assert again["state"] == f"was sent on 2026-03-02 before (letter {first[0]['letter']}); nothing was done"
    assert len(mails()) == 2
    assert [(row.kind, row.reason, row.method, row.amount, row.currency, row.due) for row in records()] == [
        ("letter", "reminder", "mail", 100_000, "EUR", date(2026, 3, 9)),
        ("letter", "statement", "mail", 150_000, "EUR", date(2026, 3, 9)),
    ]


def test_a_letter_counts_as_an_effort_and_the_next_one_waits(book, clock):
    run(book, "letters", "send", "C1", "reminder")
    assert [one["kind"] for one in run(book, "letters", "list", "--json").lines if one["account"] == "C1"] == [
        "verification"
    ]
    clock.move_to(NOW + timedelta(days=14))
    assert [one["kind"] for one in run(book, "letters", "list", "--json").lines if one["account"] == "C1"] == [
        "reminder",
        "statement",
    ]


def test_a_final_demand_keeps_sales_out_from_then_on(book):
    assert run(book, "late", "C1", "--json").lines[0]["sales"] != "keep_out"
    run(book, "letters", "send", "C1", "demand")
    assert [row.kind for row in records()] == ["letter", "demand"]
    assert run(book, "late", "C1", "--json").lines[0]["sales"] == "keep_out"
    assert not [one for one in run(book, "letters", "list", "--json").lines if one["account"] == "C1"]
    refused = run(book, "letters", "send", "C1", "statement", code=2)
    assert refused.err.startswith("healthcheck: C1 is kept out (")
    assert "--kept-out" in refused.err
    run(book, "letters", "send", "C1", "statement", "--kept-out")
    assert len(mails()) == 2


def test_who_is_evasive_gets_the_demand_that_this_calls_for_and_nothing_else(book):
    run(book, "record", "C1", "evasive", "--note", "hides")
    assert run(book, "letters", "send", "C1", "reminder", code=2).err.startswith("healthcheck: C1 is kept out (")
    run(book, "letters", "send", "C1", "demand")
    assert len(mails()) == 1


def test_dry_run_writes_nothing(book):
    assert run(book, "letters", "send", "C1", "demand", "--dry-run", "--json").lines[0]["state"] == "would be sent"
    assert "would be printed" in run(book, "letters", "print", "C2", "reminder", "--dry-run").out
    assert "would be given" in run(book, "letters", "standing", "C1", "reminder", "--dry-run").out
    assert (rows(Letter), rows(Message), records(), mails(), orders.listed(engine())) == ([], [], [], [], [])


def test_no_letter_without_a_sender(book, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_LETTER_COMPANY", "")
    refused = run(book, "letters", "send", "C1", "reminder", code=2)
    assert "HEALTHCHECK_LETTER_COMPANY is empty" in refused.err
    assert "[HEALTHCHECK_LETTER_COMPANY]" in run(book, "letters", "preview", "C1", "reminder").out


def test_nobody_gets_a_letter_in_another_entitys_name(book, monkeypatch):
    Path("other.csv").write_text(
        "entity,account,name,currency,customer_email,risk_class\nHP-NL,C9,Duin B.V.,EUR,ap@duin.example,low\n"
    )
    Path("owed.csv").write_text(
        "entity,account,invoice,issued,due,amount,currency\nHP-NL,C9,N1,2026-01-05,2026-02-04,50,EUR\n"
    )
    run(book, "import", "accounts", "other.csv")
    run(book, "import", "invoices", "owed.csv")
    refused = run(book, "letters", "send", "C9", "reminder", code=2)
    assert "C9 is a customer of HP-NL, and the letterhead is that of no entity in particular" in refused.err
    run(book, "letters", "standing", "--class", "low", "reminder")
    work_off()
    assert [mail["To"] for mail in mails()] == ["ap@norda.example"]
    monkeypatch.setenv("HEALTHCHECK_LETTER_ENTITY", "HP-NL")
    run(book, "letters", "send", "C9", "reminder")
    work_off()
    assert {mail["To"] for mail in mails()} == {"ap@norda.example", "ap@duin.example"}


def test_old_books_are_said_before_a_person_asks_for_money(book, clock):
    clock.move_to(NOW + timedelta(days=30))
    assert "the ledger ends on 2026-02-26" in run(book, "letters", "send", "C1", "reminder").err


def test_letters_are_no_digests(book):
    run(book, "letters", "send", "C1", "reminder")
    assert "no review" in run(book, "digests", "preview", code=2).err
    assert run(book, "digests", "list", "--json").lines[0]["kind"].startswith("letter:")


# ---- paper


def test_paper_is_printed_and_put_on_record_once(book):
    first = run(book, "letters", "print", "C2", "reminder", "--json").lines[0]
    assert "A friendly reminder: EUR 300.50" in Path(first["file"]).read_text()
    again = run(book, "letters", "print", "C2", "reminder", "--json").lines[0]
    assert again["file"] == first["file"]
    (record,) = records()
    assert (record.method, record.reason) == ("letter", "reminder")
    assert rows(Message) == []
    assert run(book, "letters", "print").out == "no letter waits to be printed\n"


def test_what_was_ordered_and_not_printed_waits_to_be(book, monkeypatch):
    def cut(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(lettering.common, "write_text", cut)
        run(book, "letters", "print", "C2", "reminder", code=2)
    assert records() == []
    waits = run(book, "letters", "list", "--json").lines[-1]
    assert (waits["state"], waits["next"]) == ("waits to be printed", "healthcheck letters print")
    assert "printed to" in run(book, "letters", "print").out
    assert len(records()) == 1


# ---- standing orders


def test_nothing_goes_by_itself_without_a_standing_order(book):
    work_off()
    assert (rows(Letter), rows(Message), records()) == ([], [], [])


def test_a_standing_order_lets_letters_go_once_a_time(book, clock):
    assert "given (order 1)" in run(book, "letters", "standing", "C1", "reminder", "--by", "jo").out
    assert "stands already (order 1)" in run(book, "letters", "standing", "C1", "reminder").out
    assert [one["standing_order"] for one in run(book, "letters", "list", "--json").lines[:3]] == [None, 1, None]
    for _ in range(3):
        work_off()
    assert [mail["To"] for mail in mails()] == ["ap@norda.example"]
    assert [(row.reason, row.by) for row in records()] == [("reminder", "standing order 1 of jo")]
    clock.move_to(NOW + timedelta(days=13))
    work_off()
    assert len(mails()) == 1
    run(book, "letters", "standing", "--end", "1")
    clock.move_to(NOW + timedelta(days=14))
    work_off()
    assert len(mails()) == 1
    assert run(book, "letters", "standing", "--json").lines[0]["ended"] == str(DAY + timedelta(days=13))


def test_a_letter_that_has_not_left_yet_is_not_written_again_the_next_day(book, clock, monkeypatch):
    monkeypatch.setenv("HEALTHCHECK_MAIL_URL", f"smtp://127.0.0.1:{mail_server.free_port()}")
    run(book, "letters", "standing", "C1", "reminder")
    for days in range(3):
        clock.move_to(NOW + timedelta(days=days))
        work_off()
    assert (len(rows(Letter)), rows(Message)[0].state, records()) == (1, "WAITING", [])


def test_an_order_that_was_ended_meanwhile_writes_nothing(book):
    run(book, "letters", "standing", "C1", "reminder")
    ((order, _),) = orders.listed(engine())
    run(book, "letters", "standing", "--end", "1")
    assert not any(one["standing_order"] for one in run(book, "letters", "list", "--json").lines)
    post = lettering._make("C1", "reminder", None, None, lettering._wish([], None, "month", None), None)
    by_order = posting.Post(1, post.draft, post.paper, post.to, "de", "jo", order, 14)
    assert posting.intend(engine(), load(), by_order, NOW) == (None, False)


def test_an_order_for_a_class_reaches_its_accounts_and_paper_waits(book):
    run(book, "letters", "standing", "--class", "high", "reminder")
    run(book, "letters", "standing", "--class", "unclassed", "reminder")
    work_off()
    assert mails() == []
    assert [(row.channel, row.kind) for row in rows(Letter)] == [("paper", "reminder")] * 2
    assert records() == []
    run(book, "letters", "print")
    assert [row.reason for row in records()] == ["reminder"] * 2


def test_a_verification_letter_asks_about_each_invoice_once_and_none_from_before_the_order(book, clock):
    run(book, "letters", "standing", "--class", "all", "verification")
    work_off()
    assert mails() == []  # all invoices are older than the order
    Path("more.csv").write_text(
        "account,invoice,issued,due,amount,currency\nC1,A3,2026-03-03,2026-04-02,90,EUR\nC1,A4,2026-03-04,2026-04-03,80,EUR\n"
    )
    run(book, "import", "invoices", "more.csv")
    for days in (3, 4, 5, 6, 7):
        clock.move_to(NOW + timedelta(days=days))
        work_off()
    assert sorted(mail["Subject"][-2:] for mail in mails()) == ["A3", "A4"]
    assert [(row.invoice, row.reason) for row in records()] == [("A3", "verification"), ("A4", "verification")]


def test_no_money_is_asked_for_by_itself_when_the_books_are_old(book, clock):
    run(book, "letters", "standing", "C1", "reminder")
    clock.move_to(datetime(2026, 3, 13, 8, tzinfo=UTC))  # fifteen days after the last fact
    work_off()
    assert rows(Letter) == []
    clock.move_to(datetime(2026, 3, 12, 8, tzinfo=UTC))
    work_off()
    assert len(mails()) == 1


def test_a_standing_order_writes_to_nobody_who_is_kept_out(book):
    run(book, "letters", "standing", "--class", "all", "reminder")
    run(book, "record", "C1", "placement", "--agency", "Inkasso Nord")
    work_off()
    assert mails() == []


# ---- exactly once


@pytest.mark.parametrize("kind", databases.BOTH)
def test_many_schedulers_at_once_write_one_letter(book, kind, monkeypatch, tmp_path):
    databases.needed(kind)
    if kind != "sqlite":
        url = databases.create(tmp_path, "letters", kind)
        monkeypatch.setenv("HEALTHCHECK_DATABASE_URL", url)
        for name in ("accounts", "invoices"):
            run(book, "import", name, f"{name}.csv")
    run(book, "letters", "standing", "--class", "all", "reminder")
    gate, troubles = threading.Barrier(4), []

    def scheduler():
        own = engine()
        gate.wait()
        try:
            orders.run(own, load(), NOW)
        except Exception as error:
            troubles.append(error)
        finally:
            own.dispose()

    threads = [threading.Thread(target=scheduler) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    assert len(rows(Letter)) == 3
    assert len(rows(Message)) == 1


def test_killed_between_intention_and_mail_it_goes_with_the_next_pass(book, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(outbox, "relay", killed)
        assert book("letters", "send", "C1", "demand").code == 130
    assert (len(rows(Letter)), mails(), records()) == (1, [], [])
    assert run(book, "letters", "list", "--json").lines[-1]["state"] == "waits (waiting)"
    work_off(("relay",))
    work_off(("relay",))
    assert len(mails()) == 1
    assert [row.kind for row in records()] == ["letter", "demand"]


def test_killed_between_mail_and_record_it_is_recorded_with_the_next_pass(book, monkeypatch):
    def killed(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(posting, "settle", killed)
        assert book("letters", "send", "C1", "reminder").code == 130
    assert (len(mails()), records()) == (1, [])
    assert run(book, "letters", "send", "C1", "reminder", "--json").lines[0]["state"].startswith("was sent on")
    assert (len(mails()), len(records())) == (1, 1)


def test_a_server_that_is_down_leaves_it_waiting_and_off_the_record(book, monkeypatch):
    port = mail_server.free_port()
    monkeypatch.setenv("HEALTHCHECK_MAIL_URL", f"smtp://127.0.0.1:{port}")
    ran = run(book, "letters", "send", "C1", "reminder", "--json", code=1)
    assert ran.lines[0]["state"].startswith("waits (")
    assert records() == []
    box = mail_server.Postbox()
    with mail_server.serving(box, port=port):
        run(book, "letters", "send", "C1", "reminder")
    assert [to for to, _ in box.taken] == ["ap@norda.example"]
    assert len(records()) == 1


def test_what_was_ordered_and_sent_stands_in_the_audit(book):
    run(book, "letters", "send", "C1", "demand", "--by", "jo")
    told = [row.what for row in sorted(rows_of_audit(), key=lambda one: one.seq)]
    assert told[-4:] == ["letter.ordered", "mail.sent", "record.letter", "record.demand"]
    assert run(book, "audit", "verify").code == 0


def rows_of_audit():
    with read(engine()) as session:
        return list(session.exec(select(AuditEntry)))
