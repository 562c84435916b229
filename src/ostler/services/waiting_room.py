"""Stations that knocked and are not known yet, and the minutes in which new ones are taken in unasked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select, update

from ostler.domain.events import StationWaiting
from ostler.services import keys, stations
from ostler.services.faults import Fault, Missing
from ostler.services.stations import Fields
from ostler.store.database import Db
from ostler.store.schema import settings, waiting_room
from ostler.store.statements import Query, Write, upsert
from ostler.store.types import from_ms, to_ms

MOST_WAITING = 1000
LONGEST_WINDOW_MINUTES = 24 * 60
_WINDOW = "joining_window_until_ms"


class Waiting(NamedTuple):
    """An identity that knocked; `has_key`: it showed a key, which is adopted when a person accepts it."""

    id: str
    status: str
    address: str
    subprotocols: str
    first_seen_at: datetime
    last_seen_at: datetime
    attempts: int
    vendor: str
    model: str
    serial: str
    firmware: str
    has_key: bool


class Knock(NamedTuple):
    """What the gateway asks before it refuses somebody; the record may be newer than its own."""

    record: stations.Record | None
    blocked: bool
    window_open: bool


class Introduction(NamedTuple):
    """What a stranger says of itself in its BootNotification."""

    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""


class _Status(NamedTuple):
    status: str
    attempts: int
    key_salt: bytes | None
    key_hash: bytes | None


class _Value(NamedTuple):
    value: object


class _Total(NamedTuple):
    total: int


_WAITING = select(
    *(
        waiting_room.c.key_hash.is_not(None).label("has_key") if name == "has_key" else waiting_room.c[name]
        for name in Waiting._fields
    )
)
_OF = Query(_WAITING.where(waiting_room.c.id == bindparam("identity")), into=Waiting)
_LIST = Query(
    _WAITING.where(waiting_room.c.status.in_(["waiting", "blocked"])).order_by(
        waiting_room.c.last_seen_at.desc(), waiting_room.c.id
    ),
    into=Waiting,
)
_LIST_ALL = Query(_WAITING.order_by(waiting_room.c.last_seen_at.desc(), waiting_room.c.id), into=Waiting)
_STATUS = Query(
    select(*(waiting_room.c[name] for name in _Status._fields)).where(
        waiting_room.c.id == bindparam("identity")
    ),
    into=_Status,
)
_COUNT = Query(select(func.count()).select_from(waiting_room), into=_Total)
_PUT = upsert(
    waiting_room,
    ["id"],
    ["address", "subprotocols", "first_seen_at", "last_seen_at", "attempts", "key_salt", "key_hash"],
)
_AGAIN = Write(
    update(waiting_room)
    .where(waiting_room.c.id == bindparam("identity"))
    .values({name: bindparam(name) for name in ("address", "subprotocols", "last_seen_at", "attempts")})
)
_SET_KEY = Write(
    update(waiting_room)
    .where(waiting_room.c.id == bindparam("identity"))
    .values({name: bindparam(name) for name in ("key_salt", "key_hash")})
)
_INTRODUCE = Write(
    update(waiting_room)
    .where(waiting_room.c.id == bindparam("identity"))
    .values({name: bindparam(name) for name in Introduction._fields})
)
_SET_STATUS = Write(
    update(waiting_room)
    .where(waiting_room.c.id == bindparam("identity"))
    .values(status=bindparam("new_status"))
)
_REMOVE = Write(delete(waiting_room).where(waiting_room.c.id == bindparam("identity")))
# Those that a person blocked stay for as long as others can make room.
_DROP_OLDEST = Write(
    delete(waiting_room).where(
        waiting_room.c.id.in_(
            select(waiting_room.c.id)
            .order_by(waiting_room.c.status == "blocked", waiting_room.c.last_seen_at)
            .limit(bindparam("most"))
        )
    )
)
_SETTING = Query(select(settings.c.value).where(settings.c.name == bindparam("wanted")), into=_Value)
_SET = upsert(settings, ["name"], ["value"])


def listed(db: Db, *, ignored: bool = False) -> list[Waiting]:
    """Return who waits, the latest first; those that a person ignores only when asked for."""
    return db.all(_LIST_ALL if ignored else _LIST)


def get(db: Db, identity: str) -> Waiting | None:
    """Return one that waits."""
    return db.one(_OF, identity=identity)


def accept(db: Db, identity: str, fields: Fields | None = None, *, now: datetime) -> int:
    """Make a station of one that waits, with the key that it showed, and return its pk.

    Raises `Missing` when it does not wait, `Conflict` and `Unfit` as `stations.create` does.
    """
    waiting = db.one(_STATUS, identity=identity)
    if waiting is None:
        raise Missing(f"{identity} is not in the waiting room.")
    pk = stations.create(db, identity, fields or Fields(), now=now)
    if waiting.key_salt is not None and waiting.key_hash is not None:
        stations.adopt_key(db, pk, keys.Kept(waiting.key_salt, waiting.key_hash), confirmed=True, now=now)
    db.run(_REMOVE, identity=identity)
    return pk


def ignore(db: Db, identity: str) -> bool:
    """Show it no longer; False when it does not wait."""
    return db.run(_SET_STATUS, identity=identity, new_status="ignored") > 0


def block(db: Db, identity: str) -> bool:
    """Refuse it at the door; False when it does not wait."""
    return db.run(_SET_STATUS, identity=identity, new_status="blocked") > 0


def unblock(db: Db, identity: str) -> bool:
    """Let it wait again; False when it does not wait."""
    return db.run(_SET_STATUS, identity=identity, new_status="waiting") > 0


def remember(
    db: Db, identity: str, *, address: str, subprotocols: str, key: keys.Kept | None, now: datetime
) -> None:
    """Note that an unknown identity knocked, with the key that it showed; the oldest make room for it."""
    known = db.one(_STATUS, identity=identity)
    if known is None:
        count = db.one(_COUNT)
        if count is not None and count.total >= MOST_WAITING:
            db.run(_DROP_OLDEST, most=count.total - MOST_WAITING + 1)
        db.run(
            _PUT,
            id=identity,
            address=address,
            subprotocols=subprotocols,
            first_seen_at=now,
            last_seen_at=now,
            attempts=1,
            key_salt=None,
            key_hash=None,
        )
    else:
        attempts = known.attempts + 1
        db.run(
            _AGAIN,
            identity=identity,
            address=address,
            subprotocols=subprotocols,
            last_seen_at=now,
            attempts=attempts,
        )
    if key is not None:
        db.run(_SET_KEY, identity=identity, key_salt=key.salt, key_hash=key.hash)
    if known is None or known.status == "waiting":
        db.emit(StationWaiting(at=now, station=identity, address=address))


def introduce(db: Db, identity: str, introduction: Introduction, *, address: str, now: datetime) -> None:
    """Note what a stranger says of itself."""
    db.run(_INTRODUCE, identity=identity, **introduction._asdict())
    db.emit(StationWaiting(at=now, station=identity, address=address))


def knock(db: Db, identity: str, *, now: datetime) -> Knock:
    """Look up all that decides whether somebody may come in; costs the same whatever is found."""
    record = stations.record(db, identity)
    status = db.one(_STATUS, identity=identity)
    until = window_until(db)
    blocked = status is not None and status.status == "blocked"
    return Knock(record, blocked, until is not None and now < until)


def open_window(db: Db, minutes: int, *, now: datetime) -> datetime | None:
    """Take in unknown stations for `minutes` (0 closes); returns until when."""
    until = now + timedelta(minutes=min(minutes, LONGEST_WINDOW_MINUTES)) if minutes > 0 else None
    db.run(_SET, name=_WINDOW, value=None if until is None else to_ms(until))
    return until


def window_until(db: Db) -> datetime | None:
    """Return until when unknown stations are taken in, perhaps in the past."""
    found = db.one(_SETTING, wanted=_WINDOW)
    return from_ms(found.value) if found is not None and isinstance(found.value, int) else None


def join(db: Db, identity: str, *, now: datetime) -> stations.Record | None:
    """Make a station of an unknown identity because the joining window is open; None when it is not."""
    until = window_until(db)
    if until is None or now >= until:
        return None
    if stations.record(db, identity) is None:
        try:
            stations.create(db, identity, Fields(), now=now)
        except Fault:
            return None
    db.run(_REMOVE, identity=identity)
    return stations.record(db, identity)
