"""PostgreSQL: connections that last, and that notice when the server or the machine behind them is gone.

To connect costs more than a transaction does, and a statement is planned once a connection: so as many connections are kept as were
ever in use at once, up to ``KEPT``. One that lay idle, or on which something came unasked, has to answer before it is used.
"""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from urllib3.util import wait_for_read

KEPT: Final = 20  # idle connections, at most
TRUSTED_SECONDS: Final = 5.0  # unused for so long, it may be gone
_SETTINGS: Final = {
    "idle_in_transaction_session_timeout": "10min",  # whoever stopped in the middle lets go of his locks
    "tcp_keepalives_idle": "30",  # and so does a machine that is gone without a word
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


def options() -> dict[str, Any]:
    """What ``create_engine`` is to be told."""
    return {"pool_size": KEPT, "max_overflow": -1}


def prepare(engine: Engine, busy_seconds: float) -> None:
    """Our settings for each connection, text that PostgreSQL can hold, and a look at those that lay idle."""

    def settle(connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()
        _take_text(connection)
        with connection.cursor() as cursor:
            for name, value in {"lock_timeout": f"{busy_seconds * 1000:.0f}ms", **_SETTINGS}.items():
                cursor.execute(f"SET {name} = '{value}'")
        connection.commit()

    def require_alive(connection: Any, record: Any, _proxy: Any) -> None:
        rested = time.monotonic() - record.info["used"] > TRUSTED_SECONDS
        if connection.closed or ((rested or _was_told(connection)) and not _answers(engine, connection)):
            raise InvalidatePoolError("the database server closed the connection")

    def note(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    event.listen(engine, "connect", settle)
    event.listen(engine, "checkout", require_alive)
    event.listen(engine, "checkin", note)


def _was_told(connection: Any) -> bool:
    """Whether the server said something unasked, or hung up."""
    return wait_for_read(connection.fileno(), timeout=0)


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False


def _take_text(connection: Any) -> None:
    """PostgreSQL has no text with a NUL in it: what comes with one from outside is stored with a mark in its place."""
    from psycopg.types.string import StrDumperUnknown

    class _Text(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\x00", "\ufffd") if "\x00" in obj else obj)

    connection.adapters.register_dumper(str, _Text)
