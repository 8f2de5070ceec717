"""Who paid, in a form that may be kept: last four, keyed hash, bank identity and country; never an account number.

A bank's identity is its BIC8 where known (as written, or as listed for the IBAN's bank code), else country and national
bank code (``DE37040044``, ``GB200415``), else the nine digits of a US routing number; never a display name. An IBAN
decides alone, whatever stands beside it, so that one account has one identity in every file. Bank codes and their BICs:
the registry of schwifty.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache

import polars as pl

SCHEMA = {"payer_last4": pl.String, "payer_hash": pl.String, "payer_bank": pl.String, "payer_country": pl.String}
HASH_CHARACTERS = 32

Bank = tuple[str, str]  # identity, country
NO_BANK = (None, None)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_NOISE = re.compile(r"[^0-9A-Z]+")
_MASK = re.compile(r"[*#•·…]|\.{2,}|[xX]{2,}")
_SORT_CODES = {"GB": 6, "AU": 6, "NZ": 6}  # digits of a clearing code where an IBAN's bank code is something else


def identify(
    payer_account: pl.Series, payer_bank: pl.Series, country: pl.Series | None, keys: Sequence[str]
) -> pl.DataFrame:
    """Columns payer_last4, payer_hash, payer_bank, payer_country (strings or null), one row for each row given.

    ``country`` is the customer's (ISO 3166, two letters): it tells apart equal account numbers and reads national bank
    codes, and is never taken for the payer's. The hash is HMAC-SHA-256 under ``keys[0]``, 32 hex characters; null
    without a key or where the number came masked. Of a short number at most half is kept.
    """
    place = country if country is not None else pl.Series([None] * len(payer_account), dtype=pl.String)
    given = pl.DataFrame([payer_account.alias("a"), payer_bank.alias("b"), place.alias("c")]).cast(pl.String)
    unique = given.unique(maintain_order=True)
    key = keys[0].encode() if keys else None
    found = pl.DataFrame([_payer(a, b, c, key) for a, b, c in unique.iter_rows()], schema=SCHEMA, orient="row")
    joined = given.join(unique.hstack(found), on=["a", "b", "c"], how="left", nulls_equal=True, maintain_order="left")
    return joined.select(list(SCHEMA))


def _payer(account: str | None, bank: str | None, country: str | None, key: bytes | None) -> tuple[str | None, ...]:
    """(last4, hash, bank, country) of one payer."""
    place = (country or "").strip().upper()
    number = _compact(account)
    if not number and _of_iban(_compact(bank)):
        number, account = _compact(bank), bank
    known = _of_iban(number)
    masked = not known and _MASK.search(account or "") is not None
    kept = _last(_compact(_MASK.split(account or "")[-1]), masked)
    hashed = None if masked else _signed(number if known else f"{place}:{number}", key if number else None)
    return kept, hashed, *(known or _of_code(bank or "", place) or NO_BANK)


def _last(visible: str, masked: bool) -> str | None:
    """The last four of a number, of a short one at most half; what a mask left open may all be shown."""
    count = 4 if masked else min(4, len(visible) // 2)
    return visible[-count:] or None if count else None


def _signed(name: str, key: bytes | None) -> str | None:
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()[:HASH_CHARACTERS] if key else None


def _compact(text: str | None) -> str:
    return _NOISE.sub("", text.upper()) if text else ""


def _of_iban(number: str) -> Bank | None:
    """The bank of an IBAN whose check digits are right; None if it is none."""
    if not _IBAN.fullmatch(number):
        return None
    from schwifty import IBAN
    from schwifty.exceptions import SchwiftyException

    try:
        iban = IBAN(number)
        bic = iban.bic
    except SchwiftyException:
        return None
    country = str(iban.country_code)
    if bic:
        return str(bic)[:8], country
    code = str(iban.bank_code)
    return (code + country if code.isalpha() else country + code), country  # ABNA + NL, as a BIC begins


def _of_code(written: str, place: str) -> Bank | None:
    """The bank meant by a BIC, a US routing number or a national bank code; None for anything else, names above all."""
    code = _compact(written)
    if _BIC.fullmatch(code):
        return (code[:8], code[4:6]) if _is_bic(code, written, place) else None
    if not code.isdigit():
        return None
    if place in ("", "US") and is_routing(code):
        return code, "US"
    return _of_national(code, place)


@lru_cache(maxsize=65536)
def _is_bic(code: str, written: str, place: str) -> bool:
    """Whether it is a BIC, not a name of eight letters: listed, or written as codes are in a country that fits."""
    from schwifty import BIC
    from schwifty.exceptions import SchwiftyException

    try:
        bic = BIC(code)
    except SchwiftyException:
        return False
    if bic.exists or bic.bank_names:
        return True
    return written == written.upper() and (code[4:6] == place or not code[6:8].isalpha())


def is_routing(code: str) -> bool:
    """Whether it is a US routing number: nine digits, weights 3, 7, 1, a multiple of ten (per the ABA)."""
    if len(code) != 9 or not code.isdigit() or code == "000000000":
        return False
    return sum(weight * int(digit) for weight, digit in zip((3, 7, 1) * 3, code, strict=True)) % 10 == 0


@lru_cache(maxsize=65536)
def _of_national(code: str, place: str) -> Bank | None:
    """The bank of a national bank code of ``place``, as the same bank's IBANs would name it."""
    if not place or len(code) != _national_digits(place):
        return None
    from schwifty import BIC
    from schwifty.exceptions import SchwiftyException

    try:
        return str(BIC.from_bank_code(place, code))[:8], place
    except SchwiftyException:
        return place + code, place


def _national_digits(place: str) -> int | None:
    if place in _SORT_CODES:
        return _SORT_CODES[place]
    from schwifty import registry
    from schwifty.domain import Component
    from schwifty.exceptions import SchwiftyException

    try:
        where = registry.get_iban_spec(place).positions[Component.BANK_CODE]
    except (SchwiftyException, KeyError):
        return None
    return where.end - where.start
