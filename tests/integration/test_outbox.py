"""The relay, against a real mail server that misbehaves at each step, and against folders."""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from sqlmodel import select

from healthcheck import logs
from healthcheck.errors import UsageError
from healthcheck.reports import mail, outbox
from healthcheck.reports.outbox import DEAD, HELD, SENDING, SENT, WAITING
from healthcheck.store import audit
from healthcheck.store.operations import AuditEntry
from healthcheck.store.session import read, write
from healthcheck.store.work import Message
from tests.digest_world import settings
from tests.mail_server import Postbox, free_port, serving

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
BODY = b"From: a@b.example\r\nSubject: x\r\n\r\n.a line with a dot\r\n..two\r\nend\r\n"


@pytest.fixture
def postbox():
    return Postbox()


@pytest.fixture
def server(postbox):
    with serving(postbox) as port:
        yield f"smtp://127.0.0.1:{port}"


def queue(engine, *recipients):
    with write(engine) as session:
        for n, to in enumerate(recipients):
            session.add(
                Message(
                    kind="credit",
                    month="2026-11",
                    recipient=to,
                    subject="x",
                    message_id=f"<2026-11.credit.{n}@b.example>",
                    body=BODY,
                    queued_at=NOW,
                )
            )


def rows(engine):
    with read(engine) as session:
        return {row.recipient: row for row in session.exec(select(Message).order_by(Message.id))}


def states(engine):
    return [row.state for row in rows(engine).values()]


def go(engine, url, minutes=0, **more):
    hurry, now = more.pop("hurry", False), NOW + timedelta(minutes=minutes)
    return outbox.relay(engine, settings(mail_url=url, **more), now, hurry, clock=lambda _: now)


def test_each_person_gets_his_message_as_the_exact_bytes_and_never_a_second_time(engine, postbox, server):
    queue(engine, "one@b.example", "two@b.example")
    assert go(engine, server).sent == 2
    assert go(engine, server, hurry=True).sent == 0
    assert sorted(postbox.taken) == [("one@b.example", BODY), ("two@b.example", BODY)]
    assert states(engine) == [SENT, SENT]
    assert rows(engine)["one@b.example"].sent_at == NOW


def test_not_now_is_tried_again_later_and_then_sent(engine, postbox, server):
    queue(engine, "one@b.example")
    postbox.data = ["451 try again later"]
    assert go(engine, server).waiting == 1
    row = rows(engine)["one@b.example"]
    assert (row.state, row.error) == (WAITING, "the message: 451 try again later")
    assert row.next_try_at == NOW + timedelta(minutes=1)
    assert go(engine, server).sent == 0, "it waits for its time"
    assert go(engine, server, minutes=1).sent == 1
    assert len(postbox.taken) == 1


