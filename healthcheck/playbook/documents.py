"""A person's folder of papers: which file is a copy of an invoice, a proof of delivery, the terms, part of a dispute."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from healthcheck.errors import UsageError
from healthcheck.playbook.agency import Papers

MOST: Final = 500  # files, so that a folder named by mistake is not packed
_WORDS: Final = {
    "delivery": r"deliver|pod|cmr|lieferschein|liefer|bon-?de-?livraison|pakbon",
    "terms": r"terms|contract|application|agb|vertrag|bedingung|guarantee|order",
    "dispute": r"dispute|claim|complaint|reklamation|mangel|m[aä]ngel",
}
_KINDS: Final = {kind: re.compile(rf"(?<![a-z])(?:{words})", re.I) for kind, words in _WORDS.items()}


@dataclass(frozen=True)
class Document:
    """One file. ``kind``: invoice, delivery, terms, dispute, other; ``invoice``: the number in its name."""

    path: Path
    kind: str
    invoice: str | None = None


def scan(folder: Path, account: str, invoices: Iterable[str]) -> list[Document]:
    """The papers of one account: all of the sub-folder ``account``; where there is none, the folder's files that name the account or one
    of its ``invoices``, so that no other customer's papers go along.

    What a paper is, its name says: an invoice's number, or a word. Raises UsageError for what is no folder, or holds too much.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder")
    numbers = sorted(set(invoices), key=len, reverse=True)
    own = folder / account if account not in ("", ".", "..") and os.sep not in account else folder
    if own != folder and own.is_dir():
        found = [_document(path, numbers) for path in _files(own)]
    else:
        found = [
            _document(path, numbers)
            for path in _files(folder)
            if any(_names(path.stem, n) for n in (account, *numbers))
        ]
    if len(found) > MOST:
        raise UsageError(f"{folder} holds more than {MOST} files for this account")
    return found


def papers(documents: Sequence[Document]) -> Papers:
    """What they prove."""
    return Papers(
        invoices=frozenset(one.invoice for one in documents if one.kind == "invoice" and one.invoice),
        deliveries=frozenset(one.invoice for one in documents if one.kind == "delivery" and one.invoice),
        terms=any(one.kind == "terms" for one in documents),
        dispute=any(one.kind == "dispute" for one in documents),
    )


def _files(folder: Path) -> Iterator[Path]:
    """The folder's own files by name; hidden ones and links that lead out of it are left out."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path


def _document(path: Path, numbers: Sequence[str]) -> Document:
    invoice = next((number for number in numbers if _names(path.stem, number)), None)
    kind = next((kind for kind, words in _KINDS.items() if words.search(path.stem)), None)
    return Document(path, kind or ("invoice" if invoice else "other"), invoice)


def _names(stem: str, number: str) -> bool:
    """Whether the file's name has this very number in it, not a longer one."""
    return re.search(rf"(?<![0-9a-z]){re.escape(number)}(?![0-9a-z])", stem, re.I) is not None
