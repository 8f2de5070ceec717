"""Two schedulers on one database under KILL, STOP and CONT: one row a month, at most one charge a unit, one digest a recipient."""

import json
import time

import pytest

from tests import databases
from tests.crash import belonging
from tests.crash.nemesis import BUREAUS, battle, prepare
from tests.crash.verdict import MONTHS

SEEDS = range(20)
HERE = ("inline", "threads", "processes")
FIELDS = [*((kind, carrier) for carrier in HERE for kind in databases.BOTH), ("postgresql", "dask+tls")]
pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def fought(house):
    def fight(seed, kind, carrier, **more):
        place = house.folder / f"nemesis-{kind}-{carrier}".replace("+", "-")
        more = {"bureau": list(BUREAUS)[seed % 3], "carrier": carrier, **more}
        fought = battle(place, house.prepared, house.fakes, seed, kind, **more)
        print(json.dumps(fought.told))
        return fought

    return fight


@pytest.mark.parametrize(("seed", "carrier", "months"), [(0, "threads", 2), (1, "threads", 2), (0, "processes", 1)])
def test_two_schedulers_struck_at_random(fought, seed, carrier, months):
    fight = fought(seed, "sqlite", carrier, months=MONTHS[:months])
    assert fight.found == []
    assert fight.struck.total() >= months


def test_schedulers_and_their_pools_end_with_the_test_however_it_ends(house):
    fight = prepare(house.folder / "killed", house.prepared, house.fakes, 0, carrier="processes")
    with fight.parent_of_schedulers():
        fight.order("start")
        while not fight.pool():
            time.sleep(0.05)
        fight.parent.kill()
        assert belonging.outliving(fight.mark, 20.0, lambda _: False) == []
    fight.engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "carrier"), FIELDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_carrier_and_database(fought, seed, kind, carrier):
    assert fought(seed, kind, carrier).found == []
