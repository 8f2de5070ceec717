"""Who belongs to whom: every account's group is the root of its chain of parents."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl


def groups(accounts: pl.DataFrame) -> pl.DataFrame:
    """``group`` for each row of ``accounts`` (key, entity, account, parent): ``entity/account`` of the root.

    A parent that is no account of ours names a group all the same. A circle of parents is one group, named after its first member.
    """
    members = accounts.filter(pl.col("parent") != "").select("key", "entity", "account", "parent")  # few are
    parents = {(entity, account): parent for _, entity, account, parent in members.iter_rows()}
    found = [_root(entity, account, parents) for _, entity, account, _ in members.iter_rows()]
    roots = members.select("key", root=pl.Series(found, dtype=pl.String))
    joined = accounts.join(roots, on="key", how="left", maintain_order="left")
    return joined.select("key", group=pl.coalesce("root", pl.concat_str("entity", "account", separator="/")))


def _root(entity: str, account: str, parents: dict[tuple[str, str], str]) -> str:
    seen = [account]
    while parent := parents.get((entity, seen[-1])):
        if parent in seen:
            return f"{entity}/{min(seen[seen.index(parent) :])}"
        seen.append(parent)
    return f"{entity}/{seen[-1]}"


def relatives(grouped: pl.DataFrame, keys: Collection[int]) -> list[int]:
    """The keys of all accounts in the families of ``keys``."""
    mine = grouped.filter(pl.col("key").is_in(list(keys)))["group"].unique()
    return grouped.filter(pl.col("group").is_in(mine.implode()))["key"].to_list()


def batches(grouped: pl.DataFrame, size: int) -> Iterable[list[int]]:
    """Keys in batches of about ``size``, whole families together, in the order of their groups."""
    batch: list[int] = []
    for keys in grouped.group_by("group", maintain_order=True).agg("key")["key"]:
        if batch and len(batch) + len(keys) > size:
            yield batch
            batch = []
        batch.extend(keys)
    if batch:
        yield batch
