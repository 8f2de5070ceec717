"""A reviewed month of fictitious firms, for the tests of what people receive."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlmodel import Session

from healthcheck.settings import Settings
from healthcheck.store.books import Account
from healthcheck.store.session import write
from healthcheck.store.work import Finding, Flag, FlagEvent, Month, Observation, Pull, Review

NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
AS_OF = date(2026, 11, 22)
CANARY = "BUREAU-CANARY"

NORDA = f"The bureau's score fell from B to D since the report of March, and its recommended limit from 240,000 to 60,000 ({CANARY})."
ALVA = (
    "In the last 90 days 11 invoices in 4 pay runs fell due and all ran past 15 days late, against 4 of 39 in the year before; "
    "2 are still unpaid."
)


def settings(**more) -> Settings:
    given = {
        "credit_team": "credit@nordwind.example", "mail_from": "Health check <healthcheck@nordwind.example>",
        "bureaus": "file", "bureau_budget": "400",
    }  # fmt: skip
    return Settings(_env_file=None, **{**given, **more})


class World:
    """Adds rows to a session, month by month."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, row):
        self.session.add(row)
        self.session.flush()
        return row

    def month(self, name="2026-11", as_of=AS_OF, **more):
        given = {"state": "closed", "quota": 120, "planned_at": NOW, "closed_at": NOW}
        return self.add(Month(month=name, as_of=as_of, **{**given, **more}))

    def account(self, number, name, **more):
        return self.add(Account(account=number, name=name, **more))

    def review(self, month, account, verdict, findings, exposure=0, limit=None, past_due=0, oldest=0, **more):
        """``findings``: check -> (outcome, summary) or (outcome, summary, signals)."""
        facts = {
            "exposure": exposure * 100, "limit": limit and limit * 100, "past_due": past_due * 100, "oldest_days": oldest,
            "unconverted": None, "group": None, "group_exposure": None, "group_limit": None, "class": "eligible",
        }  # fmt: skip
        review = self.add(
            Review(
                month_id=month.id,
                account_id=account.id,
                reason="rotation",
                state=more.pop("state", "done"),
                verdict=verdict,
                exposure=exposure * 100,
                facts={**facts, **more.pop("facts", {})},
                **more,
            )
        )
        for check, (outcome, summary, *signals) in findings.items():
            self.add(
                Finding(
                    review_id=review.id,
                    check=check,
                    outcome=outcome,
                    score=0.5,
                    summary=summary,
                    evidence={},
                    signals=signals[0] if signals else None,
                )
            )
        return review

    def flag(self, account, check, outcome="flag", raised=AS_OF, due=date(2026, 11, 26), **more):
        given = {"summary": "", "owner": "credit team", "raised_month": f"{raised:%Y-%m}", "changed_on": raised}
        return self.add(
            Flag(account_id=account.id, check=check, outcome=outcome, raised_on=raised, due=due, **{**given, **more})
        )


def quiet(bank="unknown", payments="clear"):
    """Findings of an account with which all is well."""
    return {
        "payments": (
            payments,
            "Pays on the day as ever: 48 of 48 invoices of the last year were settled by their due date.",
        ),
        "purchases": ("clear", "Bought EUR 61,200 in the last quarter; EUR 58,900 was expected."),
        "bank": (bank, "No paying bank is known from the books."),
        "credit": ("clear", f"Score B and limit unchanged since March ({CANARY})."),
        "field": ("not_applicable", "Nobody has been asked yet."),
    }


SUMMARY = {
    "counts": {"eligible": 1344, "small": 2210, "new": 31, "late": 2, "inactive": 410, "excluded": 12},
    "needed": 145, "quota": 120,
    "outlive": [{"account": f"C8{n:02d}", "name": f"Ostrova Papir {n}", "on": "2027-03-12"} for n in range(34)],
    "waited": [{"account": "C311", "name": "Pellworm Netze KG", "why": "the month's report budget is used up"}],
    "late": [{"account": "C044", "name": "Brackwater Timber Ltd", "past_due": 1840000, "oldest_days": 52}],
    "screen": {"accounts": 1344, "flagged": 21}, "ledger": {"latest": "2026-11-20"},
    "cycles": {"3": 38, "6": 201, "12": 1105}, "coverage": {"eligible": 1344, "within_cycle": 1310},
    "pulls": {"reused": 52}, "cost": "256.20", "budget": "400.00",
}  # fmt: skip


def fill(engine) -> Month:
    """120 reviewed accounts: 3 need a look, 114 are fine, 3 could not be judged; flags of earlier months; money spent."""
    with write(engine) as session:
        world = World(session)
        march = world.month("2026-03", date(2026, 3, 23), planned_at=datetime(2026, 3, 23, tzinfo=UTC))
        october = world.month(
            "2026-10", date(2026, 10, 22), planned_at=datetime(2026, 10, 22, tzinfo=UTC),
            closed_at=datetime(2026, 10, 22, 3, tzinfo=UTC),
        )  # fmt: skip
        month = world.month(summary=SUMMARY)
        _loud(world, march, month)
        _quiet_ones(world, month)
        _older(world, october)
        return month


