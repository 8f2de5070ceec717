"""What leaves the log's handler: one line an event, what is being worked on, and never a secret."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from urllib.parse import quote

import pytest

from healthcheck import logs
from healthcheck.bureaus import quiet
from healthcheck.settings import Settings

LOG = logging.getLogger("healthcheck.test")
CANARY = "can/ary+k3y é\"'"
PASSWORDS = {"database_url": "postgresql+psycopg://me:pg%40canary@db/x", "mail_url": "smtps://me:mail-canary@relay:465"}


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    """Leave no handler, level or secret behind."""
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in ("", *logs.OURS)}
    monkeypatch.setattr(logs, "_secrets", ())
    yield
    root.removeHandler(logs._HANDLER)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def begun(**more):
    logs.begin(Settings(_env_file=None, **more), default="INFO")


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_one_line_of_logfmt_with_what_is_being_worked_on(capsys):
    begun()
    with logs.context(month="2026-11", unit="ab12"), logs.context(account="C 42"):
        LOG.info("unit %s", "done", extra=logs.fields(count=16, seconds=0.5, note='say "x=1"\nand more'))
    LOG.info("after")
    first, second = capsys.readouterr().err.splitlines()
    at, _, rest = first.partition(" ")
    assert datetime.fromisoformat(at.removeprefix("time=")).utcoffset().total_seconds() == 0
    assert rest == (
        'level=info event="unit done" month=2026-11 unit=ab12 account="C 42" count=16 seconds=0.5 note="say \\"x=1\\"\\nand more"'
    )
    assert second.endswith("level=info event=after")


def test_or_of_json(capsys):
    begun(log_format="json")
    with logs.context(month="2026-11"):
        LOG.warning("mail failed", extra=logs.fields(to="a@b.example", attempts=2))
    (event,) = told(capsys)
    del event["time"]
    assert event == {"level": "warning", "event": "mail failed", "month": "2026-11", "to": "a@b.example", "attempts": 2}


def test_commands_are_quiet_by_default_and_libraries_until_debug(capsys):
    logs.begin(Settings(_env_file=None))
    LOG.info("nobody asked")
    begun()
    logging.getLogger("urllib3.connectionpool").info("Starting new connection")
    assert capsys.readouterr().err == ""
    begun(log_level="debug", log_format="json")
    logging.getLogger("urllib3.connectionpool").debug("GET /x")
    assert told(capsys)[0]["from"] == "urllib3.connectionpool"


def test_a_thread_tells_of_its_own_work_only(capsys):
    begun(log_format="json")

    def work(n):
        with logs.context(unit=n):
            LOG.info("done", extra=logs.fields(n=n))

    with logs.context(month="2026-11"), ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    events = told(capsys)
    assert len(events) == 40
    assert all(one["unit"] == one["n"] and "month" not in one for one in events)


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_secret_leaves_however_it_came_in(capsys, style):
    begun(log_format=style, log_level="DEBUG", secret_keys=f"{CANARY},another-canary", **PASSWORDS)
    logs.hide("token-canary")
    forms = (
        CANARY,
        quote(CANARY, safe=""),
        repr(CANARY),
        json.dumps(CANARY),
        "pg%40canary",
        "pg@canary",
        "mail-canary",
    )
    for form in (*forms, "another-canary", "token-canary"):
        LOG.info("x %s", form, extra=logs.fields(note=form, nested={"a": [form]}))
        logging.getLogger("urllib3").debug("GET /report?token=%s HTTP/1.1", form)
        with logs.context(account=form):
            LOG.info(form)
        try:
            raise ValueError(form)
        except ValueError:
            LOG.exception("failed")
    said = capsys.readouterr().err
    assert said.count("ValueError") >= 9
    assert "canary" not in said
    assert "k3y" not in said


def test_nothing_is_left_of_a_secret_that_begins_like_a_token(monkeypatch):
    monkeypatch.setattr(quiet, "_TOKENS", deque(["toke", "token"]))
    logs.hide("token-canary")
    assert quiet.clean("token-canary, token") == "[hidden], [hidden]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET https://me:hunter2@db.example/x", "GET https://me:[hidden]@db.example/x"),
        ("Authorization: Bearer abcDEF123.456-789", "Authorization: Bearer [hidden]"),
        ("GET /r?id=7&api_key=abc&x=1", "GET /r?id=7&api_key=[hidden]&x=1"),
        ("the bearer of this letter", "the bearer of this letter"),
        ("https://db.example/x?y=me@b.example", "https://db.example/x?y=me@b.example"),
    ],
)
def test_what_looks_like_a_secret_is_one(text, left):
    assert logs.redacted(text) == left


def test_what_is_too_short_to_be_told_from_a_word_is_left_alone():
    logs.hide("a", "")
    assert logs.redacted("a cat") == "a cat"


def test_an_event_that_cannot_be_put_into_words_costs_the_line_and_nothing_else(capsys, monkeypatch):
    begun()
    monkeypatch.setattr(logs._HANDLER, "filters", [])  # those of the bureaus' room put it into words
    logs._HANDLER.handle(logging.LogRecord("healthcheck", logging.INFO, "", 0, "%d", ("token-canary",), None))
    assert capsys.readouterr().err == ""


def test_a_worker_in_another_process_logs_as_the_settings_say():
    code = """
import logging
from healthcheck import logs
from healthcheck.settings import load
logs.join(load())
logs.join(load())
logging.getLogger("healthcheck.x").info("postgresql://me:canary-pw@db")
"""
    env = {"HEALTHCHECK_LOG_LEVEL": "INFO", "HEALTHCHECK_MAIL_URL": "smtp://me:canary-pw@h:25"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ, **env}
    )
    assert done.stdout == ""
    assert done.stderr.count("event=") == 1
    assert "canary" not in done.stderr
