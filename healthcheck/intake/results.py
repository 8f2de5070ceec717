"""What became of a file's rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Note:
    """One remark on one cell: ``line`` is the physical line its row begins on, ``column`` the file's own heading."""

    file: str
    line: int | None
    column: str | None
    reason: str


@dataclass
class Result:
    """Counts of one file or of many; ``read`` is always the sum of added, updated, unchanged and rejected."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejects: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    removed: int = 0
    settled_by_snapshot: int = 0
    accounts_added: int = 0
    earliest: date | None = None

    @property
    def rejected(self) -> int:
        return len(self.rejects)

    @property
    def read(self) -> int:
        return self.added + self.updated + self.unchanged + self.rejected

    def touch(self, day: date | None) -> None:
        """Remember that a fact of ``day`` changed."""
        if day is not None and (self.earliest is None or day < self.earliest):
            self.earliest = day

    def include(self, other: Result) -> None:
        """Add the counts and remarks of ``other``."""
        for name in ("added", "updated", "unchanged", "removed", "settled_by_snapshot", "accounts_added"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rejects += other.rejects
        self.warnings += other.warnings
        self.touch(other.earliest)

    def to_json(self) -> dict[str, Any]:
        """The object that ``import --json`` prints; the keys up to ``rejects`` are a contract."""
        counts = ("read", "added", "updated", "unchanged", "rejected")
        more = ("removed", "settled_by_snapshot", "accounts_added")
        return {
            **{name: getattr(self, name) for name in counts},
            "rejects": [asdict(note) for note in self.rejects],
            "warnings": [asdict(note) for note in self.warnings],
            **{name: getattr(self, name) for name in more},
        }
