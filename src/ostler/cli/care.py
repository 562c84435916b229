"""`ostler doctor`, `ostler config show`, `ostler db upgrade`."""

from __future__ import annotations

import typer

from ostler.cli.common import (
    FAILED,
    ConfigOption,
    DataOption,
    JsonOption,
    data_folder,
    one_sentence,
    print_json,
    read_settings,
)

config = typer.Typer(help="The settings.", no_args_is_help=True)
database = typer.Typer(help="The database.", no_args_is_help=True)
SIGNS = {"ok": "[green]ok[/green]", "warning": "[yellow]warning[/yellow]", "problem": "[red]problem[/red]"}


@config.command("show")
def show_config(*, data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the settings that are in force, secrets masked, and where each comes from."""
    from ostler.settings import effective

    with one_sentence():
        rows = list(effective(read_settings(data, config)))
    if as_json:
        print_json({key: {"value": value, "origin": where} for key, value, where in rows})
        return
    for key, value, where in rows:
        print(f"{key} = {'' if value is None else value}  # {where}")


@database.command("upgrade")
def upgrade_database(*, data: DataOption = None) -> None:
    """Bring the database up to date, with a backup first; the server does the same when it starts."""
    from ostler.store import migrations
    from ostler.store.lock import prepare

    with one_sentence():
        folder = data_folder(data)
        prepare(folder)
        backup = migrations.upgrade(folder)
    print("The database is up to date." + (f" Before: {backup}" if backup else ""))


def doctor(*, data: DataOption = None, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Look for what is wrong, and say what to do about it. Ends with 1 if there is a problem."""
    from rich.console import Console
    from rich.markup import escape

    from ostler.cli.checks import examine

    with one_sentence():
        findings = examine(read_settings(data, config).settings)
    if as_json:
        print_json(findings)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for finding in findings:
            console.print(f"{SIGNS[finding.state]} {escape(finding.what)}: {escape(finding.detail)}")
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(FAILED)
