"""Import and screen of a whole book, as ratios to reading the same CSV with polars.

python benchmarks/book.py INVOICES.csv --as-of 2022-06-30
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def healthcheck(folder: str, *words: str) -> Callable[[], object]:
    env = {**os.environ, "HEALTHCHECK_DATABASE_URL": f"sqlite:///{folder}/bench.db"}
    command = [sys.executable, "-m", "healthcheck", *words]
    return lambda: subprocess.run(
        command, env=env, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def read_with_polars(file: Path) -> Callable[[], object]:
    """A process of its own too, so that both pay for starting Python and importing polars."""
    code = f"import polars; polars.read_csv({str(file)!r}, infer_schema=False)"
    return lambda: subprocess.run([sys.executable, "-c", code], check=True)


def once(file: Path, as_of: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        healthcheck(folder, "init")()
        return {
            "read with polars": seconds(read_with_polars(file)),
            "import": seconds(healthcheck(folder, "import", "invoices", str(file))),
            "import again, unchanged": seconds(healthcheck(folder, "import", "invoices", str(file))),
            "screen, first of the month": seconds(healthcheck(folder, "screen", "--as-of", as_of, "--json")),
            "screen": seconds(healthcheck(folder, "screen", "--as-of", as_of, "--json")),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--as-of", required=True)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    runs = [once(chosen.file.resolve(), chosen.as_of) for _ in range(chosen.runs)]
    print(f"{'median of ' + str(chosen.runs):28} seconds   ratio to polars.read_csv")
    for name in runs[0]:
        ratio = statistics.median(run[name] / run["read with polars"] for run in runs)
        print(f"{name:28} {statistics.median(run[name] for run in runs):7.2f} {ratio:9.1f}")


if __name__ == "__main__":
    main()
