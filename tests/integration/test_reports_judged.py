from __future__ import annotations

import json
from datetime import date

from healthcheck.bureaus.base import Ready, Subject
from healthcheck.bureaus.file import FileBureau
from healthcheck.checks.credit import Policy, assess
from healthcheck.ledger.read import read_columns
from healthcheck.settings import load
from healthcheck.store.books import Account
from healthcheck.store.session import write
from healthcheck.store.work import Report


def test_two_reports_of_a_folder_are_stored_and_compared_as_known_on_the_day(engine, tmp_path):
    folder = tmp_path / "reports" / "C042"
    folder.mkdir(parents=True)
    for day, band, limit in (("2026-03-02", "B", 240000), ("2026-10-19", "D", 60000)):
        body = {"score": {"band": band, "bands": list("ABCDE")}, "limit": {"amount": limit}}
        (folder / f"{day}.json").write_text(json.dumps(body), encoding="utf-8")
    bureau = FileBureau(load(file_folder=str(folder.parent)))
    with write(engine) as session:
        session.add(Account(id=1, account="C042"))
        session.flush()
        for as_of in (date(2026, 3, 31), date(2026, 10, 31)):
            ready = bureau.order(Subject("C042"), as_of, "k")
            assert isinstance(ready, Ready)
            said = ready.report
            session.add(
                Report(
                    account_id=1,
                    bureau="file",
                    as_of=as_of,
                    reported_on=said.reported_on,
                    body=said.to_body(),
                    raw=ready.raw,
                )
            )

    def outcome(as_of):
        return assess(read_columns(engine, as_of, "EUR"), as_of, Policy())["outcome"].to_list()

    assert outcome(date(2026, 10, 31)) == ["urgent"]
    assert outcome(date(2026, 10, 30)) == ["clear"]  # bought the day after
    assert outcome(date(2026, 3, 30)) == []
