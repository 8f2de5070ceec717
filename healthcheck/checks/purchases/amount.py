"""The amount signals: are the purchases of a window lower, or higher, than chance explains?

A moderated gamma-Poisson tail (methods D2): purchases S of a window with expectation E and variance V = k (b0 u E + b1 E^2) are held
against a gamma distribution of that mean and variance, half a typical order u allowed for continuity.
"""

from __future__ import annotations

import numpy as np

from healthcheck.checks.special import gammainc, gammaincc

from .cube import Floats
from .policy import Calibration


def variance(e: Floats, u: Floats, own: Floats, calibration: Calibration) -> Floats:
    return own * (calibration.b0 * u * e + calibration.b1 * e * e)


def p_low(s: Floats, e: Floats, u: Floats, v: Floats) -> Floats:
    """Chance of purchases as low as ``s``."""
    safe_v = np.maximum(v, 1e-9)
    return np.where(e > 0, gammainc(e * e / safe_v, (s + u / 2) * e / safe_v), 1.0)


def p_few(n: Floats, en: Floats, cv2: Floats, calibration: Calibration) -> Floats:
    """Chance of as few orders as ``n``: their number varies with the regularity of the gaps, their value with size besides."""
    scale = calibration.count_b0 * cv2 + calibration.count_b1 * en
    return np.where(en > 0, gammainc(en / scale, (n + 0.5) / scale), 1.0)


def p_high(s: Floats, e: Floats, u: Floats, v: Floats) -> Floats:
    """Chance of purchases as high as ``s``."""
    safe_v = np.maximum(v, 1e-9)
    return np.where(e > 0, gammaincc(e * e / safe_v, np.maximum(s - u / 2, 0.0) * e / safe_v), 1.0)


def p_many(n: Floats, en: Floats, cv2: Floats, calibration: Calibration) -> Floats:
    """Chance of as many orders as ``n``."""
    scale = calibration.count_b0 * cv2 + calibration.count_b1 * en
    return np.where(en > 0, gammaincc(en / scale, np.maximum(n - 0.5, 0.0) / scale), 1.0)
