"""What the query language of the tables does not say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session


def add_if_missing(session: Session, table: Table, returning: str | None = None, **values: Any) -> Any:
    """Insert a row unless its key is there: whoever comes second waits for the first, and adds nothing.

    The new row's column ``returning``; None if it was there.
    """
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added: Any = dialect.insert(table).values(**values).on_conflict_do_nothing()
    if returning is None:
        session.connection().execute(added)
        return None
    return session.connection().execute(added.returning(table.c[returning])).scalar()
