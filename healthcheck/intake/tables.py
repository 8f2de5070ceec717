"""Rows of the store as frames and back, on SQLite and PostgreSQL alike, at the speed of the driver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

_BATCH = 10_000
_TYPES: dict[type, Any] = {sa.Integer: pl.Int64, sa.Date: pl.Date, sa.Boolean: pl.Boolean}


def table(model: type[SQLModel]) -> sa.Table:
    """The table of a model."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


def fetch(
    connection: sa.Connection, source: sa.Table, names: Sequence[str], where: sa.ColumnElement[bool] | None = None
) -> pl.DataFrame:
    """The columns ``names`` of the rows ``where``; JSON as its text."""
    chosen = sa.select(*[_bare(source.c[name]) for name in names])
    rows = connection.execute(chosen if where is None else chosen.where(where)).fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pl.DataFrame([_series(source.c[name], column) for name, column in zip(names, columns, strict=True)])


def fetch_in(
    connection: sa.Connection,
    source: sa.Table,
    names: Sequence[str],
    name: str,
    values: Iterable[Any],
    also: sa.ColumnElement[bool] | None = None,
) -> pl.DataFrame:
    """As ``fetch``, of the rows whose column ``name`` is one of ``values``, however many those are."""
    wanted = list(values)
    batches = [wanted[at : at + _BATCH] for at in range(0, len(wanted), _BATCH)] or [[]]
    more = sa.true() if also is None else also
    return pl.concat([fetch(connection, source, names, source.c[name].in_(batch) & more) for batch in batches])


def insert(connection: sa.Connection, target: sa.Table, rows: pl.DataFrame) -> None:
    """Add ``rows``, whose columns are the table's; JSON as its text."""
    marks = ", ".join([_mark(connection)] * rows.width)
    names = ", ".join(_quoted(connection, name) for name in rows.columns)
    _run(connection, f"INSERT INTO {_quoted(connection, target.name)} ({names}) VALUES ({marks})", rows)  # noqa: S608


def update(connection: sa.Connection, target: sa.Table, rows: pl.DataFrame) -> None:
    """Write every column of ``rows`` but ``id`` to the row of that id."""
    names = [name for name in rows.columns if name != "id"]
    mark = _mark(connection)
    changes = ", ".join(f"{_quoted(connection, name)} = {mark}" for name in names)
    statement = f"UPDATE {_quoted(connection, target.name)} SET {changes} WHERE id = {mark}"  # noqa: S608
    _run(connection, statement, rows.select(*names, "id"))


def delete(connection: sa.Connection, target: sa.Table, ids: pl.Series) -> None:
    """Remove the rows of these ids."""
    _run(connection, f"DELETE FROM {_quoted(connection, target.name)} WHERE id = {_mark(connection)}", ids.to_frame())  # noqa: S608


def _bare(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The column without conversion in Python: dates come as the driver has them."""
    if isinstance(column.type, sa.JSON):
        return sa.cast(column, sa.Text)
    return sa.type_coerce(column, sa.String) if isinstance(column.type, sa.Date | sa.Boolean) else column


def _series(column: sa.Column[Any], values: Sequence[Any]) -> pl.Series:
    wanted = next((dtype for kind, dtype in _TYPES.items() if isinstance(column.type, kind)), pl.String)
    if wanted == pl.Date and isinstance(next((value for value in values if value is not None), None), str):
        return pl.Series(column.name, values, dtype=pl.String).str.to_date("%Y-%m-%d")
    if wanted == pl.Boolean:
        return pl.Series(column.name, [None if value is None else bool(value) for value in values], dtype=pl.Boolean)
    return pl.Series(column.name, values, dtype=wanted)


def _run(connection: sa.Connection, statement: str, rows: pl.DataFrame) -> None:
    if rows.height:
        plain = rows.with_columns(pl.col(pl.Date).dt.to_string("%Y-%m-%d"))
        connection.exec_driver_sql(statement, plain.rows())


def _mark(connection: sa.Connection) -> str:
    return "?" if connection.dialect.name == "sqlite" else "%s"


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
