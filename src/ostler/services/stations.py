"""The stations that we know: their records, keys and groups."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Column, bindparam, delete, insert, literal_column, null, select, update

from ostler.domain.events import StationChanged
from ostler.services import keys
from ostler.services.faults import Conflict, Missing, Unfit
from ostler.store.database import Db
from ostler.store.schema import (
    charging_profiles,
    connectors,
    groups,
    local_list_entries,
    parameters,
    profile_habits,
    station_groups,
    stations,
)
from ostler.store.statements import Query, Write

LONGEST_IDENTITY = 48  # OCPP-J 2.0.1 §3.1.1

Authorization = Literal["none", "all"] | list[int]
"""Whom a station serves: nobody, every known token, or those of some authorization groups (their pks)."""


class Fields(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person may say of a station; what is UNSET stays as it is."""

    name: str | UnsetType = UNSET
    site: str | UnsetType = UNSET
    security_profile: Literal[0, 1, 2, 3] | UnsetType = UNSET
    authorization: Authorization | UnsetType = UNSET
    boot: Literal["accepted", "pending", "rejected"] | UnsetType = UNSET
    strict: bool | UnsetType = UNSET
    ping_interval_s: int | UnsetType | None = UNSET
    close_frame: bool | UnsetType = UNSET
    heartbeat_interval_s: int | UnsetType | None = UNSET


class Record(NamedTuple):
    """What the gateway must know before and while it serves a station."""

    pk: int
    id: str
    vendor: str
    model: str
    firmware: str
    security_profile: int
    key_salt: bytes | None
    key_hash: bytes | None
    key_shown: bool
    boot: str
    strict: bool
    ping_interval_s: int | None
    close_frame: bool
    heartbeat_interval_s: int | None
    registration: str | None
    epoch: int


class Station(NamedTuple):
    """All that is kept of a station, but its key."""

    pk: int
    id: str
    name: str
    site: str
    vendor: str
    model: str
    serial: str
    firmware: str
    boot_info: Any
    ocpp_version: str
    security_profile: int
    has_key: bool
    key_shown: bool
    authorization: str
    boot: str
    strict: bool
    ping_interval_s: int | None
    close_frame: bool
    heartbeat_interval_s: int | None
    registration: str | None
    created_at: datetime
    booted_at: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    last_seen_at: datetime | None
    address: str
    close_code: int | None
    close_reason: str
    epoch: int
    local_list_version: int | None


class _Group(NamedTuple):
    pk: int


class _Identity(NamedTuple):
    id: str


class _Removed(NamedTuple):
    pk: int


def _fresh(column: Column[Any]) -> Any:
    """What a new row has in a column."""
    default: Any = column.server_default
    return null() if default is None else literal_column(f"'{default.arg}'")


