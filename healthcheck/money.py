"""Money: Decimal at the edges, integer minor units inside.

The number of decimals of a currency is ISO 4217's "minor unit"; currencies not listed here have two.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from healthcheck.errors import UsageError

_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
LARGEST = 2**53  # minor units that a float, JSON and SQLite all hold exactly


def decimals(currency: str) -> int:
    """Decimals of ``currency``: 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DECIMALS.get(currency, 2)


def to_minor(amount: Decimal | str, currency: str) -> int:
    """Amount in whole minor units, rounded half to even. Raises UsageError if it is no number or too large.

    >>> to_minor("1234.56", "EUR"), to_minor("1234", "JPY")
    (123456, 1234)
    """
    try:
        minor = (Decimal(amount) * 10 ** decimals(currency)).quantize(Decimal(1), ROUND_HALF_EVEN)
    except InvalidOperation:
        raise UsageError(f"{amount!r} is not an amount") from None
    if not minor.is_finite() or abs(minor) > LARGEST:
        raise UsageError(f"{amount} {currency} is too large")
    return int(minor)


def to_decimal(minor: int, currency: str) -> Decimal:
    """The amount with the currency's own decimals.

    >>> str(to_decimal(-5, "EUR"))
    '-0.05'
    """
    return Decimal(minor).scaleb(-decimals(currency))


def plain(minor: int, currency: str) -> str:
    """For machines: ``12345.67``."""
    return f"{to_decimal(minor, currency):f}"


def shown(minor: int, currency: str) -> str:
    """For people: ``EUR 12,346``; with decimals below 100, where they matter."""
    amount = to_decimal(minor, currency)
    places = 0 if amount == amount.to_integral_value() or abs(amount) >= 100 else decimals(currency)
    return f"{currency} {amount:,.{places}f}"


def exact(minor: int, currency: str) -> str:
    """For papers that must be right to the cent: ``EUR 12,345.67``."""
    return f"{currency} {to_decimal(minor, currency):,f}"
