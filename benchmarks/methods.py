"""Speed and power of our two ledger checks against what a user could take instead; writes docs/benchmarks.md and docs/benchmarks.svg.

    pip install -r benchmarks/requirements.txt      (beside the product, in an environment of its own)
    python benchmarks/methods.py [--quick]

All methods see the same simulated books (books.py). Speed: in turn, several rounds, medians of the ratios within a round. Power: for each
method the level that exactly 1 % of healthy accounts pass, then the share of changed accounts above it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import methods_threads  # noqa: F401  libraries read it when they are imported

# isort: split
import methods_payments
import methods_purchases
from books import buying, paying
from methods_base import Results, powers, speeds
from methods_chart import draw
from methods_page import page

from healthcheck.ledger.columns import Columns

DOCS = Path(__file__).resolve().parent.parent / "docs"
FULL = {"light": (10_000, 2_000), "medium": (4_000, 1_000), "heavy": (1_500, 400)}
QUICK = {"light": (2_000, 500), "medium": (800, 200), "heavy": (200, 60)}


def measure(quick: bool) -> dict[str, Results]:
    """Everything, by check."""
    payments, purchases = one(methods_payments, paying, quick), one(methods_purchases, buying, quick)
    return {"payments": replace(payments, notes=methods_payments.twins(paying(200, 5))), "purchases": purchases}


def one(check: ModuleType, make: Callable[..., Columns], quick: bool) -> Results:
    """One check: its methods in turn."""
    sizes, rounds, timed = (QUICK, 2, 2_000) if quick else (FULL, 9, 5_000)
    methods = check.methods(4_000)
    timing = speeds(methods, make(timed, 5), rounds, say)
    return Results(methods, timing, powers(methods, make, check.CHANGES, sizes, say), rounds, timed)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer accounts and rounds, one minute instead of five")
    parser.add_argument("--into", type=Path, default=DOCS, help="folder to write to (default: docs)")
    chosen = parser.parse_args()
    found = measure(chosen.quick)
    text, missed = page(found, chosen.quick)
    (chosen.into / "benchmarks.svg").write_text(draw(found))
    (chosen.into / "benchmarks.md").write_text(text)
    print(text)
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