_HERE = stations.c.removed_at.is_(None)
_RECORD = select(*(stations.c[name] for name in Record._fields)).where(_HERE)
_RECORDS = Query(_RECORD, into=Record)
_RECORD_OF = Query(_RECORD.where(stations.c.id == bindparam("identity")), into=Record)
_STATION = select(
    *(
        stations.c.key_hash.is_not(None).label("has_key") if name == "has_key" else stations.c[name]
        for name in Station._fields
    )
).where(_HERE)
_STATION_OF = Query(_STATION.where(stations.c.id == bindparam("identity")), into=Station)
_STATIONS = Query(
    _STATION.where(stations.c.id > bindparam("after")).order_by(stations.c.id).limit(bindparam("most")),
    into=Station,
)
_GROUPS = Query(
    select(station_groups.c.grp)
    .where(station_groups.c.station == bindparam("station_pk"))
    .order_by(station_groups.c.grp),
    into=_Group,
)
_GROUP = Query(select(groups.c.pk).where(groups.c.pk == bindparam("grp")), into=_Group)
_INSERT = Write(insert(stations).values({name: bindparam(name) for name in ("id", "created_at")}))
_JOIN_GROUP = Write(insert(station_groups).values(station=bindparam("station"), grp=bindparam("grp")))
_LEAVE_GROUPS = Write(delete(station_groups).where(station_groups.c.station == bindparam("station_pk")))
_REMOVED = Query(select(stations.c.pk).where(stations.c.id == bindparam("identity"), ~_HERE), into=_Removed)
_BRING_BACK = Write(
    update(stations)
    .where(stations.c.pk == bindparam("station_pk"))
    .values(
        {column.name: _fresh(column) for column in stations.c if column.name not in {"pk", "id"}}
        # The epoch tells connections of the station that was from those of the one that is.
        | {"created_at": bindparam("now"), "epoch": stations.c.epoch + 1}
    )
)
_TAKE_OUT = Write(
    update(stations)
    .where(stations.c.pk == bindparam("station_pk"))
    .values(removed_at=bindparam("now"), key_salt=None, key_hash=None)
)
_FORGET = tuple(
    Write(delete(table).where(table.c.station == bindparam("station_pk")))
    for table in (
        charging_profiles,
        connectors,
        local_list_entries,
        parameters,
        profile_habits,
        station_groups,
    )
)
_SET_KEY = Write(
    update(stations)
    .where(stations.c.pk == bindparam("station_pk"))
    .values(key_salt=bindparam("salt"), key_hash=bindparam("hash"), key_shown=bindparam("shown"))
)
_RAISE_PROFILE = Write(
    update(stations)
    .where(stations.c.pk == bindparam("station_pk"), stations.c.security_profile == 0)
    .values(security_profile=1)
)
_KEY_SHOWN = Write(update(stations).where(stations.c.pk == bindparam("station_pk")).values(key_shown=True))
_IDENTITY = Query(select(stations.c.id).where(stations.c.pk == bindparam("station_pk")), into=_Identity)


def identity_problem(identity: str) -> str | None:
    """Say what keeps `identity` from being an OCPP identity, if anything."""
    if not identity:
        return "A station needs an identity: what stands at the end of the address that it connects to."
    if len(identity) > LONGEST_IDENTITY:
        return f"An identity has at most {LONGEST_IDENTITY} characters."
    if not identity.strip(". "):
        return "An identity has letters or digits."
    if not identity.isprintable() or "/" in identity or ":" in identity:
        return "An identity has no slash, no colon and no control characters."
    return None


def records(db: Db) -> list[Record]:
    """Return what the gateway must know of all stations."""
    return db.all(_RECORDS)


def record(db: Db, identity: str) -> Record | None:
    """Return what the gateway must know of one station."""
    return db.one(_RECORD_OF, identity=identity)


def get(db: Db, identity: str) -> Station | None:
    """Return one station."""
    return db.one(_STATION_OF, identity=identity)


def listed(db: Db, *, after: str = "", limit: int = 1000) -> list[Station]:
    """Return stations in the order of their identities, those behind `after`."""
    return db.all(_STATIONS, after=after, most=limit)


def group_pks(db: Db, pk: int) -> list[int]:
    """Return the authorization groups whose tokens the station serves."""
    return [group.pk for group in db.all(_GROUPS, station_pk=pk)]


def authorization(db: Db, station: Station) -> Authorization:
    """Return whom the station serves, as REST says it."""
    match station.authorization:
        case "all":
            return "all"
        case "groups":
            return group_pks(db, station.pk)
        case _:
            return "none"


def create(db: Db, identity: str, fields: Fields, *, key: str | None = None, now: datetime) -> int:
    """Add a station, with the key that it must show, if any; returns its pk. Raises `Conflict`, `Unfit`."""
    problem = identity_problem(identity)
    if problem is not None:
        raise Unfit(problem, field="id")
    if record(db, identity) is not None:
        raise Conflict(f"There is a station {identity} already.", field="id")
    _check(db, fields, has_key=key is not None)
    pk = _bring_back(db, identity, now) or db.insert(_INSERT, id=identity, created_at=now)
    _apply(db, pk, fields)
    if key is not None:
        set_key(db, pk, key, confirmed=True, now=now)
    else:
        db.emit(StationChanged(at=now, station=identity))
    return pk


