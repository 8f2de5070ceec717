"""What a method of the benchmark is, how it is timed, and its power at 1 % false alarms."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from healthcheck.ledger.columns import Columns

Floats = NDArray[np.float64]
FALSE_ALARMS = 0.01
TWINS = {"log-rank (lifelines)": "log-rank (scipy)", "PELT (ruptures)": "KernelCPD (ruptures)"}
NEVER = -1e9  # the score of an account that a method cannot judge


@dataclass(frozen=True)
class Method:
    """``prepare`` turns a book into what the method wants to eat (not timed); ``run`` is timed; ``score`` has one number an account,
    higher worse. ``alarms``: the alarms of its usual setting, said in ``usual``. ``effort``: how many accounts it can be asked to judge.
    """

    name: str
    package: str | None  # None: ours
    treatment: str  # how it is fed and tuned
    limit: str  # what it is not made for
    prepare: Callable[[Columns], Any]
    run: Callable[[Any], Any]
    score: Callable[[Any], Floats] | None
    usual: str = ""
    alarms: Callable[[Any], Floats] | None = None
    effort: str = "light"  # light, medium, heavy
    sample: int | None = None  # accounts timed; None: the whole book

    @property
    def peer(self) -> str:
        """Package and version."""
        return f"{self.package} {version(self.package)}" if self.package else "this checkout"


@dataclass(frozen=True)
class Speed:
    """Medians over rounds: microseconds an account, and how many times as long as each of our measures."""

    micros: float
    ratios: dict[str, float]
    lowest: dict[str, float]


@dataclass(frozen=True)
class Power:
    """Shares caught by change, at 1 % false alarms; share of healthy accounts alarmed in the usual setting; accounts used."""

    caught: dict[str, float]
    usual: float | None
    healthy: int
    changed: int


def each(judge: Callable[[Any], float]) -> Callable[[Sequence[Any]], Floats]:
    """A loop over accounts."""
    return lambda inputs: np.array([judge(one) for one in inputs], dtype=np.float64)


def speeds(methods: Sequence[Method], book: Columns, rounds: int, say: Callable[[str], None]) -> dict[str, Speed]:
    """All methods once in each round, in turn; ratios within a round."""
    fed = {m.name: m.prepare(book if m.sample is None else first(book, m.sample)) for m in methods}
    sizes = {m.name: m.sample or book.accounts.height for m in methods}
    for m in methods:  # compilers, caches and imports are warm
        m.run(m.prepare(first(book, 3)))
    seen = []
    for turn in range(rounds):
        seen.append({m.name: seconds(m.run, fed[m.name]) / sizes[m.name] * 1e6 for m in methods})
        say(f"speed, round {turn + 1} of {rounds}")
    ours = [m.name for m in methods if m.package is None]
    return {m.name: _speed(m.name, ours, seen) for m in methods}


def _speed(name: str, ours: Iterable[str], seen: Sequence[dict[str, float]]) -> Speed:
    ratios = {mine: [turn[name] / turn[mine] for turn in seen] for mine in ours}
    return Speed(
        statistics.median(turn[name] for turn in seen),
        {mine: statistics.median(values) for mine, values in ratios.items()},
        {mine: min(values) for mine, values in ratios.items()},
    )


def seconds(work: Callable[[Any], Any], fed: Any) -> float:
    begin = time.perf_counter()
    work(fed)
    return time.perf_counter() - begin


def powers(
    methods: Sequence[Method],
    make: Callable[[int, int, Any], Columns],
    changes: dict[str, Any],
    sizes: dict[str, tuple[int, int]],
    say: Callable[[str], None],
) -> dict[str, Power]:
    """``make(accounts, seed, change)``; ``sizes`` by effort: healthy accounts, changed ones."""
    books: dict[tuple[int, Any], Columns] = {}

    def book(accounts: int, change: Any) -> Columns:
        if (accounts, change) not in books:
            books[accounts, change] = make(accounts, 10 if change is None else 11, change)
        return books[accounts, change]

    found = {}
    for m in methods:
        if m.score is None:
            continue
        healthy, changed = sizes[m.effort]
        fed = m.prepare(book(healthy, None))
        null = m.score(fed)
        caught = {name: share(null, m.score(m.prepare(book(changed, c)))) for name, c in changes.items()}
        usual = float(np.mean(m.alarms(fed))) if m.alarms else None
        found[m.name] = Power(caught, usual, healthy, changed)
        say(f"power of {m.name}: {', '.join(f'{name} {value:.0%}' for name, value in caught.items())}")
    return found


def share(healthy: Floats, changed: Floats) -> float:
    """Share of ``changed`` above the level that exactly 1 % of ``healthy`` pass; ties at the level count in part."""
    level = float(np.sort(healthy)[::-1][int(FALSE_ALARMS * len(healthy))])
    above, at = float(np.mean(healthy > level)), float(np.mean(healthy == level))
    part = (FALSE_ALARMS - above) / at if level > NEVER else 0.0
    return float(np.mean(changed > level) + part * np.mean(changed == level))


def first(book: Columns, accounts: int) -> Columns:
    """The first accounts of a book."""
    return book.only(book.accounts["key"].head(accounts))


@dataclass(frozen=True)
class Results:
    """All that was measured for one check; ``methods`` in the order they are shown, ours first."""

    methods: Sequence[Method]
    speeds: dict[str, Speed]
    powers: dict[str, Power]
    rounds: int
    timed: int  # accounts that ours was timed on
    notes: dict[str, float] = field(default_factory=dict)

    def power(self, name: str) -> Power | None:
        """Of a method, or of the one that has the same statistic or does the same search."""
        return self.powers.get(name) or self.powers.get(TWINS.get(name, ""))
