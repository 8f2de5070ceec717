from __future__ import annotations

import csv
import json

from healthcheck.bureaus.file import FileBureau
from healthcheck.bureaus.testing import DAY, SUBJECT, Conformance
from healthcheck.settings import load


class TestFileJson(Conformance):
    def bureau(self, body, tmp_path):
        (tmp_path / f"{SUBJECT.account}_{DAY}.json").write_text(json.dumps(body), encoding="utf-8")
        return FileBureau(load(file_folder=str(tmp_path)))


class TestFileCsv(Conformance):
    def bureau(self, body, tmp_path):
        cells = {
            "account": SUBJECT.account,
            "date": body["reported_on"],
            **_flat({**body, "legal": None, **body["legal"][0]}),
        }
        with (tmp_path / "reports.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, cells)
            writer.writeheader()
            writer.writerow(cells)
        return FileBureau(load(file_folder=str(tmp_path)))


def _flat(body):
    cells = {}
    for name, value in body.items():
        if name in ("kind", "open", "amount", "date", "ref"):
            cells[f"legal_{name}"] = value
        elif isinstance(value, dict):
            cells |= {f"{name}_{part}": "|".join(v) if isinstance(v, list) else v for part, v in value.items()}
        elif name != "reported_on":
            cells[name] = "|".join(value) if isinstance(value, list) else value
    return cells
