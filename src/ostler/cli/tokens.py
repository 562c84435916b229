"""`ostler token add|list`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from ostler.cli.common import (
    DataOption,
    JsonOption,
    data_folder,
    moment,
    note,
    now,
    one_sentence,
    print_json,
    print_rows,
)

app = typer.Typer(help="The tokens (cards, app accounts) that may charge.", no_args_is_help=True)

MOST = 1_000_000


@app.command("add")
def add(
    id_token: Annotated[str, typer.Argument(metavar="IDTOKEN", help="As stations send it (idTag).")],
    *,
    name: Annotated[str, typer.Option(help="Whose it is.")] = "",
    group: Annotated[
        list[str] | None, typer.Option(help="An authorization group; made if need be. Repeat it.")
    ] = None,
    parent: Annotated[str, typer.Option(help="Token group: its tokens may stop each other's charging.")] = "",
    parallel: Annotated[
        bool, typer.Option("--parallel", help="May charge at several places at once.")
    ] = False,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="When, UTC.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Make a token known."""
    from ostler.services import groups, tokens
    from ostler.store.session import open_database

    with one_sentence(), open_database(data_folder(data)) as db:
        pks = []
        for wanted in group or ():
            found = groups.find_group(db, wanted)
            pks.append(groups.create_group(db, name=wanted, now=now()).id if found is None else found)
        new = tokens.NewToken(
            id_token=id_token,
            name=name,
            parent=parent,
            parallel=parallel,
            expires_at=None if expires is None else expires.replace(tzinfo=UTC),
            groups=tuple(pks),
        )
        tokens.create_token(db, new, now())
        note(db, "token.create", id_token)


@app.command("list")
def list_tokens(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all tokens."""
    from ostler.services import groups, tokens
    from ostler.store.session import read_database

    with one_sentence():
        with read_database(data_folder(data)) as db:
            rows = tokens.list_tokens(db, limit=MOST).rows
            names = {row.id: row.name for row in groups.list_groups(db, limit=MOST).rows}
            found = [(row, [names[pk] for pk in tokens.groups_of(db, row.id)]) for row in rows]
        if as_json:
            print_json([{**row._asdict(), "groups": within} for row, within in found])
            return
        print_rows(
            ("Token", "Name", "Status", "Expires", "Parallel", "Groups"),
            [
                (
                    row.id_token,
                    row.name,
                    row.status,
                    moment(row.expires_at),
                    "yes" if row.parallel else "no",
                    ", ".join(within),
                )
                for row, within in found
            ],
        )
