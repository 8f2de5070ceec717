"""The table of commands. A command is a typed function in a module of this room and one line here."""

from __future__ import annotations

import typer

from healthcheck.cli import checking, demonstrating, digesting, importing, observing, planning, reviewing, setup

app = typer.Typer(
    name="healthcheck",
    help="Routine health checks of large, well-paying customers: before anything is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.callback()(setup.version)
app.command("demo")(demonstrating.demo)
app.command("init")(setup.init)
app.command("import")(importing.import_)
app.add_typer(digesting.app, name="digests")
app.command("check")(checking.check)
app.command("screen")(checking.screen)
app.command("observe")(observing.observe)
app.command("plan")(planning.plan)
app.command("review")(reviewing.review)
app.add_typer(reviewing.flags_app)
app.add_typer(reviewing.pulls_app)
