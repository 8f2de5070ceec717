"""docs/benchmarks.md from what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from functools import partial
from textwrap import fill

import books
import numpy as np
import polars as pl
from methods_base import Method, Power, Results, Speed

RANK, DRIFT, WHOLE, BUY = (
    "Healthcheck: rank test",
    "Healthcheck: drift",
    "Healthcheck: payments",
    "Healthcheck: purchases",
)
BARS = (  # check, ours, peer, times as long as ours
    ("payments", RANK, "log-rank (lifelines)", 1000),
    ("payments", DRIFT, "log-rank (lifelines)", 1000),
    ("payments", WHOLE, "log-rank (lifelines)", None),
    ("payments", DRIFT, "log-rank (scipy)", None),
    ("payments", DRIFT, "PELT (ruptures)", 50),
    ("payments", WHOLE, "PELT (ruptures)", 50),
    ("payments", DRIFT, "KernelCPD (ruptures)", None),
    ("payments", DRIFT, "ADWIN (river)", None),
    ("payments", DRIFT, "average days (pandas)", None),
    ("purchases", BUY, "AutoETS (statsforecast)", 100),
    ("purchases", BUY, "year on year (pandas)", None),
)
TEXT = """# Benchmarks of the two ledger checks

Written by `python benchmarks/methods.py{quick}`. What you read here is of one run: every method saw the same simulated books, on one
thread, in turn; times are medians of {rounds} rounds, ratios medians of the ratios within a round.
Ours were timed on {timed:,} accounts, the loops on samples of them. {machine}

![Power against cost, six panels](benchmarks.svg)

## Do we reach our own bars?

| ours | peer | limit: times as fast | measured, median | lowest round |
|---|---|---|---|---|
{bars}

The peers get their samples as arrays, ready made, and judge them one account at a time, as a user would loop. The *rank test* gets its
sample ready made too: it is what the log-rank loops compute, with weights and a margin added. *Drift* and the whole checks start from the
ledger's columns and end with outcome, evidence and (whole checks) a sentence for each account.

## Payments

Caught at 1 % false alarms: the level of each method is the one that exactly 1 % of healthy customers pass (ties count in part);
accounts that a method cannot judge count as not caught. *As usually set*: the share of healthy customers that it alarms untuned.

{payments}

{payments_words}

## Purchases

{purchases}

{purchases_words}

## How each was treated, and what it is not made for

| method | version | treatment | limit |
|---|---|---|---|
{treatment}

## The books

`benchmarks/books.py` makes them; the same seed gives the same book.

{books}