def change(db: Db, identity: str, fields: Fields, *, now: datetime) -> int:
    """Change what `fields` says and return the pk; raises `Missing`, `Conflict`, `Unfit`."""
    found = record(db, identity)
    if found is None:
        raise Missing(f"There is no station {identity}.")
    _check(db, fields, has_key=found.key_hash is not None)
    _apply(db, found.pk, fields)
    db.emit(StationChanged(at=now, station=identity))
    return found.pk


def take_out(db: Db, pk: int, *, now: datetime) -> None:
    """Hide a station and forget its settings and key. See `removal.remove`."""
    db.run(_TAKE_OUT, station_pk=pk, now=now)
    _forget(db, pk)
    _changed(db, pk, now, deleted=True)


def set_key(db: Db, pk: int, key: str | bytes, *, confirmed: bool = False, now: datetime) -> None:
    """Keep the hash of a new key in place of the old one.

    `confirmed`: a person set it, it is required at once. Otherwise the station was given it over OCPP and may
    still connect without, as far as its security profile allows, until it first shows it.
    """
    adopt_key(db, pk, keys.keep(key.encode() if isinstance(key, str) else key), confirmed=confirmed, now=now)


def adopt_key(db: Db, pk: int, kept: keys.Kept, *, confirmed: bool, now: datetime) -> None:
    """The same for a key of which only the hash is known."""
    db.run(_SET_KEY, station_pk=pk, salt=kept.salt, hash=kept.hash, shown=confirmed)
    if confirmed:
        db.run(_RAISE_PROFILE, station_pk=pk)
    _changed(db, pk, now)


def key_shown(db: Db, pk: int, *, now: datetime) -> None:
    """Note that the station used its key: from now on it cannot do without."""
    db.run(_KEY_SHOWN, station_pk=pk)
    db.run(_RAISE_PROFILE, station_pk=pk)
    _changed(db, pk, now)


def _bring_back(db: Db, identity: str, now: datetime) -> int | None:
    """Make a removed station as good as new, with its history; gives its pk."""
    found = db.one(_REMOVED, identity=identity)
    if found is None:
        return None
    db.run(_BRING_BACK, station_pk=found.pk, now=now)
    _forget(db, found.pk)  # its last connection may have told more after the removal
    return found.pk


def _forget(db: Db, pk: int) -> None:
    for statement in _FORGET:
        db.run(statement, station_pk=pk)


def _changed(db: Db, pk: int, now: datetime, *, deleted: bool = False) -> None:
    found = db.one(_IDENTITY, station_pk=pk)
    if found is not None:
        db.emit(StationChanged(at=now, station=found.id, deleted=deleted))


def _check(db: Db, fields: Fields, *, has_key: bool) -> None:
    """Raise what keeps `fields` from being applied, if anything."""
    if fields.security_profile not in {UNSET, 0} and not has_key:
        detail = "Set a password for the station first: this security profile needs one."
        raise Conflict(detail, field="security_profile")
    if isinstance(fields.authorization, list):
        for pk in fields.authorization:
            if db.one(_GROUP, grp=pk) is None:
                raise Unfit(f"There is no authorization group {pk}.", field="authorization")


def _apply(db: Db, pk: int, fields: Fields) -> None:
    """Write what is set, with a statement made for it: people do not change stations often."""
    values = {
        name: value for name in fields.__struct_fields__ if (value := getattr(fields, name)) is not UNSET
    }
    allowed = values.get("authorization")
    if allowed is not None:
        db.run(_LEAVE_GROUPS, station_pk=pk)
        if isinstance(allowed, list):
            for group in sorted(set(allowed)):
                db.run(_JOIN_GROUP, station=pk, grp=group)
            values["authorization"] = "groups"
    if values:
        db.run(
            Write(update(stations).where(stations.c.pk == bindparam("station_pk")).values(values)),
            station_pk=pk,
        )
