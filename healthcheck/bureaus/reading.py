"""Values as bureaus write them, read without believing them: what is no value is None, never 0.

None, ``{}``, ``[]``, empty text, "NA" and its kind, text without a digit where a number belongs ("no limit advised"), and the codes 998
and 999 (bankruptcy, too little data) are no values. What looks like a value and cannot be read raises UsageError naming the field.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from healthcheck.errors import UsageError

NOTHING: Final = frozenset(
    {"", "na", "n/a", "n.a.", "none", "null", "nil", "nan", "unknown", "-", "--", "x", "not available"}
)
CODES: Final = frozenset({Decimal(998), Decimal(999)})
LARGEST: Final = Decimal(10) ** 15
_YES: Final = frozenset({"true", "yes", "y", "1", "t"})
_NO: Final = frozenset({"false", "no", "n", "0", "f"})


def is_nothing(value: Any) -> bool:
    """Whether it stands for "no value"."""
    if value is None or value == {} or value == [] or value == ():
        return True
    return isinstance(value, str) and value.strip().lower() in NOTHING


def number(value: Any, field: str) -> Decimal | None:
    """A finite number written with a decimal point; None where there is none."""
    if is_nothing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise UsageError(f"{field}: {value!r} is not a number")
    written = str(value).strip()
    if not any(character.isdigit() for character in written):
        return None
    try:
        read = Decimal(written)
    except InvalidOperation:
        raise UsageError(f"{field}: {value!r} is not a number; write it as 240000.00 or leave it out") from None
    if not read.is_finite() or read in CODES:
        return None
    if abs(read) >= LARGEST:
        raise UsageError(f"{field}: {value!r} is too large")
    return read


def within(value: Decimal | None, low: Decimal | None, high: Decimal | None) -> Decimal | None:
    """The value, unless it lies outside its own scale: then it is a code of which we know nothing."""
    if value is None or (low is not None and value < low) or (high is not None and value > high):
        return None
    return value


def truth(value: Any, field: str) -> bool | None:
    """True, False, or None for not known."""
    if is_nothing(value):
        return None
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES | _NO:
        return word in _YES
    raise UsageError(f"{field}: {value!r} is neither true nor false; leave it out if it is not known")


def day(value: Any, field: str) -> date | None:
    """An ISO date; a time after it is cut off."""
    if is_nothing(value):
        return None
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise UsageError(f"{field}: {value!r} is not a date; write it as YYYY-MM-DD") from None


def text(value: Any, field: str) -> str | None:
    """Text or a plain number as text."""
    if is_nothing(value):
        return None
    if isinstance(value, bool | dict | list):
        raise UsageError(f"{field}: {value!r} is not a text")
    return str(value).strip()


def currency(value: Any, field: str) -> str | None:
    """A currency code in capitals."""
    code = text(value, field)
    if code is not None and not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise UsageError(f"{field}: {value!r} is not a currency; write it as EUR")
    return code.upper() if code else None


def texts(value: Any, field: str) -> tuple[str, ...]:
    """A list of texts, or one text with ``|`` between them."""
    if is_nothing(value):
        return ()
    parts = value.split("|") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise UsageError(f"{field}: {value!r} is not a list")
    return tuple(part for part in (text(part, field) for part in parts) if part is not None)


def table(value: Any, field: str) -> dict[str, Any]:
    """An object; ``{}`` where there is none."""
    if is_nothing(value):
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{field}: expected an object with named fields, found {value!r}")
    return value
