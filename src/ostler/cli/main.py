"""All commands in one tree."""

from __future__ import annotations

from typing import Annotated

import typer

import ostler
from ostler.cli import access, backups, care, running, stations, tokens

app = typer.Typer(
    name="ostler",
    help="A self-hosted OCPP central system for charging stations.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(running.serve)
app.command("sim")(running.sim)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("doctor")(care.doctor)
app.add_typer(stations.app, name="station")
app.add_typer(tokens.app, name="token")
app.add_typer(access.users, name="user")
app.add_typer(access.api_tokens, name="api-token")
app.add_typer(care.config, name="config")
app.add_typer(care.database, name="db")


def show_version(wanted: bool) -> None:
    """Print the version and end, if that is wanted."""
    if wanted:
        print(f"ostler {ostler.__version__}")
        raise typer.Exit


@app.callback()
def common(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """A self-hosted OCPP central system for charging stations."""


def main() -> None:
    """Entry of the program."""
    app()
