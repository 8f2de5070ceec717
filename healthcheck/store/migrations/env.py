"""Alembic's entry: runs inside the transaction that ``healthcheck.store.schema`` opened."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from healthcheck.store import books, events, late, letters, operations, work  # noqa: F401
from healthcheck.store.base import Instant


def plain_types(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations name SQLAlchemy's types only, so that they outlive ours."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(item, Instant):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=plain_types,
)
context.run_migrations()
