"""Killed at any moment, and run again: the very same findings, flags and digests. Several at once: the same."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from healthcheck.reviews import calibrations
from healthcheck.store.session import connect
from tests import databases
from tests import review_world as world

ROOT = Path(__file__).parents[2]
POINTS, SEED = 15, 2026


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """``book`` is unreviewed, ``0`` was reviewed undisturbed."""
    place = tmp_path_factory.mktemp("crashes")
    (place / "book").mkdir()
    engine = connect(databases.create(place / "book"))
    world.fill(engine, place / "book", firms=6)
    calibrations.current(engine, world.JUNE, world.settings(engine, place / "book"), world.NOW)
    engine.dispose()
    drive(place, 0)
    return place


def drive(place, *points):
    for point in points:
        databases.copy(place / "book", place / str(point))
    command = [sys.executable, "-m", "tests.integration.crash_driver", str(place), *map(str, points)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


def results(place, point):
    engine = connect(databases.url(place / str(point)))
    try:
        return world.results(engine)
    finally:
        engine.dispose()


def mails(place, point):
    """How many copies of each mail were delivered, by Message-ID."""
    texts = [path.read_bytes() for path in (place / str(point) / "outbox").glob("*.eml")]
    return sorted(texts.count(text) for text in texts), len(texts)


def test_killed_anywhere_and_run_again_it_ends_as_if_undisturbed(folder):
    steps = int((folder / "0" / "steps").read_text())
    assert steps > 200
    points = sorted(random.Random(SEED).sample(range(1, steps * 19 // 20), POINTS))
    drive(folder, *points)
    wanted = results(folder, 0)
    for point in points:
        assert results(folder, point) == wanted, point
        assert mails(folder, point) == mails(folder, 0), point


def test_two_processes_at_once_do_each_thing_once(folder):
    place = folder / "pair"
    databases.copy(folder / "book", place)
    code = (
        "import sys; from pathlib import Path; from tests.integration.crash_driver import run; run(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", code, str(place)]
    both = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert results(folder, "pair") == results(folder, 0)
    assert mails(folder, "pair") == mails(folder, 0)
