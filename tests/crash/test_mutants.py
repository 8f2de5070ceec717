"""Each rule of the durable core, broken on purpose: the harness sees it. So it cannot go blind."""

import pytest

from tests.crash.mutants import MUTANTS

SEEN = {
    "key_per_attempt": "was charged 2 times",
    "no_look_up": "was charged 2 times",
    "sent_before_sending": "no digest for",
    "month_before_its_reviews": "was never bought",
    "digests_after_closing": "no digest for",
}
pytestmark = pytest.mark.timeout(900)


def test_all_mutants_are_known():
    assert set(SEEN) == set(MUTANTS)


@pytest.mark.parametrize("mutant", SEEN)
def test_a_broken_rule_is_seen(house, mutant):
    bureau, _ = MUTANTS[mutant]
    with house.play(bureau=bureau, mutant=mutant) as play:
        points = ",".join(map(str, play.boundaries))
        seen = [left.point for left in play.walk(points) if shown(mutant, play, left)]
        assert seen, "nothing was seen on a walk"
        assert any(shown(mutant, play, left) for left in play.run(seen)), "nothing was seen of a month of its own"


def shown(mutant, play, left):
    return any(SEEN[mutant] in line for line in play.violations(left))
