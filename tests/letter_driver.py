"""Sends one final demand, is killed at a step of it, and sends it again: ``python -m tests.letter_driver FOLDER STRIDE``.

Prints one JSON line for each kill: the step, and what was there after the second try. The last line has no step: nothing was
killed any more.
A process of its own, whose children are forked from it before it has any thread.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import select

from healthcheck.playbook import letters, posting
from healthcheck.playbook.language import language
from healthcheck.reports import outbox
from healthcheck.reports.letters import compose
from healthcheck.settings import load
from healthcheck.store import audit, schema
from healthcheck.store.books import Account
from healthcheck.store.late import Record
from healthcheck.store.letters import Letter
from healthcheck.store.session import connect, read, write
from healthcheck.store.work import Message
from tests.late_world import HEAD, POLICY, addressee, evasive

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
STEPS = (
    "playbook/posting.py",
    "playbook/journal.py",
    "reports/outbox.py",
    "reports/mail.py",
    "store/session.py",
    "store/audit.py",
)


def send(settings, now):
    """What a person's command does: the intention, the mail, the record."""
    engine = connect(settings.database_url)
    draft = letters.draft(evasive(), "demand", POLICY)
    words = language("en")
    paper = compose(draft, evasive().customer, addressee(), words, HEAD)
    posting.intend(engine, settings, posting.Post(1, draft, paper, addressee(), "en", "jo"), now)
    outbox.relay(engine, settings, now)
    posting.settle(engine, settings, now)


def killed_at(step):
    """Die before the ``step``-th line of the durable code."""
    left = step

    def local(frame, event, _arg):
        nonlocal left
        if event == "line":
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return local

    sys.settrace(lambda frame, _event, _arg: local if frame.f_code.co_filename.endswith(STEPS) else None)


def child(work):
    """Run ``work`` in a process of its own; how it ended."""
    number = os.fork()
    if number == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(3)
    return os.waitpid(number, 0)[1]


def seen(settings, folder):
    """What there is now."""
    engine = connect(settings.database_url)
    with read(engine) as session:
        found = {
            "letters": len(session.exec(select(Letter)).all()),
            "mails": [row.state for row in session.exec(select(Message))],
            "records": [row.kind for row in session.exec(select(Record).order_by(Record.id))],
            "audit": audit.verify(session, settings.keys).broken_at,
        }
    engine.dispose()
    return {**found, "files": len(list((folder / "outbox").glob("*.eml")))}


def main(folder, stride):
    template, work = folder / "template.db", folder / "book.db"
    engine = connect(f"sqlite:///{template}")
    schema.upgrade(engine)
    with write(engine) as session:
        session.add(Account(id=1, account="C117", name="Alva"))
    engine.dispose()
    settings = load(
        _env_file=None,
        database_url=f"sqlite:///{work}",
        mail_url=f"file:{folder / 'outbox'}",
        letter_company="Nordwind",
    )
    step = 0
    while True:
        for file in folder.glob("book.db*"):
            file.unlink()
        shutil.rmtree(folder / "outbox", ignore_errors=True)
        shutil.copy(template, work)

        def first(at=step):
            killed_at(at)
            send(settings, NOW)

        ended = child(first)
        again = child(lambda: send(settings, NOW + timedelta(minutes=10)))
        dead = os.WIFSIGNALED(ended)
        print(
            json.dumps({"step": step if dead else None, "first": ended, "again": again, **seen(settings, folder)}),
            flush=True,
        )
        if not dead:
            return
        step += stride


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
