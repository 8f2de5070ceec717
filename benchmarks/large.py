"""Screen of large books, as ratios to reading the invoice table whole with polars over ADBC; and the check of one account, cold.

python benchmarks/large.py --peer PYTHON      PYTHON: an interpreter that has benchmarks/requirements.txt

The book is simulated and resampled, the same on every machine. Each measurement is a process of its own. Peak memory is that of the
largest of its processes: a large book is screened by as many as there are processors, 4 at most, and one that prints.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

AS_OF, BEGIN = "2026-06-15", np.datetime64("2024-01-01")
DAYS = 896  # from BEGIN to AS_OF
PATTERNS = 2000  # accounts simulated; the others repeat them
PEER = """
import sys, polars as pl, adbc_driver_sqlite.dbapi as dbapi
with dbapi.connect(sys.argv[1]) as opened:
    assert pl.read_database('SELECT * FROM invoice', opened).height > 0
"""
LIBRARIES = "import sqlmodel, polars"
ROOMS = [str(Path(__file__).parents[1] / room) for room in ("healthcheck", "jobs")]


def pattern(random: np.random.Generator, gap: float) -> tuple[np.ndarray, ...]:
    """One account: days of issue, days late when paid (negative: early), amounts in cents. About DAYS / gap invoices."""
    pace = random.gamma(2.0, gap / 2, int(4 * DAYS / gap) + 20)
    issued = np.cumsum(np.maximum(pace, 0.6)).astype(int)
    issued = issued[issued <= DAYS]
    late = random.normal(2, 4) + random.gamma(1.2, random.lognormal(1.2, 0.5), len(issued))
    late += np.where(random.random(len(issued)) < 0.02, random.uniform(20, 70, len(issued)), 0)
    onset = random.uniform(60, 180)
    drifts = random.random() < 0.03
    late += np.where(drifts & (issued > DAYS - onset), random.choice([10.0, 20.0, 400.0]), 0)
    amounts = 100 * np.exp(random.normal(7, 1) + random.normal(0, 0.5, len(issued)))
    return issued, np.rint(late).astype(int), np.rint(amounts).astype(int)


def rows(accounts: int, gap: float, seed: int = 7) -> list[np.ndarray]:
    """account id, day of issue, day paid (after DAYS: open), amount of every invoice, in order of issue."""
    random = np.random.default_rng(seed)
    patterns = [pattern(random, gap) for _ in range(min(PATTERNS, accounts))]
    parts = []
    for account, which in enumerate(random.integers(0, len(patterns), accounts), 1):
        issued, late, amounts = patterns[which]
        scale = random.lognormal(0, 0.8)
        parts.append((np.full(len(issued), account), issued, issued + 30 + late, (amounts * scale).astype(int) + 1))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[1], kind="stable")
    return [column[order] for column in columns]


def fill(file: Path, accounts: int, invoices: int) -> int:
    """Write the book straight into an empty database; the number of invoices."""
    who, issued, paid, amounts = rows(accounts, gap=0.96 * DAYS * accounts / invoices)
    days = [str(BEGIN + day) for day in range(DAYS + 500)]
    known = (
        (w, f"INV{n:08d}", days[i], days[i + 30], a, days[p] if p <= DAYS else None)
        for n, (w, i, p, a) in enumerate(
            zip(who.tolist(), issued.tolist(), np.maximum(paid, issued).tolist(), amounts.tolist(), strict=True)
        )
    )
    with sqlite3.connect(file) as opened:
        opened.executemany(
            "INSERT INTO account (id, entity, account, name, country, currency, terms_days) VALUES (?, '', ?, ?, 'DE', 'EUR', 30)",
            ((k, f"C{k:06d}", f"Customer {k}") for k in range(1, accounts + 1)),
        )
        opened.executemany(
            "INSERT INTO invoice (account_id, kind, number, issued, due, amount, currency, paid, disputed, estimated)"
            " VALUES (?, 'invoice', ?, ?, ?, ?, 'EUR', ?, 0, 0)",
            known,
        )
    opened.close()
    return len(who)


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds and peak memory in GB of a process."""
    env = {**os.environ, "HEALTHCHECK_DATABASE_URL": f"sqlite:///{folder}/bench.db"}
    begin = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode}")
    return time.perf_counter() - begin, used.ru_maxrss / 1024**2


def healthcheck(*words: str) -> list[str]:
    return [sys.executable, "-m", "healthcheck", *words]


def book(folder: Path, accounts: int, invoices: int) -> None:
    measured(healthcheck("init"), folder)
    count = fill(folder / "bench.db", accounts, invoices)
    seconds, memory = measured(healthcheck("screen", "--as-of", AS_OF, "--json"), folder)
    print(
        f"{accounts:,} accounts, {count:,} invoices: first screen, with calibration {seconds:.1f} s, {memory:.2f} GB",
        flush=True,
    )


def compare(folder: Path, peer: str, runs: int) -> dict[str, float]:
    """Medians: seconds of the screen and of the peer, their ratio (of pairs in turn), peak memory of the screen."""
    pairs = []
    for _ in range(runs):
        theirs, _ = measured([peer, "-c", PEER, str(folder / "bench.db")], folder)
        ours, memory = measured(healthcheck("screen", "--as-of", AS_OF, "--json"), folder)
        pairs.append((ours, theirs, ours / theirs, memory))
    return dict(
        zip(("screen", "peer", "ratio", "memory"), map(statistics.median, zip(*pairs, strict=True)), strict=True)
    )


def cold(folder: Path, runs: int) -> float:
    """``healthcheck check`` against the import of the libraries, both compiled as pip does it: the median ratio of pairs in turn."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", *ROOMS], check=True)
    ours = healthcheck("check", "C000017", "--as-of", AS_OF, "--json")
    theirs = [sys.executable, "-c", LIBRARIES]
    return statistics.median(measured(ours, folder)[0] / measured(theirs, folder)[0] for _ in range(runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default=sys.executable, help="an interpreter with polars and adbc-driver-sqlite")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="folder to keep the books in, and to find them again")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the books; 1 is what the limits are for")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = {}
        for accounts, invoices in ((4_000, 400_000), (40_000, 4_000_000), (100_000, 4_000_000)):
            folder = (chosen.keep or Path(temporary)) / f"{accounts}"
            if not (folder / "bench.db").exists():
                folder.mkdir(parents=True, exist_ok=True)
                book(folder, int(accounts * chosen.scale), int(invoices * chosen.scale))
            found[accounts] = compare(folder, chosen.peer, chosen.runs)
            print(
                f"{accounts:,} accounts: {json.dumps({k: round(v, 2) for k, v in found[accounts].items()})}", flush=True
            )
        growth = found[40_000]["screen"] / found[4_000]["screen"]
        print(f"40,000 accounts against a tenth of it: {growth:.1f} times the time")
        print(f"check of one account, cold, against {LIBRARIES!r}: {cold(folder, 5 * chosen.runs):.2f}")


if __name__ == "__main__":
    main()
