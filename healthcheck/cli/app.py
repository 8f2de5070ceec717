"""The table of commands. A command is a typed function in a module of this room and one line here.

Only the module of the command that is called is imported; the others are named with their help alone, so that ``--help`` is quick
(a test keeps the two equal).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer

COMMANDS = {
    "demo": ("demonstrating:demo", "The main job on a fictitious book: import, a month's review, digests as files."),
    "init": ("setup:init", "Create or upgrade the database; write a .env with fresh SECRET_KEYS where there is none."),
    "doctor": ("doctoring:doctor", "Say what is configured, what is missing, what is unsafe."),
    "import": ("importing:import_", "Import files of a ledger. The same file twice changes nothing."),
    "plan": ("planning:plan", "Whose turn it is, why, what it costs, and who would outlive their cycle."),
    "review": ("reviewing:review", "Review a month: plan it, do what is missing, send the digests."),
    "digests": ("digesting:app", "The monthly mails: list them, read them, send them."),
    "status": ("standing:status", "What runs, what waits, what failed, and the coming month."),
    "run": ("running:run", "The scheduler: begins each month when it is due, and sends the mails."),
    "flags": ("reviewing:flags_app", "What the checks found and a person must answer."),
    "check": ("checking:check", "Check one account now: can we ship this?"),
    "screen": ("checking:screen", "Run the ledger checks over every account: free of charge, no paid call."),
    "backtest": ("backtesting:backtest", "Replay past month-ends on your own book: what would you have got?"),
    "observe": ("observing:observe", "Record what a rep heard and saw at a customer."),
    "late": ("late:late", "Who is past due: the stage, who acts, the next step and when."),
    "record": (
        "recording:record",
        "Record what was said and done about an account: contacts, promises, disputes, and when sales must keep out.",
    ),
    "pulls": ("reviewing:pulls_app", "Bureau reports bought, refused, or in doubt."),
    "bureaus": ("linking:app", "Whom we ask for credit reports, and which of their companies an account is."),
    "brief": (
        "briefing:brief",
        "Seven questions before the next step: answered from the books, and marked where a person must answer.",
    ),
    "agency": ("agency:app", "Hand over late accounts: whether, what is missing, the file, and the results."),
    "insurance": ("insuring:app", "What is insured, and what the credit insurer must hear by when."),
    "letters": ("lettering:app", "Letters to customers: what is due to go out, preview, send, print, standing orders."),
    "audit": ("standing:audit_app", "The record of what was done: does it hold?"),
}
HELP = "Routine health checks of large, well-paying customers: before anything is wrong."


def load(name: str) -> Any:
    """The command called ``name``: a function, or a group of commands."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    return getattr(import_module(f"healthcheck.cli.{module}"), attribute)


def assemble(words: Sequence[str]) -> typer.Typer:
    """The application for this command line: the command it calls, and the names of all others."""
    app = typer.Typer(
        name="healthcheck",
        help=HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback(help=HELP)(_version)
    called = next((word for word in words if not word.startswith("-")), None)
    for name, (_, said) in COMMANDS.items():
        found = load(name) if name == called else None
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, help=None if found else said)(found or _elsewhere)
    return app


def _elsewhere() -> None:
    raise NotImplementedError("another command was called")


def _print_version(wanted: bool) -> None:
    if wanted:
        from healthcheck import __version__

        print(f"healthcheck {__version__}")
        raise typer.Exit


def _version(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    pass