def test_waits_grow_up_to_an_hour_and_nothing_is_given_up_for_not_now(engine, postbox, server):
    queue(engine, "one@b.example")
    postbox.data = ["451 later"] * 9
    minutes, waits = 0, []
    for _ in range(9):
        go(engine, server, minutes)
        after = int((rows(engine)["one@b.example"].next_try_at - NOW).total_seconds() // 60)
        waits.append(after - minutes)
        minutes = after
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert go(engine, server, minutes).sent == 1


def test_a_person_who_says_send_does_not_wait(engine, postbox, server):
    queue(engine, "one@b.example")
    postbox.data = ["451 later"]
    go(engine, server)
    assert go(engine, server, hurry=True).sent == 1


def test_refused_three_times_is_dead_and_the_others_are_served(engine, postbox, server):
    queue(engine, "gone@b.example", "two@b.example")
    postbox.rcpt = {"gone@b.example": ["550 no such mailbox"] * 3}
    results = [go(engine, server, minutes) for minutes in (0, 1, 3)]
    assert [(one.sent, one.dead) for one in results] == [(1, 0), (0, 0), (0, 1)]
    row = rows(engine)["gone@b.example"]
    assert (row.state, row.refusals, row.error) == (DEAD, 3, "RCPT TO: 550 no such mailbox")
    assert go(engine, server, 600, hurry=True).sent == 0
    outbox.again(engine, row.id, NOW)
    assert go(engine, server).sent == 1


def test_silence_after_the_message_is_sent_again_once_with_the_same_bytes(engine, postbox, server):
    queue(engine, "one@b.example")
    postbox.data = ["drop"]
    assert go(engine, server).sent == 0
    row = rows(engine)["one@b.example"]
    assert (row.state, row.doubts) == (WAITING, 1)
    assert "fell silent after the message" in row.error
    assert go(engine, server, minutes=1).sent == 1
    assert go(engine, server, minutes=99, hurry=True).sent == 0
    assert postbox.taken == [("one@b.example", BODY)] * 2


def test_silence_after_the_message_is_held_where_twice_is_worse_than_never(engine, postbox, server):
    queue(engine, "one@b.example")
    postbox.data = ["drop"]
    assert go(engine, server, on_uncertain="hold").held == 1
    assert go(engine, server, 99, on_uncertain="hold", hurry=True).sent == 0
    assert len(postbox.taken) == 1


def test_a_server_that_never_answers_does_not_get_it_for_ever(engine, postbox, server):
    queue(engine, "one@b.example")
    postbox.data = ["drop"] * 8
    for n in range(8):
        go(engine, server, minutes=100 * n)
    assert states(engine) == [HELD]
    assert len(postbox.taken) == 1 + outbox.DOUBTS


def interrupted(engine, until=NOW):
    queue(engine, "one@b.example")
    with write(engine) as session:
        row = session.exec(select(Message)).one()
        row.state, row.next_try_at, row.attempts = SENDING, until, 1


def test_what_was_being_sent_when_the_process_died_is_sent_again(engine, postbox, server):
    interrupted(engine)
    assert go(engine, server).sent == 1
    assert postbox.taken == [("one@b.example", BODY)]
    assert rows(engine)["one@b.example"].doubts == 1


def test_or_is_held_for_a_person(engine, postbox, server):
    interrupted(engine)
    result = go(engine, server, on_uncertain="hold")
    assert (result.held, result.needs_person) == (1, True)
    assert "may have arrived" in rows(engine)["one@b.example"].error
    assert postbox.taken == []


class Killed(BaseException):
    """Ends the process for all that the relay can tell."""


@pytest.mark.parametrize(("where", "copies"), [("before the message leaves", 1), ("between the 250 and our commit", 2)])
def test_killed_at_any_step_it_is_never_lost_and_twice_only_in_the_gap(
    engine, postbox, server, monkeypatch, where, copies
):
    queue(engine, "one@b.example")

    def die(*_, **__):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((mail.Relay, "send") if copies == 1 else (outbox, "_settle")), die)
        with pytest.raises(Killed):
            go(engine, server)
    assert states(engine) == [SENDING]
    assert go(engine, server, minutes=1).sent == 0, "its lease is not over"
    assert go(engine, server, minutes=6).sent == 1
    assert postbox.taken == [("one@b.example", BODY)] * copies


def test_what_another_process_is_sending_is_left_alone(engine, postbox, server):
    interrupted(engine, until=NOW + outbox.LEASE)
    assert go(engine, server, hurry=True).in_flight == 1
    assert postbox.taken == []


def test_relays_at_the_same_time_send_each_message_once(engine, postbox, server):
    recipients = [f"r{n}@b.example" for n in range(12)]
    queue(engine, *recipients)
    with ThreadPoolExecutor(4) as pool:
        sent = sum(one.sent for one in pool.map(lambda _: go(engine, server), range(4)))
    assert sent == 12
    assert Counter(to for to, _ in postbox.taken) == Counter(recipients)


def test_a_server_that_is_down_costs_one_try_not_one_a_message(engine):
    queue(engine, "one@b.example", "two@b.example")
    result = go(engine, f"smtp://127.0.0.1:{free_port()}")
    assert (result.sent, result.waiting) == (0, 2)
    assert "cannot be reached" in result.problem
    assert [row.attempts for row in rows(engine).values()] == [1, 0]
    assert {row.next_try_at for row in rows(engine).values()} == {NOW + timedelta(minutes=1)}, "all wait alike"
    assert {row.error for row in rows(engine).values()} == {result.problem}


