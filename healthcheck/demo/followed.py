"""What the playbook says of the demo's late customers, and papers of the kinds that it writes: a brief, a letter, a file to hand over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from healthcheck.demo import late as stories
from healthcheck.demo.days import AS_OF
from healthcheck.playbook import brief, dossier, gather, letters, promises
from healthcheck.playbook.language import language
from healthcheck.playbook.late import Late, is_late, late
from healthcheck.playbook.policy import Policy, policy_from
from healthcheck.playbook.situation import Situation
from healthcheck.reports import briefing
from healthcheck.reports.dossier import index
from healthcheck.reports.letters import Addressee, compose, head
from healthcheck.settings import Settings

BRIEF, LETTER, FILE = "C247", "C245", "C248"  # whose papers are written


@dataclass(frozen=True)
class Followed:
    """All late accounts, the longest past due first; ``papers``: the files written."""

    late: tuple[Late, ...]
    papers: tuple[Path, ...]

    @property
    def told(self) -> list[tuple[Late, str]]:
        """Those that the book has a story of, with it."""
        titles = {story.account: story.title for story in stories.STORIES}
        return [(one, titles[number]) for one in self.late if (number := one.situation.customer.account) in titles]

    @property
    def in_time(self) -> list[stories.Story]:
        """Those of the stories who are not late after all."""
        late_now = {one.situation.customer.account for one in self.late}
        return [story for story in stories.STORIES if story.account not in late_now]


def follow(engine: Engine, settings: Settings, now: datetime, folder: Path) -> Followed:
    """Look at every late account; write the papers into ``folder``."""
    policy = policy_from(settings)
    found = {one.customer.account: one for one in gather.situations(engine, AS_OF, settings, now)}
    lines = sorted((late(one, policy) for one in found.values() if is_late(one)), key=lambda one: -one.step.days)
    folder.mkdir(exist_ok=True)
    return Followed(tuple(lines), tuple(_papers(found, policy, settings, folder)))


def _papers(found: dict[str, Situation], policy: Policy, settings: Settings, folder: Path) -> Iterator[Path]:
    yield _write(
        folder / f"{BRIEF}-brief.html", briefing.page(brief.brief(found[BRIEF], language("en"), policy)).encode()
    )
    yield _write(folder / f"{LETTER}-instalments.html", _letter(found[LETTER], policy, settings).encode())
    made = dossier.build(found[FILE], policy, promises={one.entry.id: one.state for one in promises.of(found[FILE])})
    yield _write(folder / f"{FILE}-file.zip", dossier.pack(made, index(made)))


def _letter(about: Situation, policy: Policy, settings: Settings) -> str:
    """The offer to pay in parts."""
    to = Addressee(about.customer.name, about.customer.account)
    draft = letters.draft(about, letters.INSTALMENTS, policy)
    return compose(draft, about.customer, to, language("en"), head(settings)).html


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
