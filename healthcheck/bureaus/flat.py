"""Bureau reports in CSV: one row a report, nested fields flattened (``score_value``); see ``healthcheck.bureaus.file``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import SECTIONS
from healthcheck.errors import Fatal, UsageError

_PARTS = {
    "score": ("value", "scale_min", "scale_max", "higher_is_better", "band", "bands", "model", "as_of"),
    "limit": ("amount", "currency"),
    "payment": ("dbt", "paydex", "trend", "industry"),
    "legal": ("kind", "open", "amount", "date", "ref"),
    "ownership": ("control_changed", "owners"),
}
_TOP = ("bureau", "currency", "filings_overdue", "filings_detail", "status", "banks_on_file")
_UNMISTAKABLE = {"score": _PARTS["score"][1:7], "payment": _PARTS["payment"], "ownership": _PARTS["ownership"]}
_SHORT = {name: (part, name) for part, names in _UNMISTAKABLE.items() for name in names}
COLUMNS: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in _TOP},
    **{f"{part}_{name}": (part, name) for part, names in _PARTS.items() for name in names},
    **{f"section_{name}": ("sections", name) for name in SECTIONS},
    **_SHORT,
    **{"score": ("score", "value"), "limit": ("limit", "amount")},
}
"""Column name to where it stands in a report's body."""

Rows = dict[tuple[str, str], list["Row"]]


@dataclass(frozen=True)
class Row:
    """One line of a CSV file: of when, and its fields as a report's body; or what is wrong with it."""

    path: Path
    line: int
    on: date
    body: dict[str, Any]
    problem: str | None = None


def rows_of(path: Path) -> Rows:
    """The rows of a file by (entity, account); read once as long as the file does not change. Raises Fatal for a file we cannot use."""
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise Fatal(f"{path}: cannot be read ({error.strerror})") from None


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> Rows:
    rows: Rows = {}
    for line, cells in _lines(path, _text(path)):
        account = (cells.get("account") or "").strip()
        if not account:
            raise Fatal(f"{path}, line {line}: no account; fill it in or delete the line")
        key = ((cells.get("entity") or "").strip(), account)
        rows.setdefault(key, []).append(_row(path, line, cells))
    return rows


def _text(path: Path) -> str:
    raw = path.read_bytes()
    if b"\0" in raw:
        raise Fatal(f"{path}: not a text file; export it again as CSV in UTF-8")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _lines(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(";,\t", key=head.count))
    names = [name.strip().lower().replace(".", "_") for name in next(reader, [])]
    if not {"account", "date"} <= set(names) or not COLUMNS.keys() & set(names):
        raise Fatal(
            f"{path}, line 1: needs the columns account, date and at least one of {', '.join(list(COLUMNS)[:9])} ..."
        )
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, dict(zip(names, cells, strict=False))


def _row(path: Path, line: int, cells: dict[str, str]) -> Row:
    try:
        day = reading.day(cells.get("date"), "date")
    except UsageError as error:
        return Row(path, line, date.min, {}, str(error))
    problem = None if day else "no date; write the date of the report as YYYY-MM-DD"
    return Row(path, line, day or date.min, _body(cells), problem)


def _body(cells: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, where in COLUMNS.items():
        value = (cells.get(name) or "").strip()
        if value and len(where) == 1:
            body[name] = value
        elif value:
            body.setdefault(where[0], {})[where[1]] = value
    if "legal" in body:
        body["legal"] = [body["legal"]]
    return body
