"""Mergers of banks, and accounts that pay for several customers: seen in the whole book only."""

from __future__ import annotations

from collections import Counter
from datetime import date

import polars as pl

from healthcheck.checks.bank.institutions import institution
from healthcheck.checks.bank.runs import Calibration, Policy, evidence, histories
from healthcheck.ledger.columns import Columns


def calibrate(columns: Columns, as_of: date, policy: Policy) -> Calibration:
    """Learn from the whole book; a thin book teaches nothing and is no error."""
    return Calibration(merged=_mergers(columns, as_of, policy), shared=_shared(columns, as_of, policy))


def _mergers(columns: Columns, as_of: date, policy: Policy) -> list[list[str]]:
    """Pairs of banks where most customers of the old one that were seen lately moved to the same new one."""
    customers: Counter[str] = Counter()
    moves: Counter[tuple[str, str]] = Counter()
    for history in histories(columns, as_of, policy, Calibration()):
        left = {institution(run.bank) for run in history.baseline if run.bank} if history.recent else set()
        still = {institution(run.bank) for run in history.known if run.bank}
        new = {payer for kind, payer in history.news if kind in ("new_bank", "new_country")}
        customers.update(left)
        moves.update((old, bank) for old in left - still for bank in new)
    merged = [
        pair
        for pair, count in moves.items()
        if count >= max(policy.merger_accounts, policy.merger_share * customers[pair[0]])
    ]
    return [list(pair) for pair in sorted(merged)]


def _shared(columns: Columns, as_of: date, policy: Policy) -> list[str]:
    """Hashes of payers that paid for several customers."""
    runs = (
        evidence(columns, as_of, policy).filter(pl.col("payer_hash").is_not_null()).select("key", "payer_hash").unique()
    )
    owners = runs.join(columns.accounts.select("key", "group"), on="key")
    in_group = (
        owners.group_by("payer_hash", "group")
        .len()
        .group_by("payer_hash")
        .agg(pl.col("len").sum(), most=pl.col("len").max())
    )
    wanted = (pl.col("len") >= policy.shared_accounts) | (pl.col("most") >= 2)
    return sorted(in_group.filter(wanted)["payer_hash"].to_list())
