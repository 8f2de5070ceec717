"""Works off pulls with many threads. ``python -m tests.pull_driver URL CAP THREADS BUREAU ACCOUNT...`` does so in a process of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

from healthcheck.bureaus import registry
from healthcheck.reviews import pulls
from healthcheck.reviews.pulls import NotYet, Order
from healthcheck.store.session import connect
from tests import pull_world as world
from tests import review_world
from tests.servers import adapters

THREADS = 16


def work_off(engine, settings, accounts: Iterable[int], threads: int = THREADS, again: bool = True) -> list[str]:
    """What ``obtain`` says of each account in the end, waits waited for. ``again``: each is asked for twice."""
    bureaus = tuple(registry.configured(settings))

    def one(account: int) -> str:
        order = Order(engine, settings, account, world.MONTH, world.AS_OF, world.START, bureaus=bureaus)
        said = _patiently(order)
        assert (
            not again or _patiently(order) == said or said in ("uncertain", "pending")
        )  # which may come to an end yet
        return said

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, accounts))


def _patiently(order: Order) -> str:
    while True:
        try:
            return pulls.obtain(order)
        except NotYet as wait:
            time.sleep(min(wait.left.total_seconds(), 1.0) + 0.01)


def main(url: str, cap: str, threads: str, bureau: str, *accounts: str) -> None:
    adapters.register()
    engine = connect(url)
    settings = review_world.settings(engine, Path(), bureaus=bureau, bureau_budget=Decimal(cap))
    work_off(engine, settings, map(int, accounts), int(threads), again=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
