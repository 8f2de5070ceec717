"""Templates: where they are, and how they are filled in.

HTML is escaped; a missing variable is an error. In mails and letters, every value that comes from outside is made harmless first
(see ``healthcheck.reports.text.harmless``), so that no company name becomes a link or a second line.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from healthcheck import money
from healthcheck.errors import Fatal
from healthcheck.reports import text

_MAILS = ("emails/", "letters/")
_PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """The templates: inside the package when installed from a wheel, beside it in a checkout. Raises Fatal if there are none."""
    for place in (_PACKAGE / "_templates", _PACKAGE.parent / "templates"):
        if place.is_dir():
            return place
    raise Fatal("the templates are missing from this installation; install customer-healthcheck again")


def render(name: str, **context: object) -> str:
    """Fill in the template ``name`` (``emails/credit-body.html``). ``.html`` is escaped, anything else is plain text."""
    return _environment(name.startswith(_MAILS), name.endswith(".html")).get_template(name).render(context)


@cache
def _environment(mail: bool, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder()),
        autoescape=html,  # noqa: S701 - plain text is not escaped, HTML always is
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=text.harmless if mail else None,
    )
    environment.filters.update(_FILTERS)
    return environment


def _bare(minor: int, currency: str) -> str:
    return money.shown(minor, currency).removeprefix(f"{currency} ")


def _percent(part: int, whole: int | None) -> int:
    """A whole percentage from 0 to 100 for the length of a bar."""
    return max(0, min(100, round(100 * part / whole))) if whole else 0


_FILTERS: dict[str, Any] = {
    "money": money.shown,
    "exact": money.exact,
    "bare": _bare,
    "percent": _percent,
    "day": text.day,
    "capfirst": text.upper_first,
    "count": text.count,
    "joined": text.joined,
    "wrapped": text.wrapped,
}
