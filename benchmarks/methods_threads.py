"""One thread for everybody: costs an account, not of a machine. Import it before numpy and polars."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")
