"""Whom a station may serve while it is offline: the content of its local authorization list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, delete, select, update

from ostler.domain.words import TokenStatus
from ostler.store.database import Db
from ostler.store.schema import local_list_entries, station_groups, stations, token_groups, tokens
from ostler.store.statements import Query, Write, upsert


class Entry(NamedTuple):
    """A token in a local list; `key` is the id token in lower case."""

    key: str
    id_token: str
    status: str
    parent: str
    expires_at: datetime | None


class Known(NamedTuple):
    """What was last sent to a station: `version` None: nothing yet."""

    version: int | None
    authorization: str


class Changes(NamedTuple):
    """What brings a list up to date: entries to add or change, id tokens to remove."""

    upserts: list[Entry]
    removals: list[str]


_TOKENS: Select[tuple[str, str, str, str, datetime]] = select(
    tokens.c.key, tokens.c.id_token, tokens.c.status, tokens.c.parent, tokens.c.expires_at
).order_by(tokens.c.key)
EVERY_TOKEN = Query(_TOKENS, Entry)
GROUP_TOKENS = Query(
    _TOKENS.where(
        tokens.c.pk.in_(
            select(token_groups.c.token)
            .join(station_groups, station_groups.c.grp == token_groups.c.grp)
            .where(station_groups.c.station == bindparam("station"))
        )
    ),
    Entry,
)
KNOWN = Query(
    select(stations.c.local_list_version, stations.c.authorization).where(stations.c.pk == bindparam("pk")),
    Known,
)
SENT = Query(
    select(*(local_list_entries.c[name] for name in Entry._fields))
    .where(local_list_entries.c.station == bindparam("station"))
    .order_by(local_list_entries.c.key),
    Entry,
)
KEEP_VERSION = Write(
    update(stations)
    .values(local_list_version=bindparam("version"))
    .where(stations.c.pk == bindparam("of_pk"))
)
KEEP = upsert(local_list_entries, ("station", "key"), Entry._fields[1:])
DROP = Write(
    delete(local_list_entries).where(
        local_list_entries.c.station == bindparam("station"), local_list_entries.c.key == bindparam("key")
    )
)
DROP_ALL = Write(delete(local_list_entries).where(local_list_entries.c.station == bindparam("station")))


def version(db: Db, station_pk: int) -> int | None:
    """The version that the station last accepted from us, None where it has none."""
    known = db.one(KNOWN, pk=station_pk)
    return known.version if known else None


def wanted(db: Db, station_pk: int, now: datetime) -> list[Entry]:
    """Every token that the station knows, with its status at `now`: blocked ones too, so that they stay
    out.
    """
    known = db.one(KNOWN, pk=station_pk)
    if known is None or known.authorization == "none":
        return []
    rows = db.all(EVERY_TOKEN) if known.authorization == "all" else db.all(GROUP_TOKENS, station=station_pk)
    return [_as_of(row, now) for row in rows]


def changes(db: Db, station_pk: int, want: Sequence[Entry]) -> Changes:
    """What differs between `want` and what was last sent."""
    sent = {row.key: row for row in db.all(SENT, station=station_pk)}
    upserts = [entry for entry in want if sent.get(entry.key) != entry]
    keys = {entry.key for entry in want}
    return Changes(upserts, [row.id_token for key, row in sent.items() if key not in keys])


def sent(db: Db, station_pk: int, number: int, delta: Changes, *, full: bool) -> None:
    """Note that the station accepted version `number`: `delta` on top of what it had, or (`full`) instead
    of it.
    """
    if full:
        db.run(DROP_ALL, station=station_pk)
    for entry in delta.upserts:
        db.run(KEEP, station=station_pk, **entry._asdict())
    for id_token in delta.removals:
        db.run(DROP, station=station_pk, key=id_token.casefold())
    db.run(KEEP_VERSION, of_pk=station_pk, version=number)


def _as_of(entry: Entry, now: datetime) -> Entry:
    over = entry.expires_at is not None and entry.expires_at <= now
    return entry._replace(status=TokenStatus.EXPIRED.value) if over and entry.status == "Accepted" else entry
