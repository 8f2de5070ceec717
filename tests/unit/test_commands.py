import typer

from healthcheck.cli.app import COMMANDS, load


def test_each_command_is_listed_with_the_words_it_says_of_itself():
    for name, (_, listed) in COMMANDS.items():
        found = load(name)
        own = found.info.help if isinstance(found, typer.Typer) else found.__doc__
        assert own.startswith(listed), name


def test_help_lists_every_command_and_version_answers(cli):
    listed = cli("--help")
    assert listed.code == 0
    assert all(f"\n  {name} " in listed.out for name in COMMANDS)
    assert cli("--version").out.startswith("healthcheck ")


def test_every_command_has_help(cli):
    for name in COMMANDS:
        shown = cli(name, "--help")
        assert (shown.code, "Usage:" in shown.out) == (0, True), name


def test_an_unknown_command_is_exit_2(cli):
    wrong = cli("reviews")
    assert (wrong.code, wrong.out) == (2, "")
    assert "No such command" in wrong.err
