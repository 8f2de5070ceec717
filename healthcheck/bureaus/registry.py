"""The bureaus by name. Adding one is a module and a line here; outsiders use the entry point group ``healthcheck.bureaus``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from healthcheck.bureaus.base import Bureau
from healthcheck.errors import Fatal, UsageError
from healthcheck.settings import Settings

BUREAUS = {
    "file": "healthcheck.bureaus.file:FileBureau",
    "creditsafe": "healthcheck.bureaus.creditsafe:Creditsafe",
    "dnb": "healthcheck.bureaus.dnb:Dnb",
    "experian": "healthcheck.bureaus.experian:Experian",
    "companies_house": "healthcheck.bureaus.companies_house:CompaniesHouse",
    "sec_edgar": "healthcheck.bureaus.sec_edgar:SecEdgar",
    "coface": "healthcheck.bureaus.coface:Coface",
}
GROUP = "healthcheck.bureaus"


def known() -> dict[str, str]:
    """All adapters: name to ``module:class``; ours win over an outsider of the same name."""
    return _outsiders() | BUREAUS


@cache
def _outsiders() -> dict[str, str]:
    """Asked for every unit of work: looking through all installed packages takes some milliseconds."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def load(name: str, settings: Settings) -> Bureau:
    """The adapter called ``name``, ready to be asked. Raises UsageError listing the known ones; Fatal if it cannot be imported."""
    table = known()
    if name not in table:
        raise UsageError(f"HEALTHCHECK_BUREAUS: no bureau is called {name!r}; known are {', '.join(sorted(table))}")
    module, _, attribute = table[name].partition(":")
    try:
        return cast("Bureau", getattr(import_module(module), attribute)(settings))
    except (ImportError, AttributeError) as error:
        raise Fatal(f"the bureau {name} cannot be loaded from {table[name]}: {error}") from None


def link_of(name: str) -> str:
    """The account's column that the bureau of this name needs; empty where it needs none, or there is no such bureau."""
    module, _, attribute = known().get(name, "").partition(":")
    try:
        return str(getattr(getattr(import_module(module), attribute), "linked_by", ""))
    except (ImportError, AttributeError, ValueError):
        return ""


def configured(settings: Settings) -> list[Bureau]:
    """The bureaus of ``HEALTHCHECK_BUREAUS`` in order of preference."""
    return [load(name, settings) for name in settings.bureaus]
