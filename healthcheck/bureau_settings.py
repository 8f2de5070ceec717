"""The settings of the bureaus, by adapter. The price of a paid one has no default: nothing is taken for free that is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode


def _blank_is_unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Unset = BeforeValidator(_blank_is_unset)
Price = Annotated[Decimal | None, Field(ge=0), Unset]
Days = Annotated[int | None, Field(ge=0), Unset]
Rate = Annotated[float | None, Field(gt=0), Unset]  # requests a minute
Words = Annotated[tuple[str, ...], NoDecode]


class BureauSettings(BaseSettings):
    """Part of ``healthcheck.settings.Settings``. ``<bureau>_raw_days``: None is ``report_raw_days``."""

    file_folder: str = "./reports"
    file_cost_per_pull: Decimal = Field(Decimal(0), ge=0)
    file_raw_days: Days = None

    creditsafe_username: str = ""
    creditsafe_password: SecretStr = SecretStr("")
    creditsafe_base_url: str = "https://connect.sandbox.creditsafe.com/v1"
    creditsafe_cost_per_pull: Price = None
    creditsafe_rate_limit: Rate = None
    creditsafe_de_reason: str = "1"
    creditsafe_raw_days: Days = None
    creditsafe_portfolio: str = Field("", pattern=r"^\d*$")

    dnb_key: SecretStr = SecretStr("")
    dnb_secret: SecretStr = SecretStr("")
    dnb_base_url: str = "https://plus.dnb.com"
    dnb_auth_version: str = Field("v2", pattern="^v[23]$")
    dnb_cost_per_pull: Price = None
    dnb_rate_limit: Rate = None
    dnb_blocks: str = "companyinfo_L2_v1,financialstrengthinsight_L2_v1,paymentinsight_L1_v1,eventfilings_L1_v1,hierarchyconnections_L1_v1"
    dnb_de_reason: str = "6332"
    dnb_raw_days: Days = None

    experian_username: str = ""
    experian_password: SecretStr = SecretStr("")
    experian_client_id: str = ""
    experian_client_secret: SecretStr = SecretStr("")
    experian_subcode: str = ""
    experian_base_url: str = "https://sandbox-us-api.experian.com"
    experian_login_path: str = "/oauth2/v1/token"
    experian_cost_per_pull: Price = None
    experian_rate_limit: Rate = None
    experian_report: str = Field("multisegments", pattern="^(multisegments|premierprofiles|scores)$")
    experian_segments: str = (
        "commercialScore,fsrScore,creditStatus,tradePaymentSummary,legalFilingsCollectionsSummary,bankruptcyDetail,lienDetail,"
        "judgmentDetail,corporateRegistration,corporateLinkagePartial"
    )
    experian_model_code: str = ""
    experian_raw_days: Days = None

    companies_house_api_key: SecretStr = SecretStr("")
    companies_house_base_url: str = "https://api.company-information.service.gov.uk"
    companies_house_rate_limit: Rate = 120
    companies_house_raw_days: Days = None

    coface_username: str = ""
    coface_password: SecretStr = SecretStr("")
    coface_api_key: SecretStr = SecretStr("")
    coface_base_url: str = "https://icon-api-test.coface.com/dataapi-v1"
    coface_login_url: str = "https://api.coface.com/authentication/v1"
    coface_products: Words = ("full-report",)
    coface_cost_per_pull: Price = None
    coface_rate_limit: Rate = None
    coface_de_interest: str = ""
    coface_raw_days: Days = None

    sec_edgar_user_agent: str = ""
    sec_edgar_base_url: str = "https://data.sec.gov"
    sec_edgar_rate_limit: Rate = 600
    sec_edgar_raw_days: Days = None
