"""The conformance suite for adapters that speak HTTP: a loopback server answers as the vendor would, and misbehaves. An author writes::

    class TestOurs(HttpConformance):
        report = {"rating": {"grade": "B", "limit": "240000"}, "late": 6}          # a whole answer, after the vendor's contract
        where = {"score": "rating.grade", "limit": "rating.limit", "payment": "late"}      # our sections in it
        numbers = {"limit.amount": "rating.limit", "payment.dbt": "late"}                  # our numbers in it

        def adapter(self, url, limits):
            return Ours(load(ours_base_url=url, ours_cost_per_pull="1", allowed_private_hosts="127.0.0.1"), limits)

and, where the vendor has them, ``log_in`` (its path) with ``token`` (its answer), ``others`` (path, or method and path, to answer, for
further calls that a report needs), ``failed`` (our section, and an answer in which it failed), ``subject``. A bureau that costs nothing
says ``paid = False``. Where an order is collected later, ``ordered`` is the method and path that charges and its answer, ``collected`` the
path that answers with ``report``, and the test is the same.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from healthcheck.bureaus import answers, login
from healthcheck.bureaus.base import Bureau, Pending, Ready, Report, Subject
from healthcheck.bureaus.http import Limits
from healthcheck.bureaus.loopback import InThread, Reply, Request
from healthcheck.bureaus.testing import DAY, SENTINELS, SUBJECT
from healthcheck.errors import HealthcheckError, Uncertain

QUICK: Final = Limits(connect=1.0, read=0.5, total=3.0, size=1_000_000)
KEY: Final = "key-1"
MOST: Final = 3  # times that an order is collected


@dataclass
class World:
    """One adapter and its server; ``count`` has what was asked: report (the call that charges), charge, token, content, other."""

    suite: HttpConformance
    body: Any
    server: InThread = field(init=False)
    bureau: Bureau = field(init=False)
    count: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: Request) -> Reply:
        suite = self.suite
        if suite.log_in and request.path == suite.log_in:
            return self._counted("token", suite.token)
        called = f"{request.method} {request.path}"
        if suite.ordered and called == suite.ordered[0]:
            return self._counted("report", suite.ordered[1])
        if suite.ordered and request.path == suite.collected:
            return self._counted("content", self.body)
        for known in (called, request.path):
            if known in suite.others:
                return self._counted("other", suite.others[known])
        return self._counted("report", self.body)

    def _counted(self, kind: str, body: Any) -> Reply:
        self.count[kind] += 1
        if kind == "report":
            return Reply(body, charge=lambda: self.count.update(["charge"]))
        return Reply(body, on=kind)

    def order(self) -> Ready:
        answer = self.bureau.order(self.suite.subject, DAY, KEY)
        for _ in range(MOST):
            if isinstance(answer, Pending):
                answer = self.bureau.collect(answer.token)
        _expect(isinstance(answer, Ready), "a report, at once or collected")
        return answer  # type: ignore[return-value]

    def read(self, body: Any) -> Report:
        """The report where the vendor answers this."""
        self.body = body
        return self.order().report

    def trouble(self, *faults: str, on: str = "order") -> HealthcheckError:
        """What an order raises when these things happen."""
        self.server.faults.plan(faults, on=on)
        try:
            self.order()
        except HealthcheckError as error:
            text = str(error)
            _expect("\n" not in text and "?" not in text and len(text) < 300, f"one plain line, not {text!r}")
            return error
        raise AssertionError(f"{faults}: an error was expected")


class HttpConformance:
    """What every HTTP adapter must do. Collected by pytest through a subclass named ``Test...``."""

    report: ClassVar[Any]
    where: ClassVar[Mapping[str, str]]
    numbers: ClassVar[Mapping[str, str]] = {}
    failed: ClassVar[tuple[str, Any] | None] = None
    log_in: ClassVar[str] = ""
    token: ClassVar[Any] = None
    others: ClassVar[Mapping[str, Any]] = {}
    subject: ClassVar[Subject] = SUBJECT
    paid: ClassVar[bool] = True
    ordered: ClassVar[tuple[str, Any] | None] = None
    collected: ClassVar[str] = ""

    @abstractmethod
    def adapter(self, url: str, limits: Limits) -> Bureau:
        """The adapter, with ``url`` for the vendor's."""

    @contextmanager
    def world(self) -> Iterator[World]:
        login.forget()
        world = World(self, self.report)
        with InThread(world) as world.server:
            world.bureau = self.adapter(world.server.url, QUICK)
            yield world

    # ---- the report

    def test_it_declares_name_cost_and_idempotency(self) -> None:
        with self.world() as world:
            _expect(bool(world.bureau.name), "a name")
            _expect((world.bureau.cost() > 0) == self.paid, "a cost above nought if it is paid")
            _expect(world.bureau.idempotency in ("key", "lookup", "reread", "none"), "an idempotency we know")

    def test_a_good_report_is_charged_once_arrives_whole_and_keeps_the_vendors_own_words(self) -> None:
        with self.world() as world:
            ready = world.order()
            _expect(world.count["charge"] == 1, f"one charge, not {world.count}")
            missing = [name for name in self.where if not ready.report.has(name)]
            _expect(not missing, f"these sections of a good report are not ok: {missing}")
            _expect(Report.from_json(ready.report.to_json()) == ready.report, "a report that survives JSON")
            _expect(bool(ready.raw), "the vendor's own answer is kept")
            _expect(ready.report.reported_on <= DAY, "no report from after the as-of date")

    def test_a_missing_section_is_missing_and_the_others_are_there(self) -> None:
        with self.world() as world:
            for name, path in self.where.items():
                shared = {other for other, there in self.where.items() if there == path or there.startswith(f"{path}.")}
                for body in (_without(self.report, path), _with(self.report, path, None), _with(self.report, path, {})):
                    sections = world.read(body).sections
                    _expect(sections[name] == "missing", f"{name} is {sections[name]} where {path} is absent or empty")
                    lost = [other for other in self.where if other not in shared and sections[other] != "ok"]
                    _expect(not lost, f"without {name}, {lost} are lost too")

    def test_a_sentinel_is_not_known_and_never_nought(self) -> None:
        with self.world() as world:
            for name, path in self.numbers.items():
                section, _, attribute = name.partition(".")
                for sentinel in SENTINELS:
                    read = getattr(getattr(world.read(_with(self.report, path, sentinel)), section), attribute)
                    _expect(read is None, f"{name} is {read} where the vendor says {sentinel!r}")

    def test_a_section_that_failed_inside_a_200_is_failed(self) -> None:
        if self.failed:
            with self.world() as world:
                name, body = self.failed
                sections = world.read(body).sections
                _expect(sections[name] == "failed", f"{name} is {sections[name]}")

    # ---- refused: not charged

    def test_401_fetches_one_new_token_and_ends(self) -> None:
        with self.world() as world:
            _kind(world.trouble(*["401"] * 9), answers.AuthFailed)
            asked = 2 if self.log_in else 1
            _expect(world.count["report"] == asked, f"asked {world.count['report']} times, not {asked}")

    def test_a_token_that_expired_is_renewed(self) -> None:
        if self.log_in:
            with self.world() as world:
                world.server.faults.plan(["401"])
                world.order()
                _expect(
                    (world.count["token"], world.count["charge"]) == (2, 1), f"two tokens, one charge: {world.count}"
                )

    def test_a_failed_log_in_is_not_tried_again(self) -> None:
        for fault, kind in (("401", answers.AuthFailed), ("429", answers.Throttled), ("500", answers.Unreachable)):
            if self.log_in:
                with self.world() as world:
                    for _ in range(3):
                        _kind(world.trouble(fault, on="token"), kind)
                    _expect((world.count["token"], world.count["report"]) == (1, 0), f"one try: {world.count}")

    def test_403(self) -> None:
        self._once("403", answers.NotEntitled)

    def test_404(self) -> None:
        self._once("404", answers.NotFound)

    def test_400(self) -> None:
        self._once("400", answers.Rejected)

    def test_429_without_retry_after(self) -> None:
        _expect(self._once("429", answers.Throttled).retry_after is None, "no wait was asked for")  # type: ignore[attr-defined]

    def test_429_with_retry_after_as_seconds_and_as_a_date(self) -> None:
        for fault in ("429:40", "429:date:40"):
            wait = self._once(fault, answers.Throttled).retry_after  # type: ignore[attr-defined]
            _expect(wait is not None and 30 < wait <= 40, f"a wait of 40 s, not {wait}")

    # ---- may have been charged: asked once, in doubt

    def test_charge_then_reset(self) -> None:
        self._once("reset", answers.Doubtful)

    def test_charge_then_the_line_drops(self) -> None:
        self._once("drop", answers.Doubtful)
        self._once("cut", answers.Doubtful)

    def test_500_charged_or_not(self) -> None:
        self._once("charge_500", answers.Doubtful)
        self._once("503:9", answers.Doubtful)

    def test_a_slow_answer(self) -> None:
        self._once("slow:900", answers.Doubtful)

    def test_a_redirect_is_not_followed(self) -> None:
        self._once("redirect", answers.Doubtful)

    def test_html_truncated_json_no_body_and_a_list(self) -> None:
        for fault in ("html", "truncated", "empty", "list"):
            self._once(fault, answers.Malformed)

    def test_a_hundred_megabytes_are_not_read(self) -> None:
        began = time.monotonic()
        self._once("huge", answers.Malformed)
        _expect(time.monotonic() - began < QUICK.total + 5, "given up early")

    def test_nobody_there_is_not_charged(self) -> None:
        with self.world() as world:
            bureau = world.bureau
        try:
            bureau.order(self.subject, DAY, KEY)
        except HealthcheckError as error:
            _kind(error, answers.Unreachable)
            return
        raise AssertionError("expected Unreachable")

    def test_free_calls_are_never_in_doubt(self) -> None:
        for fault in ("reset", "500", "html", "slow:900"):
            with self.world() as world:
                for on in ("order", "other", "content"):
                    world.server.faults.plan([fault] * 9, on=on)
                bureau = world.bureau
                free = ((bureau.find, self.subject), (bureau.look_up, self.subject, KEY), (bureau.collect, "1"))
                for call, *given in free:
                    try:
                        call(*given)
                    except HealthcheckError as error:
                        _expect(not isinstance(error, Uncertain), f"a free call in doubt: {error!r}")

    def test_collecting_again_brings_the_same_report_and_is_not_charged(self) -> None:
        if self.ordered:
            with self.world() as world:
                order = world.bureau.order(self.subject, DAY, KEY)
                _expect(isinstance(order, Pending), "an order that is collected later")
                token = order.token  # type: ignore[union-attr]
                first, again = world.bureau.collect(token), world.bureau.collect(token)
                _expect(first == again and isinstance(first, Ready), "the same report, however often it is collected")
                _expect(world.count["charge"] == 1, f"one charge, not {world.count}")

    def _once(self, fault: str, kind: type[HealthcheckError]) -> HealthcheckError:
        """The fault has this kind, and the bureau was asked for the report once."""
        with self.world() as world:
            error = world.trouble(fault)
            doubt = issubclass(kind, Uncertain)
            _kind(error, answers.Unreachable if doubt and not self.paid else kind)
            _expect(world.count["report"] == 1, f"asked {world.count['report']} times on {fault}")
            _expect(world.count["charge"] <= int(doubt), f"charged {world.count['charge']} times on {fault}")
            return error


def _kind(error: HealthcheckError, kind: type[HealthcheckError]) -> None:
    _expect(type(error) is kind, f"{kind.__name__} was expected, not {error!r}")


def _expect(condition: bool, said: str) -> None:
    if not condition:
        raise AssertionError(said)


def _with(body: Any, path: str, value: Any) -> Any:
    """A copy of the body with another value at ``path`` (keys with dots between)."""
    body = deepcopy(body)
    *above, last = path.split(".")
    part = body
    for key in above:
        part = part[key]
    part[last] = value
    return body


def _without(body: Any, path: str) -> Any:
    body = _with(body, path, None)
    *above, last = path.split(".")
    part = body
    for key in above:
        part = part[key]
    del part[last]
    return body
