from ratings import Given, Ratings

from healthcheck.bureaus.base import Subject
from healthcheck.bureaus.http_testing import HttpConformance
from healthcheck.settings import load


class TestRatings(HttpConformance):
    report = {
        "rating": {"score": "71", "model": "2026"},
        "limit": {"amount": "240000", "currency": "EUR"},
        "daysLate": 6,
    }
    where = {"score": "rating", "limit": "limit", "payment": "daysLate"}
    numbers = {"score.value": "rating.score", "limit.amount": "limit.amount", "payment.dbt": "daysLate"}
    subject = Subject("C042", name="Norda Metall GmbH", country="DE", ids={"vat": "DE136695976"})

    def adapter(self, url, limits):
        given = Given(base_url=url, key="sesame", cost_per_pull="1")
        return Ratings(load(allowed_private_hosts="127.0.0.1"), limits, given)
