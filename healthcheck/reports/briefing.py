"""The seven-questions brief as people read it: on the terminal, and as a page that prints. Decides nothing."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from healthcheck.playbook.brief import CONFIDENTIAL, Brief, Question
from healthcheck.reports.templating import render
from healthcheck.reports.text import lines

TRACK = 100  # days that the clock's line shows


def page(brief: Brief) -> str:
    """The brief as one HTML page in its language; its print style makes a PDF of it in any browser."""
    return render("letters/brief.html", b=lines(brief), say=brief.language.say, at=_place, here=_place(brief.days))


def _place(day: int) -> float:
    """Where a day lies on the clock's line, in per cent."""
    return round(100 * min(max(day, 0), TRACK) / TRACK, 1)


def print_brief(brief: Brief, console: Console | None = None) -> None:
    """The brief on a terminal."""
    say, s = brief.language.say, brief.situation
    parts: list[RenderableType] = [_head(brief), Text(say(f"for.{brief.audience}"), style="dim")]
    for question in brief.questions:
        parts += [Text(), Text(f"{question.number}  {question.title}", style="bold cyan"), *_question(brief, question)]
    if brief.open_asks:
        parts += [Text(), Text(say("head.open_asks", n=brief.open_asks), style="yellow")]
    title = Text.assemble((f"{s.customer.name} ", "bold"), f"({s.customer.account})")
    subtitle = f"{say('title')} · {say('as_of', on=s.as_of)}"
    out = console or Console(highlight=False)
    out.print(
        Panel(
            Group(*parts),
            title=title,
            subtitle=Text(subtitle),
            title_align="left",
            subtitle_align="right",
            padding=(1, 2),
        )
    )


def _head(brief: Brief) -> Text:
    say, s, step = brief.language.say, brief.situation, brief.decided.step
    oldest = say("head.oldest.days", n=brief.days) if brief.days else say("head.oldest.none")
    parts = {
        "past_due": (brief.language.money(s.past_due, s.currency), "bold red" if s.past_due else "bold"),
        "oldest": (oldest, "bold"),
        "stage": (f"{say(f'stage.{step.stage}')} {say(f'sales.{step.sales}')}", "bold"),
    }
    said = [Text.assemble((f"{say(f'head.{name}')}: ", "dim"), value) for name, value in parts.items()]
    return Text("   ").join(said)


def _question(brief: Brief, question: Question) -> list[RenderableType]:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=22)
    table.add_column(ratio=1)
    for answer in question.answers:
        mark = f"  [{brief.language.say(f'source.{answer.source}')}]" if answer.source in CONFIDENTIAL else ""
        table.add_row(Text(answer.label, style="dim"), Text.assemble(answer.text, (mark, "magenta")))
    for contact in question.contacts:
        said = " · ".join(part for part in (contact.how, contact.by, contact.said) if part)
        table.add_row(Text(brief.language.day(contact.on), style="dim"), Text(said))
    for ask in question.asks:
        table.add_row(Text("?", style="bold yellow", justify="right"), _ask(ask.text, ask.command))
    return [table]


def _ask(text: str, command: str) -> Text:
    return Text.assemble((text, "yellow"), (f"\n{command}" if command else "", "dim"))
