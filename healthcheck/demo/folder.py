"""The demo's folder: made, emptied of an earlier demo, never of anything else."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from healthcheck.errors import UsageError
from healthcheck.settings import PREFIX, Settings

MARKER = ".healthcheck-demo"
_OURS = ("accounts.csv", "invoices.csv", "payments.csv", "plans.csv", "rates.csv", "reports", "outbox", "late", ".env")
_DATABASE = "healthcheck.db"


def prepare(folder: Path) -> None:
    """An empty demo folder. Raises UsageError for a folder that holds something and is no demo, or that we cannot write to."""
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file, not a folder; choose another --dir")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise UsageError(f"{folder} holds something else; choose an empty or a new folder with --dir")
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
        (folder / MARKER).write_text(
            "A demo of healthcheck lives here; running the demo again replaces it.\n", encoding="utf-8"
        )
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}; choose another --dir") from None


def _clear(folder: Path) -> None:
    """Remove what a demo writes; a person's own files stay."""
    for path in [folder / name for name in (*_OURS, *(_DATABASE + end for end in ("", "-wal", "-shm")))]:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def settings(folder: Path) -> Settings:
    """The demo's settings with whole paths; nothing of the caller's environment or .env is in them.

    Writes the same, with paths within the folder, as the folder's own .env.
    """
    values = {
        "secret_keys": secrets.token_urlsafe(32),
        "timezone": "Europe/Amsterdam",
        "bureaus": "file",
        "bureau_budget": "150.00",
        "file_cost_per_pull": "4.20",
        "mail_from": "healthcheck@harbour-pine.example",
        "credit_team": "credit@harbour-pine.example",
        "letter_company": "Harbour & Pine Building Supplies",
        "letter_address": "Quay 7 | 1000 Harbourtown",
        "letter_contact": "Accounts department | credit@harbour-pine.example",
        "letter_pay_to": "First Bank of Nowhere | account 1234567",
        "letter_signed": "Ina Ledger, Accounts department",
    }
    env = folder / ".env"
    env.write_text("".join(f"{PREFIX}{name.upper()}={value}\n" for name, value in values.items()), encoding="utf-8")
    env.chmod(0o600)
    whole = folder.resolve()
    places = {
        "database_url": f"sqlite:///{whole / _DATABASE}",
        "file_folder": str(whole / "reports"),
        "mail_url": f"file:{whole / 'outbox'}",
    }
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    return Settings(**(defaults | values | places))
