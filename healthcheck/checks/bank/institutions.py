"""Payment institutions and processors by the first four letters of their BIC (the business party prefix of ISO 9362).

Names and prefixes as in the national registers of banks (Deutsche Bundesbank, Banque de France, Nationale Bank van België, Lietuvos bankas,
Betaalvereniging Nederland and others, in the form that schwifty 2026.10 ships). Licensed banks without branches (N26, bunq, Starling) are
banks and not in here.
"""

from __future__ import annotations

import re
from typing import Final

PAYMENT_INSTITUTIONS: Final = {
    "AINH": "Airwallex", "AIRW": "Airwallex", "BZEN": "ZEN.COM", "CPAY": "Fire", "EBMA": "Ebury", "EBPB": "Ebury", "EBUR": "Ebury",
    "EVIU": "Paysera", "FIFV": "Fire", "FNOM": "Finom", "FROT": "Ebury", "HOLV": "Holvi", "IXSO": "Nium", "MNEE": "Monese",
    "MODR": "Modulr", "PAAV": "Payoneer", "PAYR": "PayrNet", "PPLX": "PayPal", "PRTC": "Prepay Technologies", "PYPT": "PayPal",
    "QNTO": "Qonto", "RETB": "Revolut", "REVO": "Revolut", "RVUA": "Revolut", "SFPE": "Okali", "SOXA": "Sogexia", "SUMU": "SumUp",
    "SUPA": "SumUp", "SUPU": "SumUp", "SWNB": "Swan", "TCCL": "Currencycloud", "TIPL": "Tide", "TRWI": "Wise", "TRZO": "Treezor",
    "TTTM": "Moneycorp", "UAIN": "Nium", "UAPA": "PayrNet", "UFPO": "Contis",
}  # fmt: skip
"""Who holds money for business customers without being their bank."""

PROCESSORS: Final = frozenset({"ADYB", "BCIR", "CHKO", "KLRN", "MLLE", "SAPY", "STYA", "SXPY", "TUNZ", "WOMS"})
"""Adyen, Banking Circle, Checkout, Klarna, Mollie, Stripe, Worldline: they collect for us, and say nothing of the customer's bank."""

_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{0,2}")


def institution(identity: str) -> str:
    """The bank behind a bank identity: of a BIC its first six characters (bank and country), so that its branches are one bank.

    >>> institution("DEUTDEBB"), institution("DE37040044"), institution("021000021")
    ('DEUTDE', 'DE37040044', '021000021')
    """
    return identity[:6] if _BIC.fullmatch(identity) else identity


def payment_institution(identity: str | None) -> str | None:
    """The name of the payment institution, or None for a bank."""
    return PAYMENT_INSTITUTIONS.get(identity[:4]) if identity and _BIC.fullmatch(identity) else None


def is_processor(identity: str | None) -> bool:
    return bool(identity and _BIC.fullmatch(identity) and identity[:4] in PROCESSORS)