def _loud(world, march, month):
    maria = {"sales_rep": "Maria Thorsen", "rep_email": "maria.thorsen@nordwind.example"}
    norda = world.account("C042", "Norda Metall GmbH", **maria)
    alva = world.account("C117", "Alva Sp. z o.o.", **maria)
    sund = world.account("C203", "Sundhavn Reefer A/S", sales_rep="Karl Brandt", manager_email="lead@nordwind.example")
    world.review(march, norda, "clear", quiet())
    world.review(march, alva, "watch", quiet(payments="watch"))
    world.review(month, norda, "urgent", {**quiet(), "credit": ("urgent", NORDA)}, 212000, 250000)
    late = {**quiet("clear"), "payments": ("flag", ALVA), "bank": ("clear", "Pays from the same bank as ever.")}
    world.review(month, alva, "flag", late, 131500, 150000, 44200, 33)
    surge = {"amount": {"outcome": "clear"}, "silence": {"outcome": "clear"}, "surge": {"outcome": "flag"}}
    more = (
        "flag",
        "Bought EUR 68,800 in six weeks, three times what was expected, and 98 % of the limit is used.",
        surge,
    )
    world.review(
        month, sund, "flag", {**quiet(), "purchases": more}, 68800, 70000,
        facts={"group_exposure": 14500000, "group_limit": 12000000, "unconverted": "USD 1200.00"},
    )  # fmt: skip
    world.flag(norda, "credit", "urgent")
    world.flag(alva, "payments", due=date(2026, 12, 6))
    world.flag(sund, "purchases", due=date(2026, 12, 6))
    doubt = {"key": "k1", "state": "UNCERTAIN", "cost": 420, "intent_at": NOW}
    world.add(Pull(account_id=sund.id, bureau="file", month="2026-11", **doubt))


def _quiet_ones(world, month):
    """Rows by the hundred, so one flush a table."""
    per = {"sales_rep": "Per Lund", "rep_email": "per.lund@nordwind.example"}
    accounts = [Account(account=f"D{n:03d}", name=f"Haldane Works {n:03d} Ltd", **per) for n in range(117)]
    world.session.add_all(accounts)
    world.session.flush()
    reviews = [_review(month, account, n) for n, account in enumerate(accounts)]
    world.session.add_all(reviews)
    world.session.flush()
    none = ("unknown", "Fewer than 5 invoices in the last year.")
    for n, review in enumerate(reviews):
        found = dict.fromkeys(quiet(), none) if n < 3 else quiet("unknown" if n < 74 else "clear")
        world.session.add_all(
            Finding(review_id=review.id, check=check, outcome=outcome, summary=summary, evidence={})
            for check, (outcome, summary) in found.items()
        )
    stored = {"bureau": "file", "month": "2026-11", "state": "STORED", "cost": 420, "intent_at": NOW}
    world.session.add_all(Pull(account_id=one.id, key=f"p{n}", **stored) for n, one in enumerate(accounts[:61]))


def _review(month, account, n):
    given = {"reason": "rotation", "state": "done", "verdict": "unknown" if n < 3 else "clear"}
    owed = 100_000 + 100 * n
    return Review(
        month_id=month.id, account_id=account.id, exposure=owed, facts={"exposure": owed, "limit": 2000000}, **given
    )


def _older(world, october):
    for number, name, check, raised in (
        ("E01", "Reva Konserven AG", "purchases", date(2026, 9, 22)),
        ("E02", "Tamm & Oja OÜ", "payments", date(2026, 10, 22)),
        ("E03", "Kestrel Ltd", "bank", date(2026, 10, 22)),
        ("E04", "Lindqvist Möbler AB", "credit", date(2026, 10, 22)),
    ):
        account = world.account(number, name)
        world.review(october, account, "flag", {**quiet(), check: ("flag", f"{check} was found.")}, 5000)
        state = {"state": "acknowledged", "decision": "limit cut to 40,000"} if check == "credit" else {}
        flag = world.flag(account, check, raised=raised, due=date(2026, 11, 5), **state)
        for what, note in (("raised", ""), ("decided", "limit cut" if check != "bank" else "no action")):
            at = datetime(2026, 11, 2, 9, tzinfo=UTC)
            world.add(FlagEvent(flag_id=flag.id, on=at.date(), at=at, what=what, outcome="flag", note=note))


def observe(engine, account_id, activity="busy", on=AS_OF):
    with write(engine) as session:
        session.add(Observation(account_id=account_id, on=on, activity=activity, at=NOW))
