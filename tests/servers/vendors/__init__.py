"""What vendors' protocols are, for ``tests.servers.bureau``: one module each. Adding one is a module and a line here; then
``test_pull_proofs`` (nobody is charged twice), ``test_bureau_secrets`` and ``test_bureau_doctor`` run on it too."""

from __future__ import annotations

from tests.servers.vendors.base import Vendor
from tests.servers.vendors.coface import IconVendor
from tests.servers.vendors.creditsafe import ConnectVendor
from tests.servers.vendors.dnb import DirectPlusVendor
from tests.servers.vendors.experian import BusinessesVendor

VENDORS: dict[str, type[Vendor]] = {  # by the adapter's name
    "coface": IconVendor,
    "creditsafe": ConnectVendor,
    "dnb": DirectPlusVendor,
    "experian": BusinessesVendor,
}
