"""Words and lines: plurals, lists, dates, wrapping, and making foreign text harmless."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, TypeVar, cast

from markupsafe import Markup

from healthcheck.months import Month

WIDTH = 100
LONGEST = 600  # characters of one sentence
T = TypeVar("T")
BREAK = "\u200b"  # zero-width space: a mail program makes no link of what it cuts in two
_LINKISH = re.compile(r"(?<=\w)(?:\.(?=[^\W\d_]{2,})|@(?=\w))|(?<=\w:)(?=//)")
_ENCODED_WORD = re.compile(r"=\?")


def harmless(value: Any) -> Any:
    """Text from outside that can neither start a line, nor turn around its neighbours, nor become a link.

    Values that are not text, and ``Markup`` (our own links), pass.

    >>> harmless("pay-now.example") == "pay-now" + BREAK + ".example"
    True
    """
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _LINKISH.sub(lambda found: BREAK + found[0], "\n".join(printable(line) for line in value.split("\n")))


def printable(value: str) -> str:
    """One line without control, format and bidirectional characters, and without anything that reads as a MIME encoded word.

    >>> printable("A\\r\\nBcc: x =?UTF-8?Q?=0A?=")
    'A Bcc: x = ?UTF-8?Q?=0A?='
    """
    spaced = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in value)
    kept = "".join(one for one in spaced if unicodedata.category(one) not in ("Cf", "Cs", "Co") or one == BREAK)
    return _ENCODED_WORD.sub("= ?", re.sub(r" {2,}", " ", kept) if spaced != value else kept)


def line(value: str, longest: int = LONGEST) -> str:
    """Foreign text as one printable line of bounded length."""
    plain = " ".join(printable(value).split())
    return plain if len(plain) <= longest else plain[: longest - 1].rstrip() + "…"


def lines(value: T) -> T:
    """The same dataclass, tuple or text with every text in it made one ``line``."""
    if isinstance(value, str):
        return cast("T", line(value))
    if isinstance(value, tuple):
        return cast("T", tuple(lines(one) for one in value))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {one.name: lines(getattr(value, one.name)) for one in fields(value) if one.init}
        return cast("T", replace(value, **changed))
    return value


def wrapped(value: str, indent: int = 0, first: int | None = None, width: int = WIDTH) -> str:
    """Lines of at most ``width`` columns, each indented; ``first`` is the indent of the first line."""
    return textwrap.fill(
        " ".join(value.split()),
        width,
        initial_indent=" " * (indent if first is None else first),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def day(value: date, near: date | None = None) -> str:
    """``26 November``; with the year unless it is that of ``near``."""
    short = f"{value.day} {Month.of(value).title.split()[0]}"
    return short if near is not None and near.year == value.year else f"{short} {value.year}"


def month_name(month: Month, near: Month) -> str:
    """``March`` for one of the eleven months before or after ``near``, else ``March 2025``.

    >>> month_name(Month(2026, 3), Month(2026, 11)), month_name(Month(2025, 11), Month(2026, 11))
    ('March', 'November 2025')
    """
    return month.title.split()[0] if abs(month - near) < 12 else month.title


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 account``, ``1,310 accounts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def upper_first(value: str) -> str:
    """The same, begun with a capital."""
    return value[:1].upper() + value[1:]


def sentence(value: str) -> str:
    """The same, ended with a full stop unless it has an end."""
    return value if value.endswith((".", "?", "!", "…")) else f"{value}."


def joined(parts: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
