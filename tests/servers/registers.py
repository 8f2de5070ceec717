"""What public registers answer: the shapes are theirs, the companies made up."""

from __future__ import annotations

from typing import Any

PROFILE: dict[str, Any] = {
    "company_number": "01234567", "company_name": "NORDA METALS LTD", "type": "ltd", "company_status": "active",
    "jurisdiction": "england-wales", "date_of_creation": "1999-05-18", "etag": "60f4", "can_file": True,
    "registered_office_address": {"address_line_1": "1 Forge Lane", "locality": "Leeds", "postal_code": "LS1 1AA"},
    "accounts": {
        "overdue": False, "next_due": "2026-09-30", "next_accounts": {"due_on": "2026-09-30", "overdue": False},
        "last_accounts": {"made_up_to": "2024-12-31", "type": "full"},
    },
    "confirmation_statement": {"overdue": False, "next_due": "2026-06-01", "last_made_up_to": "2025-05-18"},
    "has_charges": True, "has_insolvency_history": True, "has_been_liquidated": False,
    "registered_office_is_in_dispute": False, "undeliverable_registered_office_address": False,
    "links": {"self": "/company/01234567", "charges": "/company/01234567/charges", "insolvency": "/company/01234567/insolvency"},
}  # fmt: skip
CHARGES: dict[str, Any] = {
    "total_count": 2, "unfiltered_count": 2, "satisfied_count": 1, "part_satisfied_count": 0,
    "items": [
        {"status": "outstanding", "created_on": "2026-01-20", "delivered_on": "2026-01-27", "charge_code": "012345670002",
         "charge_number": 2, "persons_entitled": [{"name": "Sample Bank PLC"}], "particulars": {"floating_charge_covers_all": True}},
        {"status": "fully-satisfied", "created_on": "2004-03-01", "satisfied_on": "2010-08-01", "charge_number": 1},
    ],
}  # fmt: skip
INSOLVENCY: dict[str, Any] = {
    "status": ["voluntary-arrangement"],
    "cases": [
        {"number": "1", "type": "corporate-voluntary-arrangement", "practitioners": [{"name": "A Supervisor"}],
         "dates": [{"type": "voluntary-arrangement-started-on", "date": "2012-02-01"},
                   {"type": "voluntary-arrangement-ended-on", "date": "2015-02-01"}]},
    ],
}  # fmt: skip
OWNERS: dict[str, Any] = {
    "items_per_page": 100, "start_index": 0, "total_results": 2, "active_count": 1, "ceased_count": 1,
    "items": [
        {"name": "Norda Holding Ltd", "kind": "corporate-entity-person-with-significant-control", "notified_on": "2020-04-06",
         "natures_of_control": ["ownership-of-shares-75-to-100-percent"]},
        {"name": "Old Owner Ltd", "kind": "corporate-entity-person-with-significant-control", "notified_on": "2016-04-06",
         "ceased_on": "2020-04-06"},
    ],
}  # fmt: skip


def submissions(*filings: tuple[str, ...]) -> dict[str, Any]:
    """EDGAR's answer with these filings, newest first: form, day, [items]."""
    return {
        "cik": "0001234567", "entityType": "operating", "name": "NORDA METALS INC", "tickers": ["NRDM"], "exchanges": ["NYSE"],
        "fiscalYearEnd": "1231", "addresses": {"business": {"city": "TOLEDO", "stateOrCountry": "OH"}},
        "filings": {
            "recent": {
                "accessionNumber": [f"0001234567-26-{number:06}" for number in range(len(filings))],
                "form": [filing[0] for filing in filings], "filingDate": [filing[1] for filing in filings],
                "items": [filing[2] if len(filing) > 2 else "" for filing in filings],
            },
            "files": [],
        },
    }  # fmt: skip
