"""What the query language of the tables does not say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def add_if_missing(session: Session, table: Table, returning: str | None = None, **values: Any) -> Any:
    """Insert a row unless its key is there: whoever comes second waits for the first, and adds nothing.

    The new row's column ``returning``; None if it was there.
    """
    done = session.connection().execute(_added(_dialect(session), table, returning), values)
    return None if returning is None else done.scalar()


def add_or_update(
    session: Session, table: Table, rows: Sequence[dict[str, Any]], columns: Sequence[str], where: ColumnElement[bool]
) -> None:
    """Insert rows; where a row with the key is there and ``where`` holds for it, set ``columns`` of it instead."""
    if rows:
        added = _dialect(session).insert(table)
        values = {name: added.excluded[name] for name in columns}
        key = list(table.primary_key)
        session.connection().execute(added.on_conflict_do_update(index_elements=key, set_=values, where=where), rows)


@lru_cache(maxsize=64)
def _added(dialect: Any, table: Table, returning: str | None) -> Any:
    added = dialect.insert(table).on_conflict_do_nothing()
    return added if returning is None else added.returning(table.c[returning])


def _dialect(session: Session) -> Any:
    return sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
