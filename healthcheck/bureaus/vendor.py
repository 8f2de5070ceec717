"""Reading a vendor's JSON into the normal form without losing a paid report to one bad field.

Keys are matched whatever their case: vendors' schemas and answers spell them differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any

from healthcheck.bureaus import reading
from healthcheck.bureaus.base import FAILED, OK, Report
from healthcheck.errors import UsageError

Part = Callable[[], Mapping[str, Any]]


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
