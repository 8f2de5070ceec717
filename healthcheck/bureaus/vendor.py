"""What adapters share: reading a vendor's JSON into the normal form without losing a paid report to one bad field; prices, links, tokens.

Keys are matched whatever their case: vendors' schemas and answers spell them differently.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any, Final

from pydantic import SecretStr

from healthcheck.bureaus import reading
from healthcheck.bureaus.answers import AuthFailed, NotFound, Rejected
from healthcheck.bureaus.base import FAILED, OK, Report, Subject
from healthcheck.bureaus.login import Token
from healthcheck.errors import UsageError

Part = Callable[[], Mapping[str, Any]]
_TROUBLE: Final = (
    ("liquidat", "liquidation"), ("administration", "administration"), ("receiver", "receivership"), ("bankrupt", "bankruptcy"),
    ("insolven", "insolvency"), ("winding", "winding_up"), ("strike", "strike_off"), ("dissol", "dissolved"),
)  # fmt: skip


def dig(body: Any, path: str) -> Any:
    """What stands at ``path`` (keys with dots between); None where there is nothing."""
    for key in path.split("."):
        if not isinstance(body, Mapping):
            return None
        body = next((value for name, value in body.items() if str(name).lower() == key.lower()), None)
    return body


def rows(body: Any, path: str) -> list[Mapping[str, Any]]:
    """The objects in the list at ``path``."""
    found = dig(body, path)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []


def listed(values: Iterable[Any]) -> list[str]:
    """The texts among the values, without blanks and doubles."""
    return list(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def joined(answers: Mapping[str, bytes]) -> bytes:
    """One JSON object of a vendor's several answers, each as it came, by name."""
    return b"{" + b", ".join(f'"{name}": '.encode() + raw for name, raw in answers.items()) + b"}"


def trouble_in(text: Any) -> str | None:
    """The kind of trouble that a status in words tells of; None where it tells of none."""
    said = str(text or "").lower()
    return next((ours for word, ours in _TROUBLE if word in said), None)


def says(value: Any) -> bool:
    """Whether there is a value anywhere in it; empty lists and objects, however deep, say nothing."""
    if isinstance(value, Mapping | list):
        return any(says(part) for part in (value.values() if isinstance(value, Mapping) else value))
    return not reading.is_nothing(value)


def likeness(name: str, other: str) -> float:
    """How like two names are, 0..1, whatever their case."""
    return SequenceMatcher(None, name.casefold(), other.casefold()).ratio()


def confidence(like: float, exact: bool) -> float:
    """Of a candidate: found by a number, certain up to a mistyped number; found by name, as like as the names are."""
    return round(0.8 + 0.2 * like if exact else 0.9 * like, 2)


def price(bureau: str, set_to: Decimal | None) -> Decimal:
    """What a report of a paid bureau costs. Raises UsageError where nobody said: it is never taken for a free one."""
    if set_to is None:
        setting = f"HEALTHCHECK_{bureau.upper()}_COST_PER_PULL"
        raise UsageError(f"{bureau}: price not set; set {setting} (0 in the sandbox)")
    return set_to


def linked(bureau: str, subject: Subject, column: str) -> str:
    """The bureau's id of the account. Raises NotFound where no person has linked one."""
    found = subject.ids.get(column)
    if found:
        return found
    raise NotFound(f"{bureau}: {subject.account} is not linked; see: healthcheck bureaus find {subject.account}")


def nine_digits(bureau: str, subject: Subject, column: str) -> str:
    """An id of nine digits, which people write with hyphens and spreadsheets without the noughts in front.

    Raises NotFound where there is none, Rejected where it is no such number.
    """
    digits = re.sub(r"[\s-]", "", linked(bureau, subject, column))
    if digits.isascii() and digits.isdigit() and len(digits) <= 9 and int(digits):
        return digits.zfill(9)
    raise Rejected(
        f"{bureau}: the {column} of {subject.account} is not a number of nine digits; link the account again"
    )


def token_in(bureau: str, body: Mapping[str, Any], seconds: float, name: str = "access_token") -> Token:
    """The token of a log-in's answer, good for nine tenths of what it says it is; ``seconds`` where it does not say."""
    token = dig(body, name)
    if not isinstance(token, str) or not token:
        raise AuthFailed(f"{bureau}: the log-in was answered without a token")
    told = dig(body, "expires_in") or dig(body, "expiresIn")
    said = float(told) if isinstance(told, int | Decimal) or (isinstance(told, str) and told.isdigit()) else 0.0
    return Token(SecretStr(token), 0.9 * said if said > 0 else seconds)


def assemble(base: Mapping[str, Any], parts: Mapping[str, Part], states: Mapping[str, str]) -> Report:
    """A report from what each section says (section to a function that gives fields of the body) and what is known of the sections.

    A section that is not ``ok`` brings nothing; one that cannot be read is ``failed``, and the others stay.
    """
    body, known = dict(base), dict(states)
    for name, part in parts.items():
        if known.get(name, OK) != OK:
            continue
        try:
            given = part()
            Report.from_body({**base, **given})
            body |= given
        except UsageError:
            known[name] = FAILED
    return Report.from_body({**body, "sections": known})
