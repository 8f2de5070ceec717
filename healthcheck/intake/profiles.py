"""Profiles: how the exports of well-known systems are read. One entry here, or an entry point of the group ``healthcheck.profiles``."""

from __future__ import annotations

from dataclasses import dataclass, field

from healthcheck.errors import UsageError


@dataclass(frozen=True)
class Profile:
    """What ``--map``, ``--date-format`` and ``--decimal`` would say for the exports of one system; the options given win."""

    name: str
    kind: str
    maps: dict[str, str] = field(default_factory=dict)
    date_format: str | None = None
    decimal: str | None = None


PROFILES: dict[str, Profile] = {}


def find(name: str, kind: str) -> Profile:
    """The profile ``name`` for files of ``kind``; raises UsageError listing those that exist."""
    there = {profile.name for profile in _all().values() if profile.kind == kind}
    if name not in there:
        listed = ", ".join(sorted(there)) or "none yet"
        raise UsageError(f"--profile {name}: there is no such profile for {kind}; there are: {listed}; or use --map")
    return _all()[name]


def _all() -> dict[str, Profile]:
    from importlib.metadata import entry_points

    return PROFILES | {point.name: point.load() for point in entry_points(group="healthcheck.profiles")}
