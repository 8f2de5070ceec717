"""Reports from a folder (``HEALTHCHECK_FILE_FOLDER``): the way in for every bureau without a public contract.

Layout, any mixture of::

    <account>/<date>.json          C042/2026-03-01.json
    <account>_<date>.json          C042_2026-03-01.json
    <any name>.csv                 columns account, date, [entity], and any of COLUMNS below

Books with several entities put theirs under ``<entity>/`` (or in the CSV's ``entity`` column). Characters that cannot stand in a file
name are percent-encoded (``A/7`` is ``A%2F7``). ``<date>`` is the date of the report. A JSON file is a report in normal form
(``healthcheck.bureaus.base.Report``), all fields optional, amounts
without a currency in the reporting currency::

    {"currency": "EUR", "status": "active",
     "score": {"value": 71, "scale_min": 1, "scale_max": 100, "higher_is_better": true,
               "band": "B", "bands": ["A", "B", "C", "D", "E"], "model": "2024"},
     "limit": {"amount": "240000", "currency": "EUR"}, "payment": {"dbt": 6, "paydex": 74, "trend": "stable", "industry": 9},
     "legal": [{"kind": "judgment", "open": true, "amount": "12000", "date": "2026-02-11", "ref": "7 C 12/26"}],
     "filings_overdue": false, "ownership": {"control_changed": false, "owners": ["Norda Holding"]},
     "banks_on_file": ["COBADEFF"], "sections": {"payment": "not_entitled"}}

In a CSV a field is written ``score_value``, ``limit_amount``, ``legal_kind`` ... (short: ``score``, ``band``, ``limit``, ``dbt``), lists
have ``|`` between their entries, sections are ``section_score`` ...; several legal events are several rows with the same account and
date. Other columns are left aside. "NA", ``{}``, blank, 998 and 999 are no values; ``section_legal`` = ok says that there is nothing
legal on file. The newest report dated on or before the as-of date is the answer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

from healthcheck.bureaus.base import (
    BadReport,
    Bureau,
    Candidate,
    Idempotency,
    NoReport,
    Pending,
    Probe,
    Ready,
    Report,
    Subject,
)
from healthcheck.bureaus.flat import Row, rows_of
from healthcheck.errors import Fatal, UsageError
from healthcheck.settings import Settings


class FileBureau:
    """The ``file`` adapter. Reading a file again costs nothing, so nothing can be bought twice."""

    name = "file"
    idempotency: Idempotency = "reread"
    linked_by = ""

    def __init__(self, settings: Settings) -> None:
        self.folder = Path(settings.file_folder)
        self._cost = settings.file_cost_per_pull
        self._currency = settings.currency

    def cost(self) -> Decimal:
        return self._cost

    def rate_limit(self) -> float | None:
        return None

    def probe(self) -> Probe:
        """Raises Fatal where there is no folder."""
        if not self.folder.is_dir():
            raise Fatal(f"no folder {self.folder} for bureau reports; create it or set HEALTHCHECK_FILE_FOLDER")
        return Probe("files")

    def find(self, subject: Subject) -> Sequence[Candidate]:
        """The account itself, where it has a report."""
        dated = _files(self.folder, subject) or _rows(self.folder, subject)
        return [Candidate(subject.account, subject.name, 1.0, subject.country, subject.city)] if dated else []

    def order(self, subject: Subject, as_of: date, key: str) -> Ready | Pending:
        """The newest report dated on or before ``as_of``. Raises NoReport, BadReport, or Fatal where there is no folder."""
        self.probe()
        files = [found for found in _files(self.folder, subject) if found[0] <= as_of]
        rows = [row for row in _rows(self.folder, subject) if row.on <= as_of]
        newest = max([on for on, _ in files] + [row.on for row in rows], default=None)
        if newest is None:
            raise NoReport(f"no report on {subject.account} up to {as_of} in {self.folder}")
        for on, path in sorted(files):
            if on == newest:
                return _from_json(path, on, self._currency)
        return _from_rows([row for row in rows if row.on == newest], self._currency)

    def collect(self, token: str) -> Ready | Pending:
        raise NoReport(f"the file bureau has nothing pending ({token})")

    def look_up(self, subject: Subject, key: str) -> Ready | Pending | None:
        return None


def _files(folder: Path, subject: Subject) -> list[tuple[date, Path]]:
    """The account's JSON files and their dates."""
    root = folder / _safe(subject.entity) if subject.entity else folder
    name = _safe(subject.account)
    nested = [(entry[:-5], root / name / entry) for entry in _listing(root / name) if entry.endswith(".json")]
    start = f"{name}_"
    flat = [(e[len(start) : -5], root / e) for e in _listing(root) if e.startswith(start) and e.endswith(".json")]
    dated = [(_date(text), path) for text, path in nested + flat]
    return [(on, path) for on, path in dated if on is not None]


def _rows(folder: Path, subject: Subject) -> list[Row]:
    """The account's rows in all CSV files of the folder, in the order of names and lines."""
    paths = [folder / entry for entry in sorted(_listing(folder)) if entry.lower().endswith(".csv")]
    rows = [row for path in paths for row in rows_of(path).get((subject.entity, subject.account), [])]
    for row in rows:
        if row.problem:
            raise BadReport(f"{row.path}, line {row.line}: {row.problem}")
    return rows


def _listing(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  (names only, quicker for large folders)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Fatal(f"cannot read the folder {folder} of bureau reports: {error.strerror}; mend its rights") from None


def _safe(name: str) -> str:
    """A file name that stays inside its folder."""
    return quote(name, safe=" -_()&,+") if name.strip(".") else quote(name, safe="").replace(".", "%2E")


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _from_json(path: Path, on: date, currency: str) -> Ready:
    raw = path.read_bytes()
    try:
        body = json.loads(raw.decode("utf-8-sig"), parse_float=Decimal)
        return Ready(_report(body, on, currency), raw)
    except json.JSONDecodeError as error:
        raise BadReport(f"{path}, line {error.lineno}: not JSON ({error.msg}); mend the file or take it away") from None
    except UnicodeDecodeError:
        raise BadReport(f"{path}: not a UTF-8 text file; save it as JSON in UTF-8") from None
    except UsageError as error:
        raise BadReport(f"{path}: {error}") from None


def _from_rows(rows: Sequence[Row], currency: str) -> Ready:
    first = rows[0]
    legal = [event for row in rows for event in row.body.get("legal", [])]
    try:
        return Ready(_report(first.body | ({"legal": legal} if legal else {}), first.on, currency))
    except UsageError as error:
        raise BadReport(f"{first.path}, line {first.line}: {error}") from None


def _report(body: Any, on: date, currency: str) -> Report:
    if not isinstance(body, dict):
        raise UsageError("expected one object, {...}, with the fields of a report")
    said = body.get("reported_on")
    if said not in (None, on.isoformat()):
        raise UsageError(f"reported_on is {said}, the file or row says {on}; make them equal")
    return Report.from_body(
        {"bureau": "file", **body, "currency": body.get("currency") or currency, "reported_on": on.isoformat()}
    )


_: type[Bureau] = FileBureau
