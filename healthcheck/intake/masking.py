"""Account numbers that stand where none belongs: they are masked or left out, for full numbers are never stored."""

from __future__ import annotations

import re

import polars as pl

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_LENGTHS = {  # of IBANs, by country (ISO 13616 registry)
    code: length
    for length, codes in {
        15: "NO", 16: "BE", 18: "DK FI FK FO GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST",
        26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE",
        31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for code in codes.split()
}  # fmt: skip
_PATTERN = r"(?i)\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}\b"
_HEADING = re.compile(
    r"\b(iban|kontonummer|konto[ _-]?nr|(bank|payer|debtor|sender|remitter|originator)[ _-]?(account|acct|konto)\w*)\b",
    re.IGNORECASE,
)
_LOOSE = re.compile(r"\b(account|acct|konto)([ _-]?(number|num|no|nr|nummer))?\b", re.IGNORECASE)


def is_account_heading(heading: str, loose: bool = False) -> bool:
    """Does a column of this heading hold bank account numbers? ``loose`` where a plain "account number" may be one too."""
    return bool(_HEADING.search(heading) or (loose and _LOOSE.search(heading)))


def mask(values: pl.Series) -> pl.Series:
    """The same text with every valid IBAN in it cut down to its last four characters."""
    suspects = values.filter(values.str.contains(_PATTERN).fill_null(False)).unique()
    masked = {text: _masked(text) for text in suspects}
    return values.replace(masked) if masked else values


def mask_payer(values: pl.Series, accounts: pl.Series) -> pl.Series:
    """The same text without the payer's account number of its own row."""
    frame = pl.DataFrame([values.alias("text"), accounts.alias("account")])
    named = frame.select(
        (pl.col("account").str.len_chars() > 4) & pl.col("text").str.contains(pl.col("account"), literal=True)
    )
    if not named.to_series().fill_null(False).any():
        return values
    rows = zip(values, accounts, strict=True)
    cut = [text.replace(own, f"…{own[-4:]}") if text and own and len(own) > 4 else text for text, own in rows]
    return pl.Series(values.name, cut, dtype=pl.String)


def _masked(text: str) -> str:
    return _IBAN.sub(_cut, text)


def _cut(found: re.Match[str]) -> str:
    """An IBAN in free text may run into the word behind it, so its country says how long it is."""
    text, length = found[0], _LENGTHS.get(found[0][:2].upper(), 0)
    ends = [at + 1 for at, sign in enumerate(text) if sign.isalnum()]
    if not length or len(ends) < length or not _valid(text[: ends[length - 1]]):
        return text
    end = ends[length - 1]
    last = "".join(text[at - 1] for at in ends[length - 4 : length])
    return f"…{last}{text[end:]}"


def _valid(text: str) -> bool:
    bare = re.sub(r"[ -]", "", text).upper()
    return int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1
