"""Two schedulers on one database under KILL, STOP and CONT: one row a month, at most one charge a unit, one digest a recipient."""

import pytest

from tests.crash.nemesis import battle

SEEDS = range(20)
BUREAUS = ("key", "lookup", "blind")
pytestmark = pytest.mark.timeout(900)


def fought(house, seed, **more):
    place = house.folder / f"nemesis-{'-'.join(more.values())}".replace("+", "-")
    return battle(place, house.prepared, house.fakes, seed, bureau=BUREAUS[seed % 3], **more)


@pytest.mark.parametrize("seed", [0, 1])
def test_two_schedulers_struck_at_random(house, seed):
    fight = fought(house, seed, carrier="threads")
    assert fight.found == []
    assert fight.kills + fight.stops > 2


@pytest.mark.slow
@pytest.mark.parametrize("carrier", ["inline", "threads"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_carrier_and_database(house, seed, kind, carrier):
    assert fought(house, seed, kind=kind, carrier=carrier).found == []
