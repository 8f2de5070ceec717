"""The checks, in the order people read them. Adding one is a module and a line here.

A module has ``Policy`` (frozen dataclass with defaults), ``assess(columns, as_of, policy, calibration)`` and, if it learns from the whole
book, ``Calibration`` (frozen dataclass with defaults, JSON types only) and ``calibrate(columns, as_of, policy)``.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

CHECKS = {
    "payments": "healthcheck.checks.payments",
    "purchases": "healthcheck.checks.purchases",
    "bank": "healthcheck.checks.bank",
    "credit": "healthcheck.checks.credit",
    "field": "healthcheck.checks.field",
}


def load(name: str) -> ModuleType:
    """The module of the check called ``name``; imported on first use."""
    return import_module(CHECKS[name])
