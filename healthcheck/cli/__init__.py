"""The commands. ``main`` is where the process begins and where errors become one line and an exit code."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line: exit 0 done, 1 needs a person, 2 wrong use or bad input."""
    from healthcheck.cli.app import assemble
    from healthcheck.errors import HealthcheckError

    try:
        assemble(sys.argv[1:])()
    except HealthcheckError as error:
        _stop(str(error))
    except KeyboardInterrupt:
        _stop("stopped", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; say no more at the end
        sys.exit(1)
    except OSError as error:
        _stop(f"{error.filename or 'the system'}: {error.strerror or error}")
    except Exception as error:
        _stop(
            _of_database(error)
            or f"a fault of healthcheck itself ({type(error).__name__}); please report it with {_kept_trace()}"
        )


def _of_database(error: Exception) -> str:
    """What the database would not do; empty if it is something else. A full disk or a lock is no fault of ours."""
    from sqlalchemy.exc import DBAPIError, OperationalError

    from healthcheck.store.session import trouble

    theirs = isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    return trouble(error) if isinstance(error, DBAPIError) and theirs else ""


def _stop(line: str, code: int = 2) -> None:
    from healthcheck.logs import redacted

    print(f"healthcheck: {redacted(' '.join(line.split()))}", file=sys.stderr)
    sys.exit(code)


def _kept_trace() -> str:
    """Write the traceback to a file, without the values of variables; its path."""
    import tempfile
    import traceback

    from healthcheck.logs import redacted

    with tempfile.NamedTemporaryFile(
        "w", prefix="healthcheck-fault-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        file.write(redacted(traceback.format_exc()))
    return file.name