def test_a_sender_that_is_refused_is_no_fault_of_any_message(engine, postbox, server):
    queue(engine, "one@b.example", "two@b.example")
    postbox.mail = ["550 relaying denied"] * 9
    for minute in (0, 1, 3, 7, 15, 31, 63, 123, 183):
        result = go(engine, server, minute)
    assert (result.waiting, result.dead) == (2, 0)
    assert result.problem == "MAIL FROM: 550 relaying denied (see HEALTHCHECK_MAIL_FROM)"
    assert go(engine, server, 243).sent == 2


def test_what_is_sent_at_the_end_of_a_long_month_is_left_alone_by_the_next_relay(engine, postbox, server, monkeypatch):
    """The job of the month was given the time an hour ago; or the other's clock is an hour ahead."""
    queue(engine, "one@b.example")
    chosen, send, found = settings(mail_url=server), mail.Relay.send, []

    def meanwhile(self, *given):
        if not found:
            found.append(None)
            found.append(outbox.relay(engine, chosen, NOW + timedelta(hours=1)))
        send(self, *given)

    monkeypatch.setattr(mail.Relay, "send", meanwhile)
    assert outbox.relay(engine, chosen, NOW).sent == 1
    assert (found[1].sent, found[1].in_flight) == (0, 1)
    assert postbox.taken == [("one@b.example", BODY)]


def test_a_lease_begins_when_the_message_is_taken(engine, server):
    queue(engine, "one@b.example", "two@b.example")
    given = settings(mail_url=server)
    later = (NOW + timedelta(minutes=minutes) for minutes in (10, 20))
    order = outbox._Pass(engine, given, mail.sender(given), NOW, lambda _: next(later))
    until = [outbox._claim(order, key).next_try_at for key in (1, 2)]
    assert until == [NOW + timedelta(minutes=10) + outbox.LEASE, NOW + timedelta(minutes=20) + outbox.LEASE]


def test_a_process_stopped_before_the_message_left_does_not_send_it_afterwards(engine, postbox, server, monkeypatch):
    """By then its lease is over, and another has sent it."""
    queue(engine, "one@b.example")
    seconds = itertools.count(0, int(mail.PREPARING) + 1)
    with monkeypatch.context() as patch:
        patch.setattr(mail, "seconds", lambda: next(seconds))
        result = go(engine, server)
    assert (result.sent, result.waiting, postbox.taken) == (0, 1, [])
    assert "took too long; nothing was handed over" in result.problem
    assert go(engine, server, minutes=1).sent == 1
    assert len(postbox.taken) == 1


def test_the_lease_outlasts_all_that_may_happen_before_it_is_known_whether_the_message_left():
    assert outbox.LEASE.total_seconds() > mail.PREPARING + 2 * mail.TIMEOUT


# ---- what is told of it


def audited(engine):
    with read(engine) as session:
        return [(one.what, one.by, one.month, one.detail) for one in session.exec(select(AuditEntry))]


def test_what_became_of_a_message_is_in_the_audit(engine, postbox, server):
    queue(engine, "one@b.example", "gone@b.example", "odd@b.example")
    postbox.rcpt = {"gone@b.example": ["550 no such mailbox"] * 3}
    postbox.data = ["250 OK", "drop"]
    for minutes in (0, 1, 3):
        go(engine, server, minutes, on_uncertain="hold")
    outbox.again(engine, 2, NOW, "frieda")
    one, gone, odd = (f"<2026-11.credit.{n}@b.example>" for n in range(3))
    entries = audited(engine)
    assert [(what, by, month, detail["message_id"], detail["to"]) for what, by, month, detail in entries] == [
        ("mail.sent", "", "2026-11", one, "one@b.example"),
        ("mail.held", "", "2026-11", odd, "odd@b.example"),
        ("mail.dead", "", "2026-11", gone, "gone@b.example"),
        ("mail.again", "frieda", "2026-11", gone, "gone@b.example"),
    ]
    assert entries[2][3]["error"] == "RCPT TO: 550 no such mailbox"
    with read(engine) as session:
        assert audit.verify(session, ()).broken_at is None


def test_one_that_died_while_sending_is_held_in_the_audit_too(engine, postbox, server):
    interrupted(engine)
    go(engine, server, on_uncertain="hold")
    assert [what for what, *_ in audited(engine)] == ["mail.held"]


