"""The commands. ``main`` is where the process begins and where errors become one line and an exit code."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line: exit 0 done, 1 needs a person, 2 wrong use or bad input."""
    from healthcheck.cli.app import app
    from healthcheck.errors import HealthcheckError

    try:
        app()
    except HealthcheckError as error:
        print(f"healthcheck: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("healthcheck: stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
