"""The table of commands. A command is a typed function in a module of this room and one line here."""

from __future__ import annotations

import typer

from healthcheck.cli import checking, setup

app = typer.Typer(
    name="healthcheck",
    help="Routine health checks of large, well-paying customers: before anything is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.callback()(setup.version)
app.command("init")(setup.init)
app.command("check")(checking.check)
app.command("screen")(checking.screen)
