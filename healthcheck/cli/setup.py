"""``init``: the first command of an installation."""

from __future__ import annotations

from pathlib import Path

from healthcheck.cli import common


def init() -> None:
    """Create or upgrade the database; write a .env with fresh SECRET_KEYS where there is none."""
    import secrets

    from healthcheck.store import schema
    from healthcheck.store.session import connect

    chosen = common.settings()
    schema.upgrade(connect(chosen.database_url, chosen.keys))
    print(f"the database is ready: {chosen.database_url.rpartition('@')[2]}")
    env = Path(".env")
    if not chosen.secret_keys and not env.exists():
        env.write_text(f"HEALTHCHECK_SECRET_KEYS={secrets.token_urlsafe(32)}\n", encoding="utf-8")
        env.chmod(0o600)
        print("wrote .env with a fresh secret key: keep it, and keep it out of version control")
