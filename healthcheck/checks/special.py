"""The special functions of scipy that the checks need, without the half second that importing ``scipy.special`` takes.

They are one compiled module; the package around it offers them to other array libraries, and imports half of numpy for that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import scipy
from numpy.typing import NDArray

Function = Callable[..., NDArray[np.float64]]
PACKAGE = "scipy.special"


def _functions() -> ModuleType:
    """The compiled module alone; the whole package where it is loaded already, or where it keeps no such module."""
    if PACKAGE in sys.modules:
        return import_module(PACKAGE)
    bare = ModuleType(PACKAGE)
    bare.__path__ = [str(Path(scipy.__file__).with_name("special"))]
    sys.modules[PACKAGE] = bare
    try:
        return import_module(f"{PACKAGE}._ufuncs")
    except ImportError:
        del sys.modules[PACKAGE]
        return import_module(PACKAGE)
    finally:
        if sys.modules.get(PACKAGE) is bare:
            del sys.modules[PACKAGE]


_found = _functions()
betainc: Function = _found.betainc
gammainc: Function = _found.gammainc
gammaincc: Function = _found.gammaincc
