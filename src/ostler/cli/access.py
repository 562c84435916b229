"""`ostler user add|list` and `ostler api-token create|list|revoke`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ostler.cli.common import (
    DataOption,
    JsonOption,
    UsageError,
    data_folder,
    moment,
    note,
    now,
    one_sentence,
    print_json,
    print_rows,
)
from ostler.domain.words import Role

users = typer.Typer(help="The people who may log in.", no_args_is_help=True)
api_tokens = typer.Typer(help="Tokens for programs that use the REST interface.", no_args_is_help=True)
RoleOption = Annotated[Role, typer.Option(help="viewer, operator or administrator; each may do more.")]
NameOption = Annotated[str, typer.Option("--name", metavar="N", help="What it is for.")]


@users.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="The name to log in with.")],
    *,
    role: RoleOption = Role.ADMINISTRATOR,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Add a user; asks for the password."""
    from ostler.services import accounts
    from ostler.services.passwords import hash_password
    from ostler.store.session import open_database

    with one_sentence():
        password_hash = hash_password(asked_password(from_input=password_stdin))
        with open_database(data_folder(data)) as db:
            user = accounts.create_user(db, name=name, password_hash=password_hash, role=role, now=now())
            note(db, "user.create", user.name)


@users.command("list")
def list_users(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all users."""
    from ostler.services import accounts
    from ostler.store.session import read_database

    with one_sentence():
        with read_database(data_folder(data)) as db:
            rows = accounts.list_users(db)
        if as_json:
            print_json([row._asdict() for row in rows])
        else:
            print_rows(("Name", "Role", "Since"), [(r.name, r.role, moment(r.created_at)) for r in rows])


@api_tokens.command("create")
def create_api_token(*, name: NameOption, role: RoleOption = Role.VIEWER, data: DataOption = None) -> None:
    """Make a token and print it, alone, on standard output; it cannot be shown again."""
    from ostler.services import accounts
    from ostler.services.passwords import API_TOKEN_PREFIX, make_token
    from ostler.store.session import open_database

    with one_sentence():
        token = make_token(API_TOKEN_PREFIX)
        with open_database(data_folder(data)) as db:
            accounts.create_api_token(db, name=name, role=role, token=token, now=now())
            note(db, "api-token.create", name)
        print(token)


@api_tokens.command("list")
def list_api_tokens(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all API tokens; the tokens themselves are not kept."""
    from ostler.services import accounts
    from ostler.store.session import read_database

    with one_sentence():
        with read_database(data_folder(data)) as db:
            rows = accounts.list_api_tokens(db)
        if as_json:
            print_json([row._asdict() for row in rows])
            return
        print_rows(
            ("Number", "Name", "Role", "Since", "Last used"),
            [(r.id, r.name, r.role, moment(r.created_at), moment(r.last_used_at)) for r in rows],
        )


@api_tokens.command("revoke")
def revoke_api_token(
    number: Annotated[int, typer.Argument(help="The number that `api-token list` shows.")],
    *,
    data: DataOption = None,
) -> None:
    """Make a token useless, at once."""
    from ostler.services import accounts
    from ostler.store.session import open_database

    with one_sentence(), open_database(data_folder(data)) as db:
        token = accounts.delete_api_token(db, number)
        note(db, "api-token.delete", token.name)


def asked_password(*, from_input: bool) -> str:
    """The new password, typed twice at a terminal or read from a pipe."""
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    if not is_terminal():
        raise UsageError("There is no terminal to ask for the password: add --password-stdin.")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def is_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()
