"""The kinds of file and the columns of each: what ``--map`` may name on its right side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``columns`` maps a column's name to how it is read (see ``healthcheck.intake.cells``); ``key`` are the natural key's."""

    name: str
    columns: dict[str, str]
    obligatory: tuple[str, ...]
    filled: tuple[str, ...]  # may not be blank in any row
    key: tuple[str, ...]


_TEXTS = dict.fromkeys("duns creditsafe_id company_number bin cik coface_id vat".split(), "text")

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "accounts",
            {
                "entity": "text",
                "account": "text",
                "name": "text",
                "parent": "text",
                "country": "country",
                "city": "text",
                "industry": "text",
                "currency": "currency",
                "terms_days": "days",
                "credit_limit": "amount",
                "insured_limit": "amount",
                "insured_until": "date",
                "sales_rep": "text",
                "rep_email": "text",
                "manager_email": "text",
                "relationship": "word",
                "risk_class": "risk",
                "opened": "date",
                **_TEXTS,
                "plan_annual": "amount",
                "customer_email": "text",
                "customer_address": "text",
                "language": "word",
                "channel": "word",
            },
            obligatory=("account", "name"),
            filled=("account",),
            key=("entity", "account"),
        ),
        Kind(
            "invoices",
            {
                "entity": "text",
                "account": "text",
                "invoice": "text",
                "issued": "date",
                "due": "date",
                "amount": "amount",
                "name": "text",
                "currency": "currency",
                "kind": "kind",
                "delivered": "date",
                "paid": "date",
                "paid_amount": "amount",
                "disputed": "flag",
            },
            obligatory=("account", "invoice", "issued", "due", "amount"),
            filled=("account", "invoice", "issued", "due", "amount"),
            key=("entity", "account", "kind", "invoice"),
        ),
        Kind(
            "payments",
            {
                "entity": "text",
                "account": "text",
                "paid": "date",
                "amount": "amount",
                "payment": "text",
                "invoice": "text",
                "currency": "currency",
                "method": "text",
                "payer_account": "text",
                "payer_bank": "text",
                "reference": "text",
            },
            obligatory=("account", "paid", "amount"),
            filled=("account", "paid", "amount"),
            key=(),
        ),
        Kind(
            "plans",
            {
                "entity": "text",
                "account": "text",
                "month": "month",
                "amount": "amount",
                "currency": "currency",
                "source": "text",
            },
            obligatory=("account", "month", "amount"),
            filled=("account", "month", "amount"),
            key=("entity", "account", "month", "currency"),
        ),
        Kind(
            "rates",
            {"entity": "text", "currency": "currency", "on": "date", "rate": "rate"},
            obligatory=("currency", "on", "rate"),
            filled=("currency", "on", "rate"),
            key=("currency", "on"),
        ),
    )
}

# words that other systems use, only to make a ready --map example when a column is missing
ALIASES = {
    "account": "customer customer_id customerid customer_no customer_number client debtor kunde kundennummer debitor contactname",
    "name": "customer_name contactname company kundenname firma",
    "invoice": "invoice_number invoicenumber invoice_no num number document document_no document_number belegnummer rechnungsnummer",
    "issued": "invoice_date invoicedate date document_date issue_date belegdatum rechnungsdatum",
    "due": "due_date duedate net_due_date faellig fälligkeit fälligkeitsdatum",
    "amount": "invoice_amount invoiceamount total betrag open_balance amount_total value",
    "paid": "payment_date settled_date settleddate clearing_date date zahlungsdatum",
    "month": "period monat date",
    "currency": "currency_code währung waehrung",
    "on": "date datum valid_from",
    "rate": "exchange_rate kurs",
}
