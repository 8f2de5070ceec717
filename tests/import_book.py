"""A database and a folder that files are imported from."""

import itertools
from datetime import UTC, datetime

from sqlmodel import select

from healthcheck.intake.run import Options, import_files
from healthcheck.settings import Settings
from healthcheck.store.session import read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEAD = "account,invoice,issued,due,amount"


class Book:
    def __init__(self, engine, folder):
        self.engine, self.folder, self.counter = engine, folder, itertools.count()

    def load(self, kind, *texts, encoding="utf-8", **options):
        settings = options.pop("settings", {"secret_keys": "test-key"})
        paths = [self.folder / f"{kind}-{next(self.counter)}.csv" for _ in texts]
        for path, text in zip(paths, texts, strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return import_files(self.engine, kind, paths, Options(**options), Settings(**settings), NOW)

    def all(self, model, *order):
        with read(self.engine) as session:
            return session.exec(select(model).order_by(*(order or [model.id]))).all()

    def one(self, model):
        (row,) = self.all(model)
        return row


def counts(result):
    return result.added, result.updated, result.unchanged, result.rejected
