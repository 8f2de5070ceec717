"""A worker that was stopped so long that another has taken its review over: what it may still do when it wakes."""

import pytest

from healthcheck.bureaus import network
from healthcheck.reviews import pulls
from healthcheck.reviews.leases import LeaseLost
from healthcheck.reviews.pulling import buying, settling
from healthcheck.reviews.pulling.outcomes import Outcome
from tests import pull_world as world
from tests.pull_world import Scripted, fill, stored
from tests.servers.adapters import LookupBureau
from tests.servers.bureau import BureauServer


@pytest.fixture
def stopped(monkeypatch):
    """``stopped(seconds)``: this process was."""
    slept = [0.0]
    for module in (buying, network):
        monkeypatch.setattr(module, "seconds", lambda: slept[0])
    return lambda seconds: slept.__setitem__(0, slept[0] + seconds)


@pytest.mark.parametrize(("seconds", "charges"), [(14, 1), (16, 0)])
def test_stopped_before_the_request_left_it_does_not_leave_any_more(
    engine, tmp_path, monkeypatch, stopped, seconds, charges
):
    """After 20 seconds at the earliest another may ask the bureau, hear that it knows of no order, and place it."""
    fill(engine)
    with BureauServer(tmp_path) as server:
        monkeypatch.setenv("TEST_BUREAU_URL", server.url)
        order = world.order(engine, tmp_path)
        bureau = LookupBureau(order.settings)
        ask, bureau.order = bureau.order, lambda *given: (stopped(seconds), ask(*given))[1]
        with pytest.raises(pulls.NotYet) if not charges else pytest.MonkeyPatch.context():
            pulls.obtain(world.order(engine, tmp_path, bureau))
        assert server.charged().total() == charges
    assert [pull.state for pull in stored(engine)] == ["STORED" if charges else "PLANNED"]


def test_what_came_of_its_call_is_not_for_it_to_say_while_another_places_the_order(engine, tmp_path):
    """Else the other's report would find a pull that waits to be bought."""
    fill(engine)

    def lost(_session):
        raise LeaseLost("review 1")

    class Woken(Scripted):
        """While the other's order is on its way, the first hand learns that its own has not left."""

        def order(self, subject, as_of, key):
            (pull,) = stored(engine)
            mine = pulls.Order(
                engine, order.settings, 1, world.MONTH, world.AS_OF, world.START, lost, clock=order.clock
            )
            with pytest.raises(LeaseLost):
                settling.settle(mine, pull, Outcome("PLANNED", "unreachable", "took too long", again=True))
            return super().order(subject, as_of, key)

    bureau = Woken(idempotency="lookup")
    order = world.order(engine, tmp_path, bureau)
    assert pulls.obtain(order) == "stored"
    assert [pull.state for pull in stored(engine)] == ["STORED"]
    assert len(bureau.seen) == 1
