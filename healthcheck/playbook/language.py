"""What people read, in their language: sentences from a table of phrases, and money, dates and counts as they are written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from string import Formatter
from typing import Final

from healthcheck import money
from healthcheck.errors import UsageError

LANGUAGES: Final = ("en", "de")
_NAMES: Final = {"english": "en", "englisch": "en", "german": "de", "deutsch": "de"}


@dataclass(frozen=True)
class Language:
    """One language. ``phrases``: key -> sentence with ``{names}``; ``one|many`` is chosen by ``n``."""

    code: str
    phrases: Mapping[str, str]
    months: Sequence[str]
    day_form: str  # of {day}, {month}, {number}, {year}
    short_form: str  # the same, for tables
    money_form: str  # of {amount}, {currency}
    point: str
    comma: str  # between thousands

    def say(self, key: str, **values: object) -> str:
        """The phrase ``key`` filled in. Numbers are grouped, dates written out."""
        phrase = self.phrases[key]
        if "|" in phrase:
            one, many = phrase.split("|")
            phrase = one if values["n"] == 1 else many
        return phrase.format(**{name: self.written(value) for name, value in values.items()})

    def written(self, value: object) -> object:
        """A number or a date as text; anything else as it is."""
        if isinstance(value, date):
            return self.day(value)
        return self.number(value) if isinstance(value, int) else value

    def number(self, value: int) -> str:
        return f"{value:,}".replace(",", self.comma)

    def day(self, value: date) -> str:
        """``26 November 2026``, ``26. November 2026``."""
        return self._day(self.day_form, value)

    def short(self, value: date) -> str:
        """``26 Nov 2026``, ``26.11.2026``."""
        return self._day(self.short_form, value)

    def money(self, minor: int, currency: str) -> str:
        """For people who decide: ``EUR 12,346``, ``12.346 EUR``; with decimals below 100."""
        return self._amount(money.shown(minor, currency).removeprefix(f"{currency} "), currency)

    def exact(self, minor: int, currency: str) -> str:
        """For letters: to the last cent."""
        return self._amount(f"{money.to_decimal(minor, currency):,}", currency)

    def joined(self, parts: Sequence[str]) -> str:
        """``a, b and c``."""
        return f" {self.phrases['and']} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))

    def _day(self, form: str, value: date) -> str:
        return form.format(day=value.day, month=self.months[value.month - 1], number=value.month, year=value.year)

    def _amount(self, english: str, currency: str) -> str:
        swapped = english.translate(str.maketrans(",.", self.comma + self.point))
        return self.money_form.format(amount=swapped, currency=currency)


@cache
def language(code: str) -> Language:
    """The language called ``code`` (``en``, ``de``, or its name). Raises UsageError for one that we do not have."""
    word = code.strip().lower()
    found = _NAMES.get(word, word.replace("_", "-").partition("-")[0])
    if found not in LANGUAGES:
        raise UsageError(f"{code!r} is none of the languages {', '.join(LANGUAGES)}")
    module = import_module(f"healthcheck.playbook.phrases.{found}")
    return Language(
        found, module.PHRASES, module.MONTHS, module.DAY, module.SHORT, module.MONEY, module.POINT, module.COMMA
    )


def holes(phrase: str) -> set[str]:
    """The names that a phrase wants filled in."""
    return {name for _, name, _, _ in Formatter().parse(phrase) if name}
