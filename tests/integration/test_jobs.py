"""What the clock will call: each job does its work, and again changes nothing."""

import jobs.monthly
import jobs.relay
from tests import review_world as world


def test_the_monthly_job_reviews_the_month_and_its_mails_leave(engine, tmp_path):
    world.fill(engine, tmp_path, firms=4)
    settings = world.settings(engine, tmp_path)
    first = jobs.monthly.run(engine, world.NOW, settings)
    assert first["reviewed"] == first["planned"] > 0
    assert jobs.monthly.run(engine, world.NOW, settings) == first
    assert jobs.relay.run(engine, world.NOW, settings).sent == 0
    assert len(list((tmp_path / "outbox").glob("*.eml"))) == len(first["digests"])
