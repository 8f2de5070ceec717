"""The audit: append-only entries in a chain of HMACs, each written in the transaction that did what it tells.

    mac(n) = HMAC-SHA-256(key, mac(n-1) || canonical JSON of entry n)

Whoever changes, drops or inserts an entry without the key breaks the chain; whoever cuts its end off is found out by the head, which
every digest prints. It shows tampering, it does not prevent it. Keys come from SECRET_KEYS; without any, entries are chained but
unsigned. A key that was rotated out has to stay in the list for its entries to be verified.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from healthcheck import logs
from healthcheck.store.operations import AuditEntry, AuditHead

KEYS: Final = "audit_keys"  # the engine's option that holds the secret keys
ALARMING: Final = ("held", "dead", "uncertain", "failed")  # how the name of a thing ends that a person should look at
_NOTES: Final = "audit_notes"
_ENTRIES, _HEAD = AuditEntry.__table__, AuditHead.__table__  # type: ignore[attr-defined]
_LOCK: Final = sql_select(_HEAD.c.seq, _HEAD.c.mac).with_for_update()
_ADD: Final = insert(_ENTRIES).values({column.name: bindparam(column.name) for column in _ENTRIES.c})
_MOVE: Final = update(_HEAD).values(seq=bindparam("new_seq"), mac=bindparam("new_mac"))
_ADD_AND_MOVE: Final = _MOVE.add_cte(_ADD.cte("added"))
_LOG = logging.getLogger(__name__)
_PURPOSE: Final = b"healthcheck audit v1"


@dataclass(frozen=True)
class Note:
    """Something that the transaction did."""

    what: str
    at: datetime
    by: str = ""
    month: str | None = None
    account_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verified:
    """What ``verify`` found: how many entries hold, how many of them nobody signed, and the first that does not hold."""

    entries: int
    unsigned: int
    head: str
    broken_at: int | None = None
    why: str = ""


def note(session: Session, what: str, at: datetime, **more: Any) -> None:
    """Remember for the audit what this transaction did; ``write`` chains it just before the commit."""
    session.info.setdefault(_NOTES, []).append(Note(what, at, **more))


def chain(session: Session) -> Sequence[Note]:
    """Append the transaction's notes to the chain, and return them. The head stays locked until the commit, so come here last."""
    notes: list[Note] = session.info.pop(_NOTES, [])
    if not notes:
        return notes
    keys = [_subkey(key) for key in session.get_bind().get_execution_options().get(KEYS, ())]
    session.flush()
    connection = session.connection()
    seq, mac = connection.execute(_LOCK).one()
    entries: list[dict[str, Any]] = []
    for told in notes:
        entries.append(_signed(told, seq + 1, mac, keys[0] if keys else b""))
        seq, mac = seq + 1, entries[-1]["mac"]
    _append(connection, entries)
    return notes


def _append(connection: Connection, entries: Sequence[dict[str, Any]]) -> None:
    """Add the entries and move the head behind the last. Everybody waits for the head, so one entry goes in one statement where the
    database has such."""
    end = {"new_seq": entries[-1]["seq"], "new_mac": entries[-1]["mac"]}
    if len(entries) == 1 and connection.dialect.name == "postgresql":
        connection.execute(_ADD_AND_MOVE, {**entries[0], **end})
    else:
        connection.execute(_ADD, entries if len(entries) > 1 else entries[0])
        connection.execute(_MOVE, end)


def log(notes: Sequence[Note]) -> None:
    """Put into the log what has been committed: the two never tell different stories."""
    for told in notes:
        level = logging.WARNING if told.what.endswith(ALARMING) else logging.INFO
        known = {"month": told.month, "account_id": told.account_id, "by": told.by or None}
        _LOG.log(level, told.what, extra=logs.fields(**{**known, **told.detail}))


def head(session: Session) -> str:
    """The MAC that ends the chain; empty where there is no entry yet."""
    return session.exec(select(AuditHead.mac)).one()


def verify(session: Session, keys: Sequence[str]) -> Verified:
    """Walk the whole chain and compare it with its head."""
    known = {_key_id(key): key for key in (b"", *map(_subkey, keys))}
    mac, seq, unsigned = "", 0, 0
    for entry in _entries(session):
        why = _wrong(entry, seq, mac, known)
        if why:
            return Verified(seq, unsigned, mac, entry.seq, why)
        mac, seq, unsigned = entry.mac, entry.seq, unsigned + (not entry.key_id)
    end = session.exec(select(AuditHead)).one()
    if (end.seq, end.mac) != (seq, mac):
        return Verified(
            seq, unsigned, mac, seq + 1, f"the head says {end.seq} entries, there are {seq}: the end was cut off"
        )
    return Verified(seq, unsigned, mac)


def _entries(session: Session) -> Iterator[AuditEntry]:
    query = select(AuditEntry).order_by(col(AuditEntry.seq)).execution_options(yield_per=1000)
    with session.exec(query) as found:
        yield from found


def _wrong(entry: AuditEntry, before: int, mac: str, known: dict[str, bytes]) -> str:
    if entry.seq != before + 1:
        return f"entry {before + 1} is missing"
    if entry.key_id not in known:
        return f"it was signed with a key that is not in HEALTHCHECK_SECRET_KEYS any more (id {entry.key_id})"
    if not hmac.compare_digest(_mac(entry.model_dump(), mac, known[entry.key_id]), entry.mac):
        return "it, or the one before it, was changed"
    return ""


def _signed(told: Note, seq: int, before: str, key: bytes) -> dict[str, Any]:
    """The entry's row."""
    row = {
        "seq": seq, "at": told.at, "what": told.what, "by": told.by, "month": told.month, "account_id": told.account_id,
        "detail": json.loads(_canonical(told.detail)), "key_id": _key_id(key),
    }  # fmt: skip
    return {**row, "mac": _mac(row, before, key)}


def _mac(row: Mapping[str, Any], before: str, key: bytes) -> str:
    told = {
        "seq": row["seq"], "at": row["at"].astimezone(UTC).isoformat(), "what": row["what"], "by": row["by"], "month": row["month"],
        "account": row["account_id"], "detail": row["detail"],
    }  # fmt: skip
    return hmac.new(key, f"{before}|{_canonical(told)}".encode(), sha256).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def _subkey(secret: str) -> bytes:
    return hmac.new(secret.encode(), _PURPOSE, sha256).digest()


def _key_id(key: bytes) -> str:
    return hmac.new(key, b"id", sha256).hexdigest()[:8] if key else ""
