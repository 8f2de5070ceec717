"""SIGKILL at any step of a month, and the scheduler started again: nobody is charged twice, every digest arrives, nothing is lost.

Samples: of bytecodes on a walk through a month (``tests.crash.chain``), of bytecodes and of lines of all frames in months of their own.
Every bytecode, and a larger sample of months, behind the mark ``slow``.
"""

import random

import pytest

SEED = 2026
CORE = {"key": 134, "lookup": 133, "blind": 133}  # points of the durable core, in months of their own
WALK = 400  # points of it on a walk
LINES = {"key": 100, "blind": 100}  # points in the lines of all frames: requests, urllib3, smtplib, SQLAlchemy ...
EVERY = 25  # bytecodes of the larger sample
GAP = {"mail", "outbox", "audit", "session"}  # modules
pytestmark = pytest.mark.timeout(1800)


def sample(play, number):
    """All steps beside which something changes for the world, and others by chance."""
    fixed = play.boundaries if play.grain == "bytecodes" else []
    others = sorted(set(range(1, play.number * 49 // 50)) - set(fixed))  # lines of the last few steps may be fewer
    return sorted([*fixed, *random.Random(SEED).sample(others, max(0, number - len(fixed)))])


def wrong(play, points):
    return [line for left in play.run(points) for line in play.violations(left)]


@pytest.mark.parametrize("bureau", CORE)
def test_a_sample_of_bytecodes(house, bureau):
    with house.play(bureau=bureau) as play:
        points = ",".join(map(str, sample(play, WALK)))
        found = [line for left in play.walk(points) for line in play.violations(left)]
        assert found == []
        assert play.kills == WALK
        assert wrong(play, sample(play, CORE[bureau])) == []


@pytest.mark.parametrize("bureau", LINES)
def test_a_sample_of_all_lines(house, bureau):
    with house.play(bureau=bureau, grain="lines") as play:
        assert play.number > 50_000
        assert wrong(play, sample(play, LINES[bureau])) == []


def test_a_mail_goes_twice_only_in_the_gap_of_smtp(house):
    """From the last byte of a message until SENT is committed; in all of it, if the server has it. Held instead, it never does."""
    with house.play() as play:
        entered = [point for point in play.gap if point - 1 not in play.gap]
        over = [point for point in play.gap if point + 1 not in play.gap]
        where = {point: play.steps[point - 1].where.partition(":")[0] for point in play.gap}
        assert len(entered) == len(over) == len(play.undisturbed.mails) == 3
        assert {where[point] for point in entered} == {"mail.submit"}
        assert {where[point] for point in over} == {"session.write"}
        assert {name.partition(".")[0] for name in where.values()} == GAP
        certain = random.Random(SEED).sample(sorted(play.accepted), 6)
        beside = sorted({*(point - 1 for point in entered), *(point + 1 for point in over)})
        assert {left.point: left.copies for left in play.run([*certain, *beside])} == {
            **dict.fromkeys(certain, 2),
            **dict.fromkeys(beside, 1),
        }
    with house.play(on_uncertain="hold") as play:
        certain = random.Random(SEED).sample(sorted(play.accepted), 6)  # its steps are not those of the play before
        for left in play.run(certain):
            assert play.violations(left) == []
            assert left.copies == 1
            assert left.facts["messages"] == ["HELD", "SENT", "SENT"]


@pytest.mark.slow
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("bureau", CORE)
def test_every_bytecode(house, bureau):
    """A second copy of a mail comes exactly where the mail server had it and the database did not know."""
    with house.play(bureau=bureau, workers=1) as play:
        found, restarts = [], 0
        for left in play.walk():
            restarts += 1
            found += play.violations(left)
            found += [] if left.wrong or left.copies == 1 + left.mailed else [f"{left.point}: {left.copies} copies"]
        print(f"{bureau}: killed {play.kills} times, {restarts} different things were left and started from again")
        assert found == []
        assert play.kills == play.number
        assert restarts > len(play.boundaries) / 2


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("bureau", CORE)
def test_every_so_many_bytecodes(house, bureau):
    """What is left of a month of its own, from the first to the last step."""
    with house.play(bureau=bureau) as play:
        points = range(1, play.number + 1, EVERY)
        twice, found = set(), []
        for left in play.run(points):
            found += play.violations(left)
            twice |= {left.point} if left.copies == 2 else set()
        assert found == []
        assert play.accepted & set(points) <= twice <= play.gap
