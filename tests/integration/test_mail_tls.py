"""Mail over TLS, to real servers with certificates of an authority of our own: what is not trusted gets nothing."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from sqlmodel import select

from healthcheck.errors import UsageError
from healthcheck.reports import mail, outbox
from healthcheck.store.session import read, write
from healthcheck.store.work import Message
from tests.digest_world import settings
from tests.mail_server import Postbox, serving

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
BODY = b"From: a@b.example\r\nSubject: x\r\n\r\n.a line with a dot\r\nend\r\n"
SCHEMES = ("smtps", "smtp+starttls")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


@pytest.fixture
def postbox():
    return Postbox()


@pytest.fixture
def waiting(engine):
    with write(engine) as session:
        for n in range(2):
            session.add(Message(
                kind="credit", month="2026-11", recipient=f"r{n}@b.example", subject="x", message_id=f"<{n}@b>", body=BODY, queued_at=NOW,
            ))  # fmt: skip
    return engine


def tls(authority, *names, **more):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


def server(postbox, scheme, context):
    """Of either kind; it offers to take a password."""
    if scheme == "smtps":
        return serving(postbox, ssl_context=context, authenticator=postbox.admit, auth_require_tls=False)
    return serving(postbox, tls_context=context, require_starttls=True, authenticator=postbox.admit)


def go(engine, scheme, port, ca_file="", host="127.0.0.1"):
    url = f"{scheme}://user:canary%2Fpw@{host}:{port}"
    return outbox.relay(engine, settings(mail_url=url, mail_ca_file=ca_file), NOW)


def rows(engine):
    with read(engine) as session:
        return session.exec(select(Message).order_by(Message.id)).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_exact_bytes_arrive_over_tls_and_so_does_the_password(waiting, postbox, authority, ca_file, scheme):
    with server(postbox, scheme, tls(authority, "127.0.0.1")) as port:
        assert go(waiting, scheme, port, ca_file).sent == 2
    assert postbox.taken == [("r0@b.example", BODY), ("r1@b.example", BODY)]
    assert postbox.encrypted == [True, True]
    assert set(postbox.logins) == {(b"user", b"canary/pw")}


def refused(engine, postbox, result, why):
    """Nothing was sent, nobody heard the password, one line says why."""
    assert (result.sent, result.waiting, postbox.taken, postbox.logins) == (0, 2, [], [])
    said = [result.problem, *result.errors, *(row.error for row in rows(engine))]
    assert all(why in one and "\n" not in one for one in said)
    assert not any("canary" in one for one in said)
    assert [row.state for row in rows(engine)] == ["WAITING", "WAITING"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_certificate_of_an_unknown_authority_gets_nothing(waiting, postbox, authority, scheme):
    with server(postbox, scheme, tls(authority, "127.0.0.1")) as port:
        refused(waiting, postbox, go(waiting, scheme, port), "a certificate that is not trusted: ")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_authority_given_is_the_only_one(waiting, postbox, ca_file, scheme):
    with server(postbox, scheme, tls(trustme.CA(), "127.0.0.1")) as port:
        refused(waiting, postbox, go(waiting, scheme, port, ca_file), "a certificate that is not trusted: ")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_certificate_for_another_name_gets_nothing(waiting, postbox, authority, ca_file, scheme):
    with server(postbox, scheme, tls(authority, "mail.example", "localhost")) as port:
        refused(waiting, postbox, go(waiting, scheme, port, ca_file), "IP address mismatch")
        assert go(waiting, scheme, port, ca_file).sent == 0, "they wait for their time"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_certificate_that_has_run_out_gets_nothing(waiting, postbox, authority, ca_file, scheme):
    yesterday = datetime.now(UTC) - timedelta(days=1)
    old = tls(authority, "127.0.0.1", not_before=yesterday - timedelta(days=1), not_after=yesterday)
    with server(postbox, scheme, old) as port:
        refused(waiting, postbox, go(waiting, scheme, port, ca_file), "expired")


def test_a_server_that_speaks_no_tls_gets_nothing(waiting, postbox, ca_file):
    with serving(postbox, authenticator=postbox.admit, auth_require_tls=False) as port:
        refused(waiting, postbox, go(waiting, "smtps", port, ca_file), "cannot be reached")


def test_nor_does_one_that_hides_its_starttls(waiting, postbox, ca_file):
    with serving(postbox, authenticator=postbox.admit, auth_require_tls=False) as port:
        refused(waiting, postbox, go(waiting, "smtp+starttls", port, ca_file), "STARTTLS")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_silence_after_the_message_is_in_doubt_over_tls_too(waiting, postbox, authority, ca_file, scheme):
    postbox.data = ["drop"]
    with server(postbox, scheme, tls(authority, "127.0.0.1")) as port:
        assert go(waiting, scheme, port, ca_file).sent == 1
    assert [(row.state, row.doubts) for row in rows(waiting)] == [("WAITING", 1), ("SENT", 0)]


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ("no pem", "it holds no certificate")])
def test_a_ca_file_that_is_none_is_one_clear_line_before_anything_is_sent(waiting, postbox, tmp_path, content, why):
    if content:
        (tmp_path / "x.pem").write_text(content)
    with pytest.raises(UsageError, match=f"HEALTHCHECK_MAIL_CA_FILE: cannot use .*x.pem: {why}"):
        go(waiting, "smtps", 1, str(tmp_path / "x.pem"))
    assert [(row.state, row.attempts) for row in rows(waiting)] == [("WAITING", 0)] * 2


def test_a_password_goes_in_the_clear_to_named_hosts_only():
    url = "smtp://user:canary@relay.example:25"
    with pytest.raises(UsageError, match=r"the password would go to relay\.example in the clear") as caught:
        mail.sender(settings(mail_url=url))
    assert "canary" not in str(caught.value)
    mail.sender(settings(mail_url=url, allowed_private_hosts="relay.example"))
    mail.sender(settings(mail_url="smtp://relay.example:25"))
    mail.sender(settings(mail_url=url.replace("smtp:", "smtps:")))
