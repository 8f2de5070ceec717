"""Payer accounts: structurally valid IBANs of fictitious account numbers at fictitious banks, and US account numbers."""

from __future__ import annotations

from functools import cache
from random import Random

_BANKS = {
    "DE": ("99100100", "99200200", "99300300"),
    "AT": ("99100", "99200", "99300"),
    "FR": ("9910000001", "9920000001", "9930000001"),
    "NL": ("HVNB", "OSTB", "WSTB"),
    "PL": ("99100004", "99200005", "99300006"),
    "GB": ("HVNB991001", "OSTB992002", "WSTB993003"),
    "LU": ("991", "992", "993"),
}
_ACCOUNT_LENGTH = {"DE": 10, "AT": 11, "FR": 13, "NL": 10, "PL": 16, "GB": 8, "LU": 13}
_ROUTING = ("120000993", "120000980", "120000977")


def iban(country: str, body: str) -> str:
    """The IBAN of ``body`` (bank code and account number) with its check digits (ISO 13616)."""
    digits = "".join(str(int(sign, 36)) for sign in body + country + "00")
    return f"{country}{98 - int(digits) % 97:02d}{body}"


@cache
def payer(country: str, bank: int, seed: str) -> tuple[str, str]:
    """(payer_account, payer_bank) at the country's bank number ``bank`` (0 to 2). ``payer_bank`` is a routing number in the US, else empty.

    Equal ``seed`` gives an equal account number.
    """
    random = Random(f"payer/{country}/{bank}/{seed}")  # noqa: S311
    if country == "US":
        return f"{random.randrange(10**9, 10**10)}", _ROUTING[bank]
    digits = "".join(str(random.randrange(10)) for _ in range(_ACCOUNT_LENGTH[country]))
    return iban(country, _BANKS[country][bank] + digits), ""
