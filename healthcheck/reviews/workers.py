"""The screen of a large book by several processes: each reads its part of the tables once and judges it batch by batch.

Processes, not threads: most of the work is sentences and lines, which is Python's. Each opens the database by itself through Python's own
SQLite; locks between processes are safe. Batches are dealt out in turn, so the lines come in order and nobody runs far ahead.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, Final

from healthcheck.errors import Retriable
from healthcheck.ledger.read import read_parts
from healthcheck.reviews.judge import judge
from healthcheck.settings import Settings
from healthcheck.store.session import connect

MOST: Final = 4  # processes: each keeps its part of the invoices in memory
THREADS: Final = "POLARS_MAX_THREADS"


@dataclass(frozen=True)
class Task:
    """What every process is told: where the book is, and how it is judged."""

    url: str
    as_of: date
    settings: Settings
    learned: Mapping[str, Any]


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def texts(task: Task, batches: Sequence[Sequence[int]], processes: int) -> Iterator[str]:
    """The lines of each batch, in the order of ``batches``, by so many ``processes``. Retriable if one dies."""
    with ExitStack() as stack:
        with _threads(max(1, processors() // processes)):
            pipes = [stack.enter_context(_process(task, batches[n::processes])) for n in range(processes)]
        for number in range(len(batches)):
            yield _received(pipes[number % processes])


def _received(pipe: Connection) -> str:
    try:
        said = pipe.recv()
    except EOFError:
        raise Retriable("a process of the screen was ended from outside; is there enough memory?") from None
    if isinstance(said, BaseException):
        raise said
    return str(said)


@contextmanager
def _process(task: Task, batches: Sequence[Sequence[int]]) -> Iterator[Connection]:
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, task, batches), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.terminate()
        process.join()


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """The processes begun meanwhile let polars use so many threads: together no more than there are processors."""
    before = os.environ.get(THREADS)
    os.environ[THREADS] = before or str(number)
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS]


def _work(pipe: Connection, task: Task, batches: Sequence[Sequence[int]]) -> None:
    """In the process: send the lines of each batch, or the error."""
    gc.disable()  # millions of rows and no circles among them
    try:
        for columns in read_parts(connect(task.url), task.as_of, task.settings.currency, batches):
            pipe.send(judge(columns, task.settings, task.learned).text())
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # nobody listens any more
    except Exception as error:
        pipe.send(error)
