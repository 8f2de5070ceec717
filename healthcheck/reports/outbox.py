"""The relay: sends what the outbox holds, the same bytes every time.

SENDING is committed before a message leaves and SENT after. A message found in SENDING once its lease is over was being sent when something
died: nobody knows whether it arrived. It is sent again (``on_uncertain = resend``; never lost) or held for a person (``hold``; never
twice). Plain SMTP allows no third way: between the server's "250" and our commit a message can go out twice, with the same Message-ID.
Leases are in the database's time: who sends at the end of a month that took hours has an old ``now``, another machine a wrong one.

What became of a message stands in the audit, in the transaction that settles it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from typing import Final

from sqlalchemy import ColumnElement, Engine, update
from sqlmodel import Session, col, or_, select

from healthcheck import logs
from healthcheck.errors import HealthcheckError, Retriable, Uncertain, UsageError
from healthcheck.reports import mail
from healthcheck.reviews import leases
from healthcheck.settings import Settings
from healthcheck.store import audit
from healthcheck.store.session import read, write
from healthcheck.store.work import Message

WAITING, SENDING, SENT, HELD, DEAD = "WAITING", "SENDING", "SENT", "HELD", "DEAD"
_FINAL: Final = (SENT, HELD, DEAD)
LEASE: Final = timedelta(minutes=5)  # longer than mail.PREPARING, the message and its answer together
REFUSALS: Final = 3  # refused for good so often, it is dead
DOUBTS: Final = 3  # of unknown fate so often, it is held for a person
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(hours=1)
_LOG = logging.getLogger(__name__)


@dataclass
class RelayResult:
    """What one pass did, and what is left. ``problem`` is the reason why the pass stopped early, for a person."""

    sent: int = 0
    waiting: int = 0
    in_flight: int = 0
    held: int = 0
    dead: int = 0
    problem: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def needs_person(self) -> bool:
        return bool(self.held or self.dead or self.waiting or self.in_flight)


@dataclass(frozen=True)
class _Pass:
    """One pass over the outbox. ``now``: what goes on record, and what back-offs count from; ``clock``: the time of leases."""

    engine: Engine
    settings: Settings
    sender: mail.Sender
    now: datetime
    clock: leases.Clock = leases.clock


def relay(
    engine: Engine, settings: Settings, now: datetime, hurry: bool = False, clock: leases.Clock = leases.clock
) -> RelayResult:
    """Send what is due, oldest first, each to one person; ``hurry`` does not wait for back-offs to end.

    Raises UsageError if MAIL_URL cannot be used. Either that or a server that is down ends the pass, and all that is due waits; nothing is
    lost by it.
    """
    result = RelayResult()
    order = _Pass(engine, settings, mail.sender(settings), now, clock)
    due = _due(order, hurry)
    if due:
        try:
            _deliver_all(order, due, result)
        except UsageError as error:
            _postpone(order, now + _age(order, due[0]), str(error))
            raise
    _left(engine, result)
    return result


def told(result: RelayResult) -> str:
    """One line for a person: ``5 sent, 1 waits, 1 held``."""
    parts = [f"{result.sent} sent"]
    parts += [f"{result.waiting} waiting for the next try"] if result.waiting else []
    parts += (
        [f"{result.in_flight} being sent elsewhere or cut short (try again in some minutes)"]
        if result.in_flight
        else []
    )
    parts += [f"{result.held} held: may have arrived (healthcheck digests list --dead)"] if result.held else []
    parts += [f"{result.dead} refused for good (healthcheck digests list --dead)"] if result.dead else []
    return ", ".join(parts)


def again(engine: Engine, message: int, now: datetime, by: str = "") -> None:
    """Put a HELD or DEAD message back in line, by a person's word. Raises UsageError if there is none such."""
    with write(engine) as session:
        row = _locked(session, message)
        if row is None or row.state not in (HELD, DEAD):
            raise UsageError(f"message {message} is neither held nor dead; see: healthcheck digests list --dead")
        row.state, row.next_try_at, row.refusals, row.doubts = WAITING, now, 0, 0
        _note(session, "mail.again", row, now, by)


def _due(order: _Pass, hurry: bool) -> list[int]:
    waiting = (col(Message.state) == WAITING) if hurry else (col(Message.state) == WAITING) & _ready(order.now)
    with read(order.engine) as session:
        broken = (col(Message.state) == SENDING) if order.sender.repeatable else _stranded(order.clock(session))
        return [
            one for one in session.exec(select(Message.id).where(waiting | broken).order_by(col(Message.id))) if one
        ]


def _ready(now: datetime) -> ColumnElement[bool]:
    return or_(col(Message.next_try_at).is_(None), col(Message.next_try_at) <= now)


def _stranded(time: datetime) -> ColumnElement[bool]:
    return (col(Message.state) == SENDING) & _ready(time)


def _deliver_all(order: _Pass, due: list[int], result: RelayResult) -> None:
    with order.sender:
        for message in due:
            if not _deliver(order, message, result):
                break


