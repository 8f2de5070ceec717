"""Which of a file's columns is which of ours."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from healthcheck.errors import UsageError
from healthcheck.intake.kinds import ALIASES, Kind


def parse_maps(kind: Kind, maps: Sequence[str]) -> dict[str, str]:
    """``["Customer=account"]`` as ``{"account": "Customer"}``; raises UsageError for a column that we do not have."""
    found: dict[str, str] = {}
    for text in maps:
        theirs, equals, ours = (part.strip() for part in text.rpartition("="))
        if not (equals and theirs and ours):
            raise UsageError(f'--map {text!r}: write it as THEIRS=OURS, e.g. --map "Customer no.=account"')
        if ours.lower() not in kind.columns:
            raise UsageError(f"--map {text!r}: {kind.name} have no column {ours}; there are: {', '.join(kind.columns)}")
        if ours.lower() in found:
            raise UsageError(f"--map {text!r}: {ours} is mapped twice")
        found[ours.lower()] = theirs
    return found


def assign(name: str, headings: Sequence[str], kind: Kind, maps: Mapping[str, str]) -> dict[str, int]:
    """The position of each of our columns that the file ``name`` has. A map goes before a heading that is ours already.

    Raises UsageError for a mapped heading that the file does not have, and for obligatory columns that are missing.
    """
    positions = {ours: _position(name, headings, ours, theirs) for ours, theirs in maps.items()}
    taken = set(positions.values())
    for at, heading in enumerate(headings):
        ours = _folded(heading)
        if at in taken or ours not in kind.columns or ours in maps:
            continue
        if ours in positions:
            raise UsageError(f"{name}: two columns are headed {heading}; rename one")
        positions[ours] = at
    missing = [ours for ours in kind.obligatory if ours not in positions]
    if missing:
        raise UsageError(_missing(name, headings, missing, set(positions.values())))
    return positions


def _position(name: str, headings: Sequence[str], ours: str, theirs: str) -> int:
    wanted = " ".join(theirs.split()).casefold()
    places = [at for at, heading in enumerate(headings) if heading.casefold() == wanted]
    if len(places) > 1:
        raise UsageError(f"--map {theirs}={ours}: {name} has two columns headed {theirs}; rename one")
    if not places:
        raise UsageError(f"--map {theirs}={ours}: {name} has no column {theirs}; it has: {_listed(headings)}")
    return places[0]


def _folded(heading: str) -> str:
    return heading.casefold().replace(" ", "_").replace("-", "_")


def _listed(headings: Sequence[str]) -> str:
    return ", ".join(heading for heading in headings if heading)


def _missing(name: str, headings: Sequence[str], missing: Sequence[str], taken: set[int]) -> str:
    free = [heading for at, heading in enumerate(headings) if heading and at not in taken]
    maps = []
    for ours in missing:
        guess = _guess(ours, free)
        free = [heading for heading in free if heading != guess]
        maps.append(f'--map "{guess}={ours}"')
    return f"{name}: no column for {', '.join(missing)}; it has: {_listed(headings)}. Say which is which, e.g. {' '.join(maps)}"


def _guess(ours: str, free: Sequence[str]) -> str:
    words = [ours, *ALIASES.get(ours, "").split()]
    folded = {_folded(heading): heading for heading in free}
    for word in words:
        if word in folded:
            return folded[word]
    close = (difflib.get_close_matches(word, folded, 1, 0.6) for word in words)
    return next((folded[found[0]] for found in close if found), "THEIR COLUMN")
