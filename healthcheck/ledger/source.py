"""Reading tables into polars, cut off at the as-of date: through Python's own SQLite, or through ADBC from PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Engine

from healthcheck.store.books import LINKS
from healthcheck.store.session import reading

_DATE, _TEXT, _INT, _BOOL = pl.Date, pl.String, pl.Int64, pl.Boolean
Shape = dict[str, Any]
BATCH, PART = 2_000, 100_000  # rows taken from the database at once, and rows made into one frame
_ONE_VIEW: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"  # all tables as of one moment
SCAN: Final = 500  # accounts from which on reading the table through is quicker than looking each one up


@contextmanager
def connection(engine: Engine) -> Iterator[Any]:
    """A connection to the engine's database, for reading: ADBC on PostgreSQL, Python's own SQLite elsewhere.

    Never ADBC on SQLite: it brings a second copy of the SQLite library, and two copies that open one file in one process break each
    other's locks (https://sqlite.org/howtocorrupt.html, 2.2.1); beside a writing thread that destroys the database.
    """
    if engine.dialect.name == "sqlite":
        with reading(engine) as opened:
            yield opened
        return
    from adbc_driver_postgresql import dbapi  # type: ignore[import-not-found,unused-ignore]

    with dbapi.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)) as opened:
        with opened.cursor() as cursor:
            cursor.execute(_ONE_VIEW)
        yield opened


def fetch(opened: Any, table: str, shape: Shape, where: str = "", keys: Sequence[int] | None = None) -> pl.DataFrame:
    """The columns of ``shape`` ("name" or "name=sql") of ``table``, for the accounts ``keys`` (None: all)."""
    conditions = [c for c in (where, _within(table, keys)) if c]
    clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if isinstance(opened, Connection):
        return _rows(opened, f'SELECT {_chosen(shape, _stored)} FROM "{table}"{clause}', shape)  # noqa: S608
    query = f'SELECT {_chosen(shape, _sql)} FROM "{table}"{clause}'  # noqa: S608  (our own names and integers)
    return pl.read_database(query, opened).select(_typed(_split(spec)[0], kind) for spec, kind in shape.items())


def _chosen(shape: Shape, write: Callable[[Any, str, str], str]) -> str:
    return ", ".join(write(kind, *_split(spec)) for spec, kind in shape.items())


def _stored(_kind: Any, name: str, sql: str) -> str:
    return f'{sql} AS "{name}"'


def _rows(opened: Connection, query: str, shape: Shape) -> pl.DataFrame:
    """In batches that stay in the processor's cache, typed part by part: a large book is never all Python objects at once."""
    types = {_split(spec)[0]: pl.Int64 if kind in (_INT, _BOOL) else pl.String for spec, kind in shape.items()}
    cursor = opened.exec_driver_sql(query).cursor
    typed = [_typed(_split(spec)[0], kind) for spec, kind in shape.items()]
    parts = [pl.DataFrame(schema=types).select(typed)]
    while batches := list(islice(_batches(cursor, types), PART // BATCH)):
        parts.append(pl.concat(batches, rechunk=True).select(typed))
    return pl.concat(parts, rechunk=True)


def _batches(cursor: Any, types: dict[str, Any]) -> Iterator[pl.DataFrame]:
    while rows := cursor.fetchmany(BATCH):
        columns = zip(types.items(), zip(*rows, strict=True), strict=True)
        yield pl.DataFrame([pl.Series(name, values, dtype=kind) for (name, kind), values in columns])


def _split(spec: str) -> tuple[str, str]:
    name, _, sql = spec.partition("=")
    return name, sql or f'"{name}"'


def _sql(kind: Any, name: str, sql: str) -> str:
    if kind == _INT:
        return f'{sql} AS "{name}"'
    if kind == _BOOL:
        return f'CAST({sql} AS INTEGER) AS "{name}"'
    return f"COALESCE(CAST({sql} AS TEXT), '') AS \"{name}\""


def _typed(name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if kind == _INT:
        return column.cast(pl.Int64)
    if kind == _BOOL:
        return column.cast(pl.Int64).cast(pl.Boolean)
    words = column.cast(pl.String)
    filled = pl.when(words != "").then(words)
    return (filled.str.to_date("%Y-%m-%d") if kind == _DATE else filled).alias(name)


def _within(table: str, keys: Sequence[int] | None) -> str:
    if keys is None:
        return ""
    column = "id" if table == "account" else "account_id"
    if len(keys) > SCAN and table != "account":
        column = f"0 + {column}"  # no index is used on an expression
    return f"{column} IN ({', '.join(str(int(key)) for key in keys) or 'NULL'})"


_LINKS: Final = " || ".join(f"CASE WHEN {name} <> '' THEN '{name} ' ELSE '' END" for name in LINKS)
ACCOUNT: Shape = {
    "key=id": _INT, "entity": _TEXT, "account": _TEXT, "name": _TEXT, "parent": _TEXT, "country": _TEXT, "industry": _TEXT,
    "currency": _TEXT, "terms_days": _INT, "limit=credit_limit": _INT, "insured_limit": _INT, "insured_until": _DATE,
    "sales_rep": _TEXT, "rep_email": _TEXT, "manager_email": _TEXT, "relationship": _TEXT, "risk_class": _TEXT,
    "opened": _DATE, "plan_annual": _INT, f"links={_LINKS}": _TEXT,
}  # fmt: skip
INVOICE: Shape = {
    "key=account_id": _INT, "number": _TEXT, "kind": _TEXT, "issued": _DATE, "due": _DATE, "delivered": _DATE, "amount": _INT,
    "currency": _TEXT, "paid": _DATE, "paid_amount": _INT, "disputed": _BOOL, "estimated": _BOOL,
}  # fmt: skip
PAYMENT: Shape = {
    "key=account_id": _INT, "paid": _DATE, "amount": _INT, "currency": _TEXT, "invoice": _TEXT, "method": _TEXT, "payer_last4": _TEXT,
    "payer_hash": _TEXT, "payer_bank": _TEXT, "payer_country": _TEXT, "reference": _TEXT,
}  # fmt: skip
PLAN: Shape = {"key=account_id": _INT, "month": _DATE, "amount": _INT, "currency": _TEXT, "source": _TEXT}
RATE: Shape = {"currency": _TEXT, "on": _DATE, "rate": _TEXT}
REPORT: Shape = {"key=account_id": _INT, "bureau": _TEXT, "as_of": _DATE, "reported_on": _DATE, "body": _TEXT}
OBSERVATION: Shape = {
    "key=account_id": _INT, "on": _DATE, "activity": _TEXT, "people": _TEXT, "stock": _TEXT, "heard": _TEXT, "by": _TEXT,
}  # fmt: skip
ACCEPTED: Shape = {"key=account_id": _INT, "check": _TEXT, "on=rebased_on": _DATE}
RECORD: Shape = {
    "key=account_id": _INT, "id": _INT, "kind": _TEXT, "on": _DATE, "invoice": _TEXT, "amount": _INT, "currency": _TEXT, "due": _DATE,
    "series": _TEXT, "refers": _INT,
}  # fmt: skip
