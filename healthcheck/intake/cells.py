"""From cells of text to typed columns, each reader saying for each row what it could not read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from healthcheck.intake.dates import read_dates, read_months
from healthcheck.intake.numbers import read_numbers

YES = "yes y true t 1 x ja j wahr oui o si s tak".split()
NO = "no n false f 0 - nein falsch non nie".split()
CREDIT = (
    "credit|credit note|credit memo|creditnote|creditmemo|credit_note|credit_memo|credit invoice|sales credit note|sales credit memo|"
    "cn|cm|cr|rebate|bonus|discount|refund|gutschrift|storno|avoir|nota de credito|dg|out_refund|accreccredit"
).split("|")
INVOICE = "invoice|inv|in|i|sales invoice|debit|debit note|tax invoice|rechnung|facture|factura|rv|dr|out_invoice|accrec".split(
    "|"
)
RISKS = {
    **dict.fromkeys("high h hoch red".split(), "high"),
    **dict.fromkeys("medium m med mittel amber yellow".split(), "medium"),
    **dict.fromkeys("low l niedrig gering green".split(), "low"),
}
SIGNS = dict(
    pair.split("=")
    for pair in (
        "€=EUR £=GBP zł=PLN Kč=CZK Fr=CHF Fr.=CHF ₹=INR ₺=TRY ₩=KRW ₽=RUB ₴=UAH ₪=ILS ฿=THB ₫=VND ₦=NGN ₱=PHP "
        "US$=USD R$=BRL A$=AUD AU$=AUD C$=CAD CA$=CAD NZ$=NZD S$=SGD HK$=HKD NT$=TWD"
    ).split()
)
CODES = frozenset(  # ISO 4217
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC "
    "CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD "
    "JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN "
    "NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)


@dataclass(frozen=True)
class Written:
    """How the file writes dates and decimals, as far as it was said."""

    date_format: str | None = None
    decimal: str | None = None


def read_column(values: pl.Series, how: str, written: Written) -> pl.DataFrame:
    """Columns ``value``, ``reason`` (why the row is refused), ``warning``, and for amounts ``coin``; null where there is nothing to say."""
    frame = _READERS[how](values, written)
    blanks = {"reason": pl.String, "warning": pl.String, "coin": pl.String}
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in blanks.items() if name not in frame.columns]
    return frame.with_columns(missing)


def _text(values: pl.Series, _written: Written) -> pl.DataFrame:
    if values.str.starts_with('="').any():  # how some exports keep Excel from eating leading zeros
        values = values.str.replace(r'^="(.*)"$', "$1").replace("", None)
    return values.alias("value").to_frame()


def _word(values: pl.Series, _written: Written) -> pl.DataFrame:
    return values.str.to_lowercase().alias("value").to_frame()


def _amount(values: pl.Series, written: Written) -> pl.DataFrame:
    return read_numbers(values, written.decimal)


def _rate(values: pl.Series, written: Written) -> pl.DataFrame:
    read = read_numbers(values, written.decimal)
    positive = pl.col("value").cast(pl.Float64) > 0
    return read.select(
        "value", pl.when(~positive).then(pl.lit("a rate is greater than zero")).otherwise("reason").alias("reason")
    )


def _date(values: pl.Series, written: Written) -> pl.DataFrame:
    return read_dates(values, written.date_format)


def _month(values: pl.Series, written: Written) -> pl.DataFrame:
    return read_months(values, written.date_format)


def _days(values: pl.Series, _written: Written) -> pl.DataFrame:
    number = values.str.extract(r"^(?i)(?:net\s*)?(\d{1,4})(?:[.,]0+)?(?:\s*(?:days?|d|tage|jours))?$", 1).cast(
        pl.Int64
    )
    return _refused(values, number, " is not a number of days")


def _flag(values: pl.Series, _written: Written) -> pl.DataFrame:
    words = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
    read = values.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.Boolean)
    return _refused(values, read, " is neither yes nor no")


def _kind(values: pl.Series, _written: Written) -> pl.DataFrame:
    words = {**dict.fromkeys(CREDIT, "credit"), **dict.fromkeys(INVOICE, "invoice")}
    read = values.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
    return _refused(values, read, " is neither invoice nor credit")


def _currency(values: pl.Series, _written: Written) -> pl.DataFrame:
    code = values.replace(SIGNS).str.to_uppercase()
    read = _refused(values, code.set(~code.str.contains("^[A-Z]{3}$"), None), " is not a currency code such as EUR")
    unknown = code.set(~code.is_in(list(CODES)), None)
    return read.with_columns(_remark(values, unknown, " is no code of ISO 4217; taken as it is").alias("warning"))


def _risk(values: pl.Series, _written: Written) -> pl.DataFrame:
    read = values.str.to_lowercase().replace_strict(RISKS, default=None, return_dtype=pl.String)
    return _left_out(values, read, " is none of high, medium, low; left blank")


def _country(values: pl.Series, _written: Written) -> pl.DataFrame:
    code = values.str.to_uppercase()
    return _left_out(
        values, code.set(~code.str.contains("^[A-Z]{2}$"), None), " is not a country code of two letters; left blank"
    )


def _refused(values: pl.Series, read: pl.Series, why: str) -> pl.DataFrame:
    return pl.DataFrame([read.alias("value"), _remark(values, read, why).alias("reason")])


def _left_out(values: pl.Series, read: pl.Series, why: str) -> pl.DataFrame:
    return pl.DataFrame([read.alias("value"), _remark(values, read, why).alias("warning")])


def _remark(values: pl.Series, read: pl.Series, why: str) -> pl.Series:
    frame = pl.DataFrame([values.alias("given"), read.alias("read")])
    said = pl.lit("'") + pl.col("given").str.slice(0, 40) + pl.lit("'" + why)
    return frame.select(pl.when(pl.col("given").is_not_null() & pl.col("read").is_null()).then(said).alias("said"))[
        "said"
    ]


_READERS: dict[str, Callable[[pl.Series, Written], pl.DataFrame]] = {
    "text": _text,
    "word": _word,
    "amount": _amount,
    "rate": _rate,
    "date": _date,
    "month": _month,
    "days": _days,
    "flag": _flag,
    "kind": _kind,
    "currency": _currency,
    "risk": _risk,
    "country": _country,
}