def test_each_outcome_is_one_line_in_the_log(engine, postbox, server, capsys):
    queue(engine, "one@b.example", "two@b.example")
    postbox.data = ["250 OK", "451 later"]
    logs.begin(settings(log_format="json"), "INFO")
    go(engine, server)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [one["level"] for one in told] == ["info", "info"]
    assert [(one["event"], one["month"], one["to"], one.get("error")) for one in told] == [
        ("mail.sent", "2026-11", "one@b.example", None),
        ("mail.waits", "2026-11", "two@b.example", "the message: 451 later"),
    ]


def test_a_wrong_password_is_told_without_the_password(engine, postbox):
    queue(engine, "one@b.example")
    refuse = lambda *_: AuthResult(success=False, handled=False)  # noqa: E731
    with serving(postbox, authenticator=refuse, auth_require_tls=False) as port:
        result = go(engine, f"smtp://user:s%40cret@127.0.0.1:{port}")
    assert "does not accept the user and password" in result.problem
    assert "cret" not in result.problem + str(rows(engine)["one@b.example"].error)


def test_user_and_password_are_percent_decoded(engine, postbox):
    queue(engine, "one@b.example")
    with serving(postbox, authenticator=postbox.admit, auth_require_tls=False) as port:
        assert go(engine, f"smtp://us%40er:s%3A%2Fcret@127.0.0.1:{port}").sent == 1
    assert postbox.logins == [(b"us@er", b"s:/cret")]


def test_starttls_is_not_done_without(engine, postbox, server):
    queue(engine, "one@b.example")
    result = go(engine, server.replace("smtp://", "smtp+starttls://"))
    assert (result.sent, result.waiting) == (0, 1)
    assert "STARTTLS" in result.problem
    assert postbox.taken == []


# ---- folders


def test_a_folder_gets_one_whole_file_a_message_whatever_how_often(engine, tmp_path):
    queue(engine, "one@b.example")
    url = f"file:{tmp_path}/out/box"
    assert go(engine, url).sent == 1
    with write(engine) as session:
        row = session.exec(select(Message)).one()
        row.state, row.next_try_at = SENDING, NOW + outbox.LEASE
    assert go(engine, url).sent == 1, "to write the same file again is no harm, so nothing is waited for"
    (file,) = (tmp_path / "out" / "box").iterdir()
    assert file.name == "2026-11.credit.0@b.example.eml"
    assert file.read_bytes() == BODY


def test_a_relative_folder_is_below_the_current_one(engine):
    queue(engine, "one@b.example")
    assert go(engine, "file:./outbox").sent == 1
    assert len(list(Path("outbox").glob("*.eml"))) == 1


@pytest.mark.parametrize("message_id", ["<../../etc/x@b>", "<a/b\\c@d>", "<.hidden@x>"])
def test_no_message_id_leaves_the_folder(message_id):
    name = mail.file_name(message_id)
    assert not {"/", "\\"} & set(name)
    assert not name.startswith(".")


def test_a_folder_that_is_a_file_is_one_clear_line(engine, tmp_path):
    (tmp_path / "box").write_text("")
    queue(engine, "one@b.example")
    with pytest.raises(UsageError, match="HEALTHCHECK_MAIL_URL: cannot write mail into the folder") as caught:
        go(engine, f"file:{tmp_path}/box")
    assert "\n" not in str(caught.value)
    assert states(engine) == [WAITING]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_rights_on_the_folder_is_one_clear_line(engine, tmp_path):
    (tmp_path / "box").mkdir(mode=0o500)
    queue(engine, "one@b.example")
    with pytest.raises(UsageError, match="no right to write there"):
        go(engine, f"file:{tmp_path}/box")


@pytest.mark.parametrize(
    "url", ["", "outbox", "http://x", "smtp://", "smtp://:25", "smtp://host:port", "smtp://u:secret@:1", "smtp://h:0"]
)
def test_a_mail_url_that_is_none_is_one_clear_line(engine, url):
    with pytest.raises(UsageError, match="HEALTHCHECK_MAIL_URL") as caught:
        go(engine, url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_what_is_held_or_dead_can_be_put_back_in_line(engine):
    queue(engine, "one@b.example")
    with pytest.raises(UsageError, match="neither held nor dead"):
        outbox.again(engine, 1, NOW)
