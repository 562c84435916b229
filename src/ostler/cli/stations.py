"""`ostler station add|list|accept|key`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

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

if TYPE_CHECKING:
    from ostler.store.database import Db

app = typer.Typer(help="The charging stations that Ostler knows.", no_args_is_help=True)
Identity = Annotated[str, typer.Argument(metavar="ID", help="The station's OCPP identity.")]
AuthorizationOption = Annotated[
    str | None,
    typer.Option(
        metavar="none|all|GROUP",
        help="Whom it serves: nobody, all known tokens, or an authorization group (several with commas).",
        show_default="none",
    ),
]
PasswordOption = Annotated[
    str | None,
    typer.Option(
        "--password",
        metavar="P",
        help="The key that it must show; - reads it from standard input, where no process list shows it.",
    ),
]
GenerateOption = Annotated[
    bool, typer.Option("--generate", help="Make a random key and print it, alone, on standard output.")
]


@app.command("add")
def add(
    identity: Identity,
    *,
    name: Annotated[str | None, typer.Option(help="A name for people.")] = None,
    password: PasswordOption = None,
    generate: GenerateOption = False,
    authorization: AuthorizationOption = None,
    data: DataOption = None,
) -> None:
    """Make a station known, so that it is served when it connects."""
    from msgspec import UNSET

    from ostler.services import stations
    from ostler.store.session import open_database

    with one_sentence():
        key = chosen_key(password, generate=generate)
        with open_database(data_folder(data)) as db:
            fields = stations.Fields(
                name=UNSET if name is None else name,
                authorization=UNSET if authorization is None else meant_authorization(db, authorization),
            )
            stations.create(db, identity, fields, key=key, now=now())
            note(db, "station.create", identity)
        if generate:
            print(key)


@app.command("list")
def list_stations(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List all stations."""
    from ostler.services import stations
    from ostler.store.session import read_database

    with one_sentence():
        rows = []
        with read_database(data_folder(data)) as db:
            after = ""
            while page := stations.listed(db, after=after):
                rows += [(station, stations.authorization(db, station)) for station in page]
                after = page[-1].id
        if as_json:
            print_json([{**station._asdict(), "authorization": whom} for station, whom in rows])
            return
        print_rows(
            ("ID", "Name", "Vendor", "Model", "Firmware", "OCPP", "Key", "Serves", "Last seen"),
            [
                (
                    station.id,
                    station.name,
                    station.vendor,
                    station.model,
                    station.firmware,
                    station.ocpp_version,
                    "yes" if station.has_key else "no",
                    whom if isinstance(whom, str) else f"groups {', '.join(map(str, whom))}",
                    moment(station.last_seen_at),
                )
                for station, whom in rows
            ],
        )


@app.command("waiting")
def list_waiting(*, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List unknown stations that tried to connect."""
    from ostler.services import waiting_room
    from ostler.store.session import read_database

    with one_sentence():
        with read_database(data_folder(data)) as db:
            rows = waiting_room.listed(db)
        if as_json:
            print_json([row._asdict() for row in rows])
            return
        print_rows(
            ("ID", "Vendor", "Model", "Address", "Attempts", "Last seen"),
            [(r.id, r.vendor, r.model, r.address, r.attempts, moment(r.last_seen_at)) for r in rows],
        )


@app.command("accept")
def accept(identity: Identity, *, authorization: AuthorizationOption = None, data: DataOption = None) -> None:
    """Let a station in that waits in the waiting room (see `ostler station waiting`)."""
    from msgspec import UNSET

    from ostler.services import stations, waiting_room
    from ostler.store.session import open_database

    with one_sentence(), open_database(data_folder(data)) as db:
        whom = UNSET if authorization is None else meant_authorization(db, authorization)
        waiting_room.accept(db, identity, stations.Fields(authorization=whom), now=now())
        note(db, "station.accept", identity)


@app.command("key")
def set_key(
    identity: Identity,
    *,
    password: PasswordOption = None,
    generate: GenerateOption = False,
    data: DataOption = None,
) -> None:
    """Set the key that a station must show from now on; enter the same at the station."""
    from ostler.services import stations
    from ostler.services.faults import Missing
    from ostler.store.session import open_database

    with one_sentence():
        key = chosen_key(password, generate=generate)
        if key is None:
            raise UsageError("Say which key: --password P, or --generate for a random one.")
        with open_database(data_folder(data)) as db:
            record = stations.record(db, identity)
            if record is None:
                raise Missing(f"There is no station {identity}. `ostler station list` shows all.")
            stations.set_key(db, record.pk, key, confirmed=True, now=now())
            note(db, "station.key", identity)
        if generate:
            print(key)


def chosen_key(password: str | None, *, generate: bool) -> str | None:
    """The key that was meant by the two options."""
    from ostler.services import keys

    if password is not None and generate:
        raise UsageError("Give --password or --generate, not both.")
    if password == "-":  # noqa: S105 - where to read it
        return sys.stdin.readline().rstrip("\n")
    return keys.make_key() if generate else password


def meant_authorization(db: Db, text: str) -> Literal["none", "all"] | list[int]:
    """Whom a station serves: the words, or groups by name or number."""
    match text:
        case "none" | "all":
            return text
        case _:
            return [meant_group(db, name.strip()) for name in text.split(",")]


def meant_group(db: Db, name: str) -> int:
    """The group called `name`, or with that number."""
    from ostler.services import groups
    from ostler.services.faults import Unfit

    pk = groups.find_group(db, name)
    if pk is None and name.isdigit():
        pk = groups.get_group(db, int(name)).id
    if pk is None:
        raise Unfit(f'There is no authorization group "{name}"; use none, all or a known one.')
    return pk
