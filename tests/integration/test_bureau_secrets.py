"""Canary secrets go through a bureau's whole day, good and bad; afterwards they stand nowhere: not in logs, not in tracebacks."""

from __future__ import annotations

import io
import logging
import traceback
from base64 import b64encode
from datetime import date

import pytest

from healthcheck.bureaus import http, quiet, registry
from healthcheck.bureaus.base import Subject
from healthcheck.errors import HealthcheckError
from healthcheck.settings import load
from tests.servers.bureau import BureauServer
from tests.servers.vendors import VENDORS

DAY = date(2026, 3, 2)
PASSWORD = "canary+pass/wörd 7"
BAD = [
    "reset",
    "drop",
    "cut",
    "charge_500",
    "429:2",
    "401",
    "403",
    "404",
    "400",
    "html",
    "truncated",
    "redirect",
    "slow:900",
]


@pytest.fixture
def log():
    """Everything that anybody logs, on a handler of a library's own logger and on the root."""
    text = io.StringIO()
    handlers = {name: logging.StreamHandler(text) for name in ("", "urllib3.connectionpool")}
    levels = {name: logging.getLogger(name).level for name in handlers}
    for name, handler in handlers.items():
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield text
    for name, handler in handlers.items():
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(levels[name])


@pytest.mark.parametrize("name", VENDORS)
def test_no_secret_stands_in_logs_or_tracebacks(tmp_path, monkeypatch, log, name):
    vendor, told = VENDORS[name], []
    limits = http.Limits(read=0.4)
    monkeypatch.setattr(http, "Limits", lambda: limits)
    linked = Subject(
        "C042", name="Norda Secretive Metall", country="US", city="Kiel", ids={vendor.column: vendor.company(42)}
    )
    with BureauServer(tmp_path) as server:
        bureau = _bureau(name, server.url)
        bureau.find(linked)
        first = bureau._log_in().token()
        server.plan(BAD + ["ok"] * 2)
        for key in (f"canary-key-{count}" for count in range(len(BAD))):
            try:
                bureau.order(linked, DAY, key)
            except HealthcheckError as error:
                shown = traceback.TracebackException.from_exception(error, capture_locals=True)
                told += ["".join(shown.format()), "".join(traceback.format_exception(error)), str(error)]
                logging.getLogger("healthcheck.x").exception("a call failed: %s", error)
        asked = {line["path"] for line in server.requests() if line["on"] in ("token", "find", "order")}
    text = log.getvalue() + "".join(told)
    tokens = [token.get_secret_value() for token in (first, bureau._log_in().token())]
    assert len(asked) == 3
    assert all(f" {path}" in log.getvalue() for path in asked), "every call is logged"
    assert len(told) >= 3 * (len(BAD) - 1)
    assert len(set(tokens)) == 2
    for secret in (PASSWORD, "canary+pass", "canary%2Bpass", *_in_base64(vendor), *tokens):
        assert secret not in text
    for word in ("Secretive", "canary-key"):
        assert word not in log.getvalue()


def _bureau(name, url):
    """Made here, so that the secrets are no variables of the test, which stands in each traceback too."""
    given = VENDORS[name].settings(url) | _canaries(VENDORS[name])
    return registry.load(name, load(**given, allowed_private_hosts="127.0.0.1"))


def _canaries(vendor):
    return {secret: f"{PASSWORD} {secret}" for secret in vendor.secrets}


def _in_base64(vendor):
    """What a header of HTTP Basic would show of each secret: a stretch from its middle, at each of three offsets."""
    for secret in _canaries(vendor).values():
        for offset in range(3):
            yield b64encode(b"x" * offset + secret.encode()).decode()[8:24]


def test_a_handler_of_any_logger_gets_the_filter_once():
    handler = logging.NullHandler()
    logging.getLogger("a.library.of.its.own").addHandler(handler)
    quiet.install()
    quiet.install()
    assert len(handler.filters) == 1
    logging.getLogger("a.library.of.its.own").removeHandler(handler)


@pytest.mark.parametrize(
    ("name", "said", "args", "shown"),
    [
        ("urllib3.connectionpool", '%s://%s:%s "%s %s %s" %s %s', ("https", "h", 443, "GET", "/v1/c?name=N%20AG&x=1", "HTTP/1.1", 200, 9),
         'https://h:443 "GET /v1/c?[hidden] HTTP/1.1" 200 9'),
        ("urllib3", "Retrying: /v1/c?name=Norda", (), "Retrying: /v1/c?[hidden]"),
        ("ours", "the token %s is short", ("canary-token",), "the token [hidden] is short"),
        ("ours", "two %s %s", ("only one canary-token",), "two %s %s"),
        ("ours", "is it so? yes", (), "is it so? yes"),
    ],
)  # fmt: skip
def test_what_the_filter_rewrites(name, said, args, shown):
    quiet.remember("canary-token")
    record = logging.LogRecord(name, logging.DEBUG, "x.py", 1, said, args, None)
    assert quiet.Quiet().filter(record)
    assert record.getMessage() == shown


def test_attempts_to_connect_are_told_in_debug_only(caplog):
    from tests.unit.test_http import door

    for level, told in ((logging.WARNING, 0), (logging.DEBUG, 3)):
        caplog.clear()
        with caplog.at_level(level), pytest.raises(HealthcheckError):
            door("http://127.0.0.1:9").paid("GET", "x")
        assert len([record for record in caplog.records if "Retrying" in record.getMessage()]) == told


def test_a_traceback_is_rewritten_too():
    quiet.remember("canary-token")
    try:
        raise ValueError("bad header canary-token")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "failed", (), (ValueError, error, error.__traceback__)
        )
    quiet.Quiet().filter(record)
    assert "canary-token" not in logging.Formatter().format(record)
    assert "bad header [hidden]" in logging.Formatter().format(record)
