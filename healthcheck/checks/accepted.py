"""What is said of a new normal: a change that a person cleared as accepted, so that only what came since is held against it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from healthcheck.months import Month


def said(on: date) -> str:
    """``new normal accepted on 5 November 2026``."""
    return f"new normal accepted on {on.day} {Month.of(on).title}"


def too_few(on: date, found: int, noun: str, needed: int) -> str:
    """Why there is nothing to compare with yet: what came since, and what is needed."""
    return f"{said(on)}; {found:,} {noun}{'' if found == 1 else 's'} since to compare with, {needed} needed"


def told(summaries: Iterable[str], new_normal: pl.Series) -> pl.Series:
    """The sentences, each with the new normal of its account (null: none) named in it."""
    return pl.Series("summary", map(_told, summaries, new_normal), dtype=pl.String)


def _told(summary: str, on: date | None) -> str:
    return summary if on is None or said(on)[1:] in summary else f"{summary} N{said(on)[1:]}."
