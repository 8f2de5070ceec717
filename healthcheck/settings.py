"""One Settings object, from the environment and ``.env``. Every variable stands in ``config.example.env`` too (a test keeps them equal)."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from healthcheck.bureau_settings import Price, Unset, Words
from healthcheck.errors import UsageError
from healthcheck.playbook_settings import PlaybookSettings

PREFIX = "HEALTHCHECK_"
Secrets = Annotated[tuple[SecretStr, ...], NoDecode]


class Settings(PlaybookSettings):
    """All settings. Lists are comma-separated; every default lets the demo and a file-only set-up run."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    database_url: str = "sqlite:///healthcheck.db"
    secret_keys: Secrets = ()
    timezone: str = "UTC"
    currency: str = Field("EUR", pattern="^[A-Z]{3}$")

    monthly_quota: Annotated[int | None, Field(ge=1), Unset] = None
    bureaus: Words = ()
    bureau_patience_hours: float = Field(24.0, ge=0)
    bureau_budget: Price = None
    report_max_age_days: int = Field(60, ge=0)
    bureau_confidence: float = Field(0.9, gt=0, le=1)

    active_months: int = Field(12, ge=1)
    large_sales_share: float = Field(0.8, gt=0, le=1)
    large_exposure: Decimal = Field(Decimal(25000), ge=0)
    good_payer_late_days: float = Field(10.0, ge=0)
    good_payer_over_30_share: float = Field(0.10, ge=0, le=1)
    good_payer_skip_days: int = Field(90, ge=0)
    late_days: int = Field(45, ge=1)
    late_amount: Decimal = Field(Decimal(500), ge=0)
    late_share: float = Field(0.02, ge=0, le=1)
    new_first_review_days: int = Field(90, ge=1)
    cycle_high: int = Field(3, ge=1, le=12)
    cycle_medium: int = Field(6, ge=1, le=12)
    cycle_low: int = Field(12, ge=1, le=12)
    cycle_new: int = Field(6, ge=1, le=12)
    cycle_largest: int = Field(6, ge=1, le=12)
    largest_count: int = Field(20, ge=0)
    quota_reserve: float = Field(1.1, ge=1)
    carry_over_share: float = Field(0.2, ge=0, le=1)
    excluded_relationships: Words = ("excluded", "intercompany", "prepaid", "cash")
    report_raw_days: int = Field(365, ge=0)
    monitor_hours: float = Field(24.0, ge=0)
    healthz_address: str = ""
    heartbeat_file: str = ""
    monthly_day: int = Field(1, ge=1, le=31)
    monthly_time: time = time(6, 0)
    catch_up_months: int = Field(3, ge=1)
    ledger_max_age_days: int = Field(14, ge=1)
    ledger_max_shrink: float = Field(0.3, gt=0, lt=1)
    screen_warning_share: float = Field(0.05, gt=0, le=1)

    mail_url: str = "file:./outbox"
    mail_ca_file: str = ""
    mail_from: str = "healthcheck@localhost"
    credit_team: Words = ("credit@localhost",)
    idempotency_header: str = Field("", pattern="^([A-Za-z][A-Za-z0-9-]{0,70})?$")
    on_uncertain: str = Field("resend", pattern="^(resend|hold)$")
    rep_questions: int = Field(5, ge=0)
    public_url: str = ""
    allowed_private_hosts: Words = ()

    carrier: str = "threads"
    carrier_workers: int = Field(4, ge=1, le=256)
    dask_ca_file: str = ""
    dask_cert_file: str = ""
    dask_key_file: str = ""

    log_format: str = Field("text", pattern="^(text|json)$")
    log_level: str = Field("", pattern="^(?i:debug|info|warning|error)?$")

    @field_validator(
        "secret_keys",
        "bureaus",
        "credit_team",
        "excluded_relationships",
        "allowed_private_hosts",
        "coface_products",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)  # much quicker than looking through all names, and asked for every unit of work
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is not a time zone; write one as Europe/Berlin") from None
        return value

    @property
    def keys(self) -> tuple[str, ...]:
        """The secret keys, newest first, in the clear."""
        return tuple(key.get_secret_value() for key in self.secret_keys)

    def business_day(self, now: datetime) -> date:
        """The calendar day at ``now`` in the business time zone."""
        return now.astimezone(ZoneInfo(self.timezone)).date()


def load(**overrides: object) -> Settings:
    """Read the settings; raises UsageError naming the variable and what is wrong with it."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"][:1]).upper()
        given = f", not {first['input']!r}" if isinstance(first["input"], str) and "secret" not in name.lower() else ""
        raise UsageError(
            f"{name}: {first['msg'].removeprefix('Value error, ')}{given} (see config.example.env)"
        ) from None
