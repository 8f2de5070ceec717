"""A conformance suite for adapters. Three lines in a test run it::

    class TestOurs(Conformance):
        def bureau(self, body, tmp_path):
            return OursServing(body)

``bureau(body, tmp_path)`` returns an adapter that answers with ``body`` (a report in normal form as JSON types, dated DAY) for SUBJECT.
Adapters that speak HTTP run ``healthcheck.bureaus.http_testing`` instead.
"""

from __future__ import annotations

from abc import abstractmethod
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from healthcheck.bureaus.base import Bureau, NoReport, Ready, Report, Subject

DAY: Final = date(2026, 3, 2)
SUBJECT: Final = Subject("C042", name="Norda Metall GmbH", country="DE")
GOOD: Final[dict[str, Any]] = {
    "reported_on": DAY.isoformat(), "currency": "EUR", "status": "active", "filings_overdue": False,
    "score": {"value": "71", "scale_min": "1", "scale_max": "100", "higher_is_better": True, "band": "B",
              "bands": ["A", "B", "C", "D", "E"], "model": "2024"},
    "limit": {"amount": "240000", "currency": "EUR"}, "payment": {"dbt": "6", "paydex": "74"},
    "legal": [{"kind": "judgment", "open": True, "amount": "12000.50", "date": "2026-02-11", "ref": "7 C 12/26"}],
    "ownership": {"control_changed": False, "owners": ["Norda Holding"]}, "banks_on_file": ["COBADEFF"],
}  # fmt: skip
SENTINELS: Final[tuple[Any, ...]] = (998, 999, "998", "999", {}, None, "NA", "n/a", "")


class Conformance:
    """What every adapter must do. Collected by pytest through a subclass named ``Test...``."""

    @abstractmethod
    def bureau(self, body: Any, tmp_path: Path) -> Bureau:
        """An adapter that answers for SUBJECT with ``body``."""

    def _ask(self, body: Any, tmp_path: Path, as_of: date = DAY) -> Report:
        answer = self.bureau(body, tmp_path).order(SUBJECT, as_of, "key-1")
        assert isinstance(answer, Ready), "the suite asks adapters that answer at once"  # noqa: S101
        return answer.report

    def test_it_declares_name_cost_and_idempotency(self, tmp_path: Path) -> None:
        bureau = self.bureau(GOOD, tmp_path)
        assert bureau.name  # noqa: S101
        assert bureau.cost() >= 0  # noqa: S101
        assert bureau.idempotency in ("key", "lookup", "reread", "none")  # noqa: S101

    def test_a_good_report_arrives_whole_and_survives_json(self, tmp_path: Path) -> None:
        report = self._ask(GOOD, tmp_path)
        assert report == Report.from_body({"bureau": report.bureau, **GOOD})  # noqa: S101
        assert Report.from_json(report.to_json()) == report  # noqa: S101
        assert report.limit.amount == Decimal(240000)  # noqa: S101

    def test_a_missing_section_is_missing_and_the_others_are_there(self, tmp_path: Path) -> None:
        for name in ("score", "limit", "payment", "ownership", "status"):
            report = self._ask({key: value for key, value in GOOD.items() if key != name}, tmp_path)
            assert report.sections[name] == "missing"  # noqa: S101
            assert not report.has(name)  # noqa: S101
            assert sum(state == "ok" for state in report.sections.values()) == len(report.sections) - 1  # noqa: S101

    def test_a_sentinel_is_not_known_and_never_zero(self, tmp_path: Path) -> None:
        for part, field in (("score", "value"), ("limit", "amount"), ("payment", "dbt"), ("payment", "paydex")):
            for sentinel in SENTINELS:
                body = deepcopy(GOOD)
                body[part][field] = sentinel
                assert getattr(getattr(self._ask(body, tmp_path), part), field) is None  # noqa: S101

    def test_an_empty_object_is_a_missing_section(self, tmp_path: Path) -> None:
        report = self._ask({**GOOD, "score": {}, "limit": {}, "payment": None}, tmp_path)
        assert {report.sections[name] for name in ("score", "limit", "payment")} == {"missing"}  # noqa: S101

    def test_a_report_from_after_the_as_of_date_is_not_seen(self, tmp_path: Path) -> None:
        try:
            self._ask(GOOD, tmp_path, DAY - timedelta(days=1))
        except NoReport:
            return
        raise AssertionError("expected NoReport")
