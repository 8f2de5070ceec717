"""Purchases: actual against anticipated.

A plan where there is one, else a moderated gamma-Poisson expectation with season; a silence test; surges against the limit.
"""

from __future__ import annotations

from .assess import assess
from .learn import calibrate
from .policy import Calibration, Policy

__all__ = ["Calibration", "Policy", "assess", "calibrate"]
