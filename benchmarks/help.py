"""``healthcheck --help`` against ``python -c "import typer"``: pairs in turn, the median of their ratios; the limit is 1.5."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 21
LIMIT = 1.5


def seconds(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def main() -> None:
    ours, theirs = [sys.executable, "-m", "healthcheck", "--help"], [sys.executable, "-c", "import typer"]
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(RUNS + 1)][1:]
    ratio = statistics.median(a / b for a, b in pairs)
    mine, typer = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"--help {mine:.3f} s, import typer {typer:.3f} s, ratio {ratio:.2f}")
    sys.exit(ratio > LIMIT)


if __name__ == "__main__":
    main()