{sizes} One standard error of a share is at most half of one over the root of the changed customers judged:
1 point where 2,000 were, 2.5 where 400.
The level adds to it for the slow methods, whose 1 % is that of fewer healthy customers.
The books are ours and so is the description they follow; ours is calibrated on another healthy book of the same kind.
"""


def page(found: Mapping[str, Results], quick: bool) -> tuple[str, int]:
    """The page, and how many bars were missed."""
    lines, missed = _bars(found)
    text = TEXT.format(
        quick=" --quick" if quick else "",
        rounds=found["payments"].rounds,
        timed=found["payments"].timed,
        machine=_machine(),
        bars="\n".join(lines),
        payments=_table(found["payments"]),
        purchases=_table(found["purchases"]),
        payments_words=_payments_words(found["payments"]),
        purchases_words=_purchases_words(found["purchases"]),
        treatment="\n".join(_treatment(m) for one in found.values() for m in one.methods),
        books=_books(),
        sizes=_sizes(found),
    )
    return _wrapped(text), missed


def _wrapped(text: str) -> str:
    """Paragraphs filled to one width; tables, headings and the picture as they are."""
    parts = [
        part if part[0] in "#|!" else fill(part, 120, break_long_words=False) for part in text.strip().split("\n\n")
    ]
    return "\n\n".join(parts) + "\n"


def _machine() -> str:
    return (
        f"Python {platform.python_version()}, numpy {np.__version__}, polars {pl.__version__}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores shared with other work: trust the ratios, not the microseconds."
    )


def _bars(found: Mapping[str, Results]) -> tuple[list[str], int]:
    lines, missed = [], 0
    for check, ours, peer, bar in BARS:
        speed = found[check].speeds[peer]
        ratio, lowest = speed.ratios[ours], speed.lowest[ours]
        missed += bar is not None and ratio < bar
        said = "none" if bar is None else f"{bar:,} x {'reached' if ratio >= bar else '**missed**'}"
        lines.append(f"| {_plain(ours)} | {peer} | {said} | {_times(ratio)} x | {_times(lowest)} x |")
    return lines, missed


def _plain(name: str) -> str:
    return name.removeprefix("Healthcheck: ")


def _table(found: Results) -> str:
    ours = [m.name for m in found.methods if m.package is None]
    changes = next(iter(found.powers.values())).caught
    heads = [
        "method",
        *changes,
        "healthy alarmed as usually set",
        "µs an account",
        *(f"time / {_plain(n)}" for n in ours),
    ]
    rows = [_row(m, found.speeds[m.name], found.power(m.name), list(changes), ours) for m in found.methods]
    return "\n".join([_line(heads), _line(["---"] * len(heads)), *rows])


def _row(method: Method, speed: Speed, power: Power | None, changes: list[str], ours: list[str]) -> str:
    name = f"**{_plain(method.name)}**" if method.package is None else method.name
    caught = [f"{power.caught[c]:.0%}".replace("%", " %") if power else "" for c in changes]
    usual = "" if power is None or power.usual is None else f"{power.usual * 100:.1f} % ({method.usual})"
    usual = usual or "–"
    ratios = [_times(speed.ratios[n]) for n in ours]
    return _line([name, *caught, usual, _times(speed.micros), *ratios])


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _treatment(m: Method) -> str:
    return f"| {m.name} | {m.peer} | {m.treatment} | {m.limit} |"


def _caught(found: Results, name: str, change: str) -> str:
    return f"{found.powers[name].caught[change] * 100:.0f} %"


def _payments_words(found: Results) -> str:
    script, kernel, adwin = (
        found.speeds[n] for n in ("average days (pandas)", "KernelCPD (ruptures)", "ADWIN (river)")
    )
    caught, notes = partial(_caught, found), found.notes
    return f"""The average of paid invoices takes {_times(script.ratios[DRIFT])} of drift's time and is good at +20 days
({caught("average days (pandas)", "+20 days")}), but sees {caught("average days (pandas)", "stopped")} of those who stop.
KernelCPD, the same search as PELT in C, takes {_times(kernel.ratios[DRIFT])} times as long as drift, and ADWIN, one pass in compiled code,
{_times(adwin.ratios[DRIFT])}: what they lack is power at +20 and +10 days.

Of those who stopped, drift by itself catches {caught(DRIFT, "stopped")}, our rank test {caught(RANK, "stopped")}, log-rank
{caught("log-rank (scipy)", "stopped")}, ADWIN {caught("ADWIN (river)", "stopped")}:
drift leaves customers who were late already half a year ago to *level*. The score of the whole check looks at level too: it puts
{caught(WHOLE, "stopped")} of the stopped above its 1 % and says little of a mere shift, because it orders by serious lateness to come. And
it flags more healthy customers than drift, since *level* and *out of character* flag a set share of a book: those most at risk.

Checked in this run on 200 customers: the log-rank statistics of lifelines and scipy differ by {notes["log-rank"]:.0e} at most; PELT and
KernelCPD end in the same change for {notes["PELT"] * 100:.0f} % of customers at the penalty timed. Each pair is given one power."""


def _purchases_words(found: Results) -> str:
    caught = partial(_caught, found)
    usual = (found.powers["year on year (pandas)"].usual or 0) * 100
    return f"""A stop of one month is caught in {caught(BUY, "stopped 1 month")}: monthly totals cannot show it (AutoETS
{caught("AutoETS (statsforecast)", "stopped 1 month")}). The script is many times as fast as we are,
and as usually set it alarms {usual:.0f} % of healthy customers."""


def _books() -> str:
    return "\n\n".join((books.__doc__ or "").replace("``", "`").strip().split("\n\n")[1:])


def _sizes(found: Mapping[str, Results]) -> str:
    pairs = sorted({(p.healthy, p.changed) for one in found.values() for p in one.powers.values()}, reverse=True)
    said = "; ".join(f"{h:,} healthy and {c:,} of each change" for h, c in pairs)
    return f"Customers judged, by how slow a method is: {said}."
