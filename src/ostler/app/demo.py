"""The demonstration: a data folder of its own, two virtual stations, four tokens in a group."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, func, select

from ostler.app.problems import StartError
from ostler.services import groups, stations, tokens
from ostler.settings import Loaded, Settings
from ostler.sim import DEMO_STATIONS, DEMO_TOKENS
from ostler.store.database import Db
from ostler.store.schema import settings as switches
from ostler.store.schema import stations as known_stations
from ostler.store.schema import users
from ostler.store.statements import Query, upsert

LOOPBACK = "127.0.0.1"
FOLDER = "demo"
GROUP = "Demonstration"
MARK = "demonstration"


class _Value(NamedTuple):
    value: Any


class _Count(NamedTuple):
    rows: int


_MARKED = Query(select(switches.c.value).where(switches.c.name == bindparam("name")), into=_Value)
_SET = upsert(switches, ["name"], ["value"])
_KNOWN = Query(
    select(
        select(func.count()).select_from(known_stations).scalar_subquery()
        + select(func.count()).select_from(users).scalar_subquery()
    ),
    into=_Count,
)


def demo_settings(loaded: Loaded) -> Settings:
    """The same settings, on this machine alone and, unless a folder was chosen, with data of its own."""
    settings = loaded.settings
    data = settings.data if "data" in loaded.origins else settings.data / FOLDER
    return msgspec.structs.replace(
        settings,
        demo=True,
        data=data,
        ocpp=msgspec.structs.replace(settings.ocpp, host=LOOPBACK, plain=True, tls_port=None),
        http=msgspec.structs.replace(settings.http, host=LOOPBACK, demo=True),
    )


def furnish(db: Db, now: datetime) -> None:
    """Make group, tokens and stations in an empty folder; raises `StartError` for a folder in real use."""
    if db.one(_MARKED, name=MARK) is not None:
        return
    known = db.one(_KNOWN)
    if known is None or known.rows:
        raise StartError(
            "The demonstration needs no login, so it does not open a folder with real data."
            " Choose another folder with --data, or leave --demo out."
        )
    db.run(_SET, name=MARK, value=True)
    group = groups.create_group(db, name=GROUP, now=now)
    for id_token in DEMO_TOKENS:
        name = id_token.rpartition("-")[2].capitalize()
        tokens.create_token(db, tokens.NewToken(id_token=id_token, name=name, groups=(group.id,)), now)
    for identity in DEMO_STATIONS:
        fields = stations.Fields(name=identity.replace("-", " ").capitalize(), authorization=[group.id])
        stations.create(db, identity, fields, now=now)
