"""All checks over some accounts at once: the one code path of the batch, the screen and the check of one account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from healthcheck.bureaus.registry import link_of
from healthcheck.checks import registry
from healthcheck.checks.outcomes import CLEAR, JUDGED, RANK, UNKNOWN
from healthcheck.ledger.columns import Columns
from healthcheck.money import plain
from healthcheck.settings import Settings

DECISIVE = ("payments", "purchases", "credit")  # the verdict is unknown when none of these is judged
ROTATION = "rotation"
_json = json.JSONEncoder(ensure_ascii=False, default=str).encode
_DETAILS = ("outcome", "score", "p", "summary", "evidence", "signals")


@dataclass(frozen=True)
class Judged:
    """What the checks say of ``columns.accounts``; every frame has a row for each account, in their order."""

    columns: Columns
    classes: pl.DataFrame
    checks: Mapping[str, pl.DataFrame]
    verdicts: pl.DataFrame  # key, verdict

    def lines(self, keys: set[int] | None = None) -> Iterator[dict[str, Any]]:
        """One object an account, as ``screen --json`` prints it; ordered by group, entity, account."""
        said = {name: frame.to_dicts() for name, frame in self.checks.items()}
        facts = self.columns.accounts.select(
            "key", "entity", "account", "name", "exposure", "unconverted", "group"
        ).to_dicts()
        klass, verdict = self.classes["klass"].to_list(), self.verdicts["verdict"].to_list()
        order = sorted(range(len(facts)), key=lambda i: (facts[i]["group"], facts[i]["entity"], facts[i]["account"]))
        for i in order:
            if keys is None or facts[i]["key"] in keys:
                checks = {name: _check(rows[i]) for name, rows in said.items()}
                yield {**_head(facts[i], self.columns, klass[i]), "verdict": verdict[i], "checks": checks}

    def text(self) -> str:
        """All lines as JSON, one an account."""
        return "".join(f"{_json(line)}\n" for line in self.lines())


def judge(columns: Columns, settings: Settings, calibrations: Mapping[str, Any]) -> Judged:
    """Run every check and the classes of the rotation; pure. ``calibrations``: see ``reviews.calibrations``."""
    from healthcheck.reviews import rotation

    classes = rotation.classify(columns, columns.as_of, rotation.policy_from(settings), calibrations[ROTATION])
    checks = {name: _assess(name, columns, settings, calibrations) for name in registry.CHECKS}
    return Judged(columns, classes, checks, verdicts(checks))


def _assess(name: str, columns: Columns, settings: Settings, calibrations: Mapping[str, Any]) -> pl.DataFrame:
    module = registry.load(name)
    asked = {"bureaus": tuple((one, link_of(one)) for one in settings.bureaus)} if name == "credit" else {}
    frame: pl.DataFrame = module.assess(columns, columns.as_of, module.Policy(**asked), calibrations.get(name))
    return frame


def verdicts(checks: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Each account's worst judged check (key, verdict); ``unknown`` when payments, purchases and credit all are unjudged.

    A bank or field check alone can raise the verdict, and never makes it ``clear``.
    """
    rank = {name: frame["outcome"].replace_strict(RANK, return_dtype=pl.Int8) for name, frame in checks.items()}
    highest = reduce(_larger, rank.values())
    decided = reduce(_larger, [rank[name] for name in DECISIVE])
    words = {RANK[outcome]: outcome for outcome in JUDGED}
    verdict = [
        words.get(top, UNKNOWN) if top > RANK[CLEAR] or known >= RANK[CLEAR] else UNKNOWN
        for top, known in zip(highest, decided, strict=True)
    ]
    keys = next(iter(checks.values()))["key"]
    return pl.DataFrame({"key": keys, "verdict": pl.Series(verdict, dtype=pl.String)})


def _larger(left: pl.Series, right: pl.Series) -> pl.Series:
    return pl.select(pl.max_horizontal(left, right)).to_series()


def _head(facts: dict[str, Any], columns: Columns, klass: str) -> dict[str, Any]:
    entity = {"entity": facts["entity"]} if facts["entity"] else {}
    strange = {"unconverted": facts["unconverted"]} if facts["unconverted"] else {}
    return {
        **entity,
        "account": facts["account"],
        "name": facts["name"],
        "as_of": columns.as_of.isoformat(),
        "class": klass,
        "exposure": plain(facts["exposure"], columns.currency),
        "currency": columns.currency,
        **strange,
    }


def _check(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _DETAILS if name in row}
