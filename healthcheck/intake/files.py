"""Delimited text as cells: any usual encoding and separator, every row with the line it begins on."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from healthcheck.errors import UsageError
from healthcheck.intake.results import Note

SEPARATORS = ",;\t|"
_BLOCK = 50_000
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook or a zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed",
}
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Source:
    """A file's cells as text: columns "0", "1", ... in the order of ``headings``, and ``line``. Blank rows are left out."""

    name: str
    sha256: str
    headings: list[str]
    cells: pl.DataFrame
    broken: list[Note]  # rows that cannot be told into cells


def read(path: Path) -> Source:
    """Read a delimited text file; raises UsageError if there is no such file or it is none."""
    data = _bytes(path)
    text = _decode(path, data)
    skipped, separator = _separator(text)
    lines = io.StringIO(text, newline="")
    for _ in range(skipped):
        lines.readline()
    reader = csv.reader(lines, delimiter=separator, strict=True)
    headings = _headings(path, reader)
    broken: list[Note] = []
    cells = _plain_cells(text, skipped, separator, len(headings))
    if cells is None:
        cut = None if text[-1] in "\r\n" else sum(1 for _ in io.StringIO(text, newline=""))
        cells = pl.concat(_blocks(_Rows(path, reader, len(headings), skipped, cut, broken)))
    return Source(str(path), hashlib.sha256(data).hexdigest(), headings, cells, broken)


def _plain_cells(text: str, skipped: int, separator: str, width: int) -> pl.DataFrame | None:
    """The quick way, for a file without quotes and with as many cells in every row as headings; else None."""
    last = text.rstrip("\r\n").rpartition("\n")[2]
    if '"' in text or text.count("\r") != text.count("\r\n") or last.count(separator) < width - 1:
        return None
    options: dict[str, Any] = {
        "separator": separator,
        "quote_char": None,
        "infer_schema": False,
        "skip_lines": skipped + 1,
    }
    try:
        frame = pl.read_csv(text.encode(), has_header=False, new_columns=[str(at) for at in range(width)], **options)
    except pl.exceptions.PolarsError:
        return None
    if frame.width != width or frame.height != len(text.rstrip("\n").split("\n")) - skipped - 1:
        return None
    numbered = frame.select(
        pl.int_range(skipped + 2, skipped + 2 + pl.len(), dtype=pl.Int64).alias("line"), pl.all().str.strip_chars()
    )
    return _without_blanks(numbered)


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory; name the files in it") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise UsageError(f"{path} is empty")
    return data


def _decode(path: Path, data: bytes) -> str:
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise UsageError(f"{path} is {what}, not text; save it as CSV and import that")
    if not data.startswith(_UTF16) and _CONTROL.search(data):
        raise UsageError(f"{path} is a binary file, not text; save it as CSV and import that")
    for encoding in ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageError(f"{path}: the text is neither UTF-8 nor Windows-1252; save it as UTF-8")


def _separator(text: str) -> tuple[int, str]:
    """Lines to skip before the headings (blank ones, Excel's ``sep=;``), and the separator that the headings use most."""
    skipped = 0
    for line in io.StringIO(text, newline=""):
        bare = line.strip("\r\n")
        if told := re.fullmatch(r"sep=(.)", bare.strip(), re.IGNORECASE):
            return skipped + 1, told[1]
        if bare.strip():
            outside = re.sub(r'"[^"]*"', "", bare)
            return skipped, max(SEPARATORS, key=outside.count)
        skipped += 1
    return skipped, ","


def _headings(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        row = [" ".join(cell.split()) for cell in next(reader)]
    except (csv.Error, StopIteration):
        raise UsageError(f"{path}: the first line holds no headings") from None
    while row and not row[-1]:
        row.pop()
    return row


@dataclass
class _Rows:
    """Iterates over (line, cells) of exactly ``width`` cells; what cannot be told goes to ``broken``."""

    path: Path
    reader: csv._reader  # type: ignore[name-defined,unused-ignore]
    width: int
    skipped: int
    cut: int | None  # the number of the file's last line, if that has no line end
    broken: list[Note]

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        width = self.width
        while True:
            line = self.reader.line_num + self.skipped + 1
            try:
                row = next(self.reader)
            except StopIteration:
                return
            except csv.Error as error:
                self._fault(line, error)
                continue
            if len(row) == width or self._fits(line, row):
                yield line, row

    def _fault(self, line: int, error: csv.Error) -> None:
        if "expected after" not in str(error):
            raise UsageError(f"{self.path}: the quote opened in the row of line {line} is never closed")
        self._reject(line, 'a closing quote in the middle of a cell; write a quote inside a cell as ""')

    def _fits(self, line: int, row: list[str]) -> bool:
        """Short rows are filled up (Excel leaves trailing blanks out), blank ones left out, long ones rejected."""
        if any(cell.strip() for cell in row[self.width :]):
            self._reject(
                line,
                f"{len(row)} cells under {self.width} headings: is there a separator inside a cell without quotes?",
            )
            return False
        del row[self.width :]
        short = self.width - len(row)
        row.extend([""] * short)
        if short and self.reader.line_num + self.skipped == self.cut and any(row):
            self._reject(line, "the last line breaks off: is the file complete?")
            return False
        return True

    def _reject(self, line: int, reason: str) -> None:
        self.broken.append(Note(str(self.path), line, None, reason))


def _blocks(rows: _Rows) -> Iterator[pl.DataFrame]:
    lines: list[int] = []
    cells: list[list[str]] = []
    for line, row in rows:
        lines.append(line)
        cells.append(row)
        if len(cells) == _BLOCK:
            yield _frame(lines, cells, rows.width)
            lines, cells = [], []
    yield _frame(lines, cells, rows.width)


def _frame(lines: list[int], cells: list[list[str]], width: int) -> pl.DataFrame:
    columns = list(zip(*cells, strict=True)) or [()] * width
    data = {str(at): pl.Series(column, dtype=pl.String).str.strip_chars() for at, column in enumerate(columns)}
    frame = pl.DataFrame({"line": pl.Series(lines, dtype=pl.Int64), **data})
    return _without_blanks(frame)


def _without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    """Blank cells are null, blank rows are left out."""
    nulls = frame.with_columns(pl.exclude("line").replace("", None))
    return nulls.filter(pl.any_horizontal(pl.exclude("line").is_not_null())) if nulls.width > 1 else nulls.clear()
