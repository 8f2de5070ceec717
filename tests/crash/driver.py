"""A warm process that forks one child a point. ``python -m tests.crash.driver ORDER`` with ORDER as JSON; points on standard input.

For each point: the child in a folder of its own is killed there, a second one starts the scheduler again until nothing is left to do.
A line is printed for each, when both are over. ``NAME walk all`` (or ``walk 3,17``) kills at all of them in one month, see
``tests.crash.chain``: a line for each that is started again. Forking after the imports saves their time; polars is not touched before.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import shutil
import sys
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from healthcheck.reviews import leases

LATER = [0]  # hours that this process' world is ahead
STILL: list[datetime] = []  # the time, where it does not pass: on a walk
_clock = leases.clock

# before anybody keeps the other one
leases.clock = lambda session: [_clock(session), *STILL][-1] + LATER[0] * scene.LATER

from healthcheck.checks import registry  # noqa: E402
from tests.crash import chain, mutants, scene, steps  # noqa: E402
from tests.servers import adapters  # noqa: E402

RUNS = 6  # times that the scheduler is started again at most


@dataclass(frozen=True)
class Order:
    """``folder``: where points are, ``root`` its name; ``prepared``: the folder with the book; ``grain``: see ``steps.GRAINS``."""

    folder: str
    root: str
    prepared: str
    bureau: str
    bureau_port: int
    mail_port: int
    grain: str = "bytecodes"
    mutant: str = ""
    on_uncertain: str = "resend"


def enter(order: Order, name: str) -> Path:
    folder = Path(order.folder) / name
    os.chdir(folder)
    os.environ["TEST_BUREAU_URL"] = f"http://127.0.0.1:{order.bureau_port}/{order.root}/{name}"
    return folder


@cache
def common(order: Order) -> scene.Settings:
    return scene.settings(order.bureau, order.root, order.mail_port, on_uncertain=order.on_uncertain)


def settings(order: Order, name: str) -> scene.Settings:
    return common(order).model_copy(update={"mail_from": scene.sender(f"{name}.{order.root}")})


def killed(order: Order, name: str, point: int) -> None:
    folder = enter(order, name)
    steps.GRAINS[order.grain](steps.die_at(point, folder))
    scene.scheduler(settings(order, name), scene.NOW)
    sys.settrace(None)


def walked(order: Order, name: str, walker: chain.Walker) -> None:
    enter(order, name)
    walker.begin()
    STILL.append(datetime.now(UTC))
    steps.GRAINS[order.grain](walker)
    scene.scheduler(settings(order, name), scene.NOW)
    sys.settrace(None)


def again(order: Order, name: str, _point: int) -> None:
    enter(order, name)
    for LATER[0] in range(1, RUNS + 1):
        if scene.scheduler(settings(order, name), scene.NOW + LATER[0] * scene.LATER):
            return tell(order, name)
    raise RuntimeError(f"after {RUNS} more runs the month has not ended")


def tell(order: Order, name: str) -> None:
    Path("facts.json").write_text(json.dumps(scene.facts(settings(order, name))))


def recorded(order: Order, name: str, _point: int) -> None:
    """An undisturbed month, step by step."""
    folder = enter(order, name)
    if order.grain == "bytecodes":
        record = steps.Record(folder)
        steps.bytecodes(record)
        scene.scheduler(settings(order, name), scene.NOW)
        sys.settrace(None)
        record.save()
    else:
        number = [0]
        steps.lines(steps.count(number))
        scene.scheduler(settings(order, name), scene.NOW)
        sys.settrace(None)
        (folder / "record.json").write_text(json.dumps(number[0]))
    tell(order, name)


def learnt(order: Order, name: str, _point: int) -> None:
    folder = enter(order, name)
    scene.remember(scene.learn(settings(order, name)), folder)


def warm(order: Order) -> None:
    """A month that is planned already, in this very process: statements and templates are compiled once for all children."""
    name = f"warm{os.getpid()}"
    place(order, name, "planned.db")
    enter(order, name)
    scene.scheduler(settings(order, name), scene.NOW)
    scene.facts(settings(order, name))
    gc.collect()
    gc.freeze()


def child(order: Order, do, name: str, point: int = 0) -> int:
    """The exit status of a child that does it."""
    return os.waitpid(begin(order, do, name, point), 0)[1]


def begin(order: Order, do, name: str, what: object) -> int:
    """The id of a child that does it."""
    pid = os.fork()
    if pid:
        return pid
    try:
        gc.disable()
        do(order, name, what)
        os._exit(0)
    except BaseException:
        (Path(order.folder) / name / f"{do.__name__}.error").write_text(traceback.format_exc())
        os._exit(1)


def place(order: Order, name: str, book: str = "book.db") -> None:
    folder = Path(order.folder) / name
    folder.mkdir()
    shutil.copy(Path(order.prepared) / book, folder / "book.db")


def walk(order: Order, name: str, points: str) -> None:
    """Kill at all of these, by one month or, where a walk gets stuck, by another that goes on there."""
    wanted = chain.EVERYWHERE if points == "all" else {int(point) for point in points.split(",")}
    first, kills = 1, 0
    while first:
        part = stretch(order, f"{name}{first}", chain.Walker(wanted, first))
        first, kills = part.stuck, kills + part.kills
    print("over", kills, flush=True)


def stretch(order: Order, name: str, walker: chain.Walker) -> chain.Walk:
    """Start again on a copy of what is left wherever that changes."""
    place(order, name)
    folder = Path(order.folder)
    walk = chain.Walk(walker, lambda: begin(order, walked, name, walker), folder / name)
    for remains in walk:
        copy = f"{name}-{remains.point}"
        chain.save(remains, folder / copy)
        print(copy, remains.point, child(order, again, copy), flush=True)
    shutil.rmtree(folder / name)
    return walk


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    adapters.register()
    for name in registry.CHECKS:
        registry.load(name)
    if (Path(order.prepared) / "results").exists():
        scene.recite(Path(order.prepared))
        warm(order)
        mutants.apply(order.mutant)
    for line in sys.stdin:
        name, what, *more = line.split()
        if what == "walk":
            walk(order, name, *more)
            continue
        place(order, name)
        if what in ("learn", "record"):
            status = [child(order, learnt if what == "learn" else recorded, name)]
        else:
            status = [child(order, killed, name, int(what)), child(order, again, name)]
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(name, used.ru_utime + used.ru_stime, *status, flush=True)


if __name__ == "__main__":
    main()