def _deliver(order: _Pass, key: int, result: RelayResult) -> bool:
    """Send one message; False if nobody else can be served either."""
    message = _claim(order, key)
    if message is None:
        return True
    try:
        order.sender.send(parseaddr(order.settings.mail_from)[1], message.recipient, message.message_id, message.body)
    except HealthcheckError as error:
        _settle(order, message, partial(_missed, error=error, order=order))
        if isinstance(error, UsageError):
            raise
        result.errors.append(f"{message.recipient}: {error}")
        if isinstance(error, mail.Unreachable):
            result.problem = str(error)
            _postpone(order, order.now + _wait(message, error), result.problem)
        return not result.problem
    _settle(order, message, partial(_sent, now=order.now))
    result.sent += 1
    return True


def _claim(order: _Pass, key: int) -> Message | None:
    """The message, now SENDING and ours until the lease ends; None if it is another's, or held."""
    repeatable = order.sender.repeatable
    with write(order.engine) as session:
        row, time = _locked(session, key), order.clock(session)
        if row is None or not _free(row, time, repeatable):
            return None
        if row.state == SENDING and not repeatable and not _in_doubt(row, order.settings):
            row.error = "was being sent when the process ended; it may have arrived"
            _tell(session, row, order.now)
            return None
        row.state, row.next_try_at, row.attempts = SENDING, time + LEASE, row.attempts + 1
        return row


def _locked(session: Session, key: int) -> Message | None:
    return session.exec(select(Message).where(Message.id == key).with_for_update()).first()


def _free(row: Message, time: datetime, repeatable: bool) -> bool:
    over = row.next_try_at is None or row.next_try_at <= time
    return row.state == WAITING or (row.state == SENDING and (over or repeatable))


def _in_doubt(row: Message, settings: Settings) -> bool:
    """Count one more unknown fate; True if the message may be sent again, else it is HELD."""
    row.doubts += 1
    if settings.on_uncertain == "resend" and row.doubts <= DOUBTS:
        return True
    row.state, row.next_try_at = HELD, None
    return False


def _settle(order: _Pass, message: Message, change: Callable[[Message], None]) -> None:
    """Write down the outcome, unless another has taken the message over in the meantime."""
    with write(order.engine) as session:
        row = _locked(session, message.id or 0)
        if row is not None and row.state == SENDING and row.attempts == message.attempts:
            change(row)
            _tell(session, row, order.now)


def _sent(row: Message, now: datetime) -> None:
    row.state, row.sent_at, row.next_try_at, row.error = SENT, now, None, None


def _missed(row: Message, error: HealthcheckError, order: _Pass) -> None:
    row.error = logs.redacted(str(error))
    row.state, row.next_try_at = WAITING, order.now + _wait(row, error)
    if isinstance(error, Uncertain):
        _in_doubt(row, order.settings)
    elif isinstance(error, mail.Refused):
        row.refusals += 1
        if row.refusals >= REFUSALS:
            row.state, row.next_try_at = DEAD, None


def _wait(row: Message, error: HealthcheckError) -> timedelta:
    asked = timedelta(seconds=error.retry_after or 0) if isinstance(error, Retriable) else timedelta()
    return max(asked, min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(row.attempts - 1, 10))))


def _age(order: _Pass, oldest: int) -> timedelta:
    """A wait that doubles each time: as long as the oldest message has been waiting."""
    with read(order.engine) as session:
        since = session.get_one(Message, oldest).queued_at
    return max(_FIRST_WAIT, min(_LONGEST_WAIT, order.now - since))


def _postpone(order: _Pass, until: datetime, why: str) -> None:
    """All that is due waits: nobody can be served, and one try a back-off is enough to find out."""
    with write(order.engine) as session:
        due = (col(Message.state) == WAITING, _ready(order.now))
        session.execute(update(Message).where(*due).values(next_try_at=until, error=logs.redacted(why)))


def _tell(session: Session, row: Message, now: datetime) -> None:
    """What is final, or waits for a person, goes into the audit and so into the log; what waits for a better time into the log alone."""
    if row.state in _FINAL:
        _note(session, f"mail.{row.state.lower()}", row, now)
        return
    more = logs.fields(month=row.month, to=row.recipient, message_id=row.message_id, error=row.error)
    _LOG.info("mail.waits", extra=more)


def _note(session: Session, what: str, row: Message, now: datetime, by: str = "") -> None:
    detail = {"message_id": row.message_id, "to": row.recipient} | ({"error": row.error} if row.error else {})
    audit.note(session, what, now, month=row.month, by=by, detail=detail)


def _left(engine: Engine, result: RelayResult) -> None:
    with read(engine) as session:
        states = list(session.exec(select(Message.state)))
    result.waiting, result.in_flight = states.count(WAITING), states.count(SENDING)
    result.held, result.dead = states.count(HELD), states.count(DEAD)
