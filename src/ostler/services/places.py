"""What is known of a connector, its station and its running transaction, read at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self

import msgspec
from sqlalchemy import ColumnElement, UnaryExpression, and_, bindparam, exists, select

from ostler.domain.words import Mark
from ostler.store.database import Db
from ostler.store.schema import connectors, reservations, stations, transactions
from ostler.store.statements import Query


class Transaction(NamedTuple):
    """A row of `transactions`, as far as reports of a station need it."""

    pk: int
    ocpp_id: str
    evse: int
    connector: int
    id_token: str
    token_key: str
    parent: str
    verdict: str
    started_at: datetime
    ended_at: datetime | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    sampled_wh: float | None
    last_register_wh: float | None
    last_sample_at: datetime | None
    marks: list[str] | None
    stop_key: str
    received_at: datetime

    def marked(self, *marks: Mark) -> list[str]:
        """Its marks with `marks` added, each once."""
        return list(dict.fromkeys([*(self.marks or ()), *(mark.value for mark in marks)]))


class Spot(NamedTuple):
    """Who reports of where, and when we heard it. Evse 0 is the whole station."""

    station_pk: int
    station: str
    received_at: datetime
    evse: int = 0
    connector: int = 0

    def of(self, transaction: Transaction) -> Spot:
        """The same report, at the connector of a transaction."""
        return self._replace(evse=transaction.evse, connector=transaction.connector)


class Station(NamedTuple):
    """Which model a station is: what a dialect needs to find its quirks."""

    vendor: str
    model: str
    firmware: str


class Connector(NamedTuple):
    """A row of `connectors`; all None where the station never spoke of it."""

    status: str | None
    error_code: str | None
    info: str | None
    status_at: datetime | None
    changed_at: datetime | None
    power_w: float | None
    register_wh: float | None
    lifetime_wh: float | None
    session_wh: float | None
    measures: dict[str, list[float]] | None
    measured_at: datetime | None


class Place(msgspec.Struct, frozen=True):
    """A connector with its station and, if any, its running transaction.

    `reserved`: the station keeps at least one reservation, wherever.
    """

    reserved: bool
    booted_at: datetime | None
    station: Station
    connector: Connector
    running: Transaction | None

    @classmethod
    def _make(cls, row: Any) -> Self:
        running = Transaction._make(row[16:]) if row[16] is not None else None
        return cls(bool(row[0]), row[1], Station._make(row[2:5]), Connector._make(row[5:16]), running)


class UnknownStationError(LookupError):
    """The station's record was deleted while it was connected."""


RESERVED = "active"
"""The status of a reservation that a station keeps."""
_MODEL = "model"
_NOTHING: dict[Any, Any] = {}
_TRANSACTION = tuple(transactions.c[name] for name in Transaction._fields)
_OF_STATION = transactions.c.station == bindparam("station_pk")
_STATION = Query(
    select(stations.c.vendor, stations.c.model, stations.c.firmware).where(
        stations.c.pk == bindparam("station_pk")
    ),
    into=Station,
)
_RESERVED = exists().where(reservations.c.station == stations.c.pk, reservations.c.status == RESERVED)
_PLACE = Query(
    select(
        _RESERVED.label("reserved"),
        stations.c.booted_at,
        stations.c.vendor,
        stations.c.model,
        stations.c.firmware,
        *(connectors.c[name] for name in Connector._fields),
        *_TRANSACTION,
    )
    .select_from(
        stations.outerjoin(
            connectors,
            and_(
                connectors.c.station == stations.c.pk,
                connectors.c.evse == bindparam("evse_id"),
                connectors.c.connector == bindparam("connector_id"),
            ),
        ).outerjoin(transactions, transactions.c.pk == connectors.c.transaction)
    )
    .where(stations.c.pk == bindparam("station_pk")),
    into=Place,
)


_NEWEST_START = (transactions.c.started_at.desc(), transactions.c.pk.desc())
_NEWEST = (transactions.c.pk.desc(),)  # the order of the indexes on keys: nothing is left to sort
_ANY_ORDER = ()  # else the index of open ones is passed over for one that gives the order, with all history


def _transactions(
    *conditions: ColumnElement[bool],
    order: Sequence[UnaryExpression[Any]] = _NEWEST_START,
    limit: int = 20,
) -> Query[Transaction]:
    found = select(*_TRANSACTION).where(_OF_STATION, *conditions).order_by(*order).limit(limit)
    return Query(found, into=Transaction)


def _newest_first(found: list[Transaction]) -> list[Transaction]:
    return sorted(found, key=lambda one: (one.started_at, one.pk), reverse=True)


_BY_OCPP_ID = _transactions(transactions.c.ocpp_id == bindparam("id"), order=_NEWEST)
_BY_START = _transactions(transactions.c.start_key == bindparam("key"), order=_NEWEST)
_BY_STOP = _transactions(transactions.c.stop_key == bindparam("key"), order=_NEWEST)
_OPEN_AT_PLACE = _transactions(
    transactions.c.evse == bindparam("evse_id"),
    transactions.c.connector == bindparam("connector_id"),
    transactions.c.ended_at.is_(None),
    order=_ANY_ORDER,
)
_OPEN = _transactions(transactions.c.ended_at.is_(None), order=_ANY_ORDER)
_UNSTOPPED = _transactions(transactions.c.stop_key == "")  # open ones have none either
_BEGUN_BY = _transactions(
    transactions.c.evse == bindparam("evse_id"),
    transactions.c.connector == bindparam("connector_id"),
    transactions.c.started_at <= bindparam("latest_start"),
    limit=3,
)


def station(db: Db, station_pk: int) -> Station:
    """Which model it is."""
    known = db.memory.get(station_pk)
    if known is not None and _MODEL in known:
        remembered: Station = known[_MODEL]
        return remembered
    found = db.one(_STATION, station_pk=station_pk)
    if found is None:
        raise UnknownStationError(station_pk)
    db.remember(station_pk, _MODEL, found)
    return found


def find(db: Db, spot: Spot) -> Place:
    """A connector, known or not, of a station that must exist."""
    known = db.memory.get(spot.station_pk)
    if known is not None:
        remembered: Place | None = known.get((spot.evse, spot.connector))
        if remembered is not None:
            return remembered
    db.settle(spot.station_pk)
    found = db.one(_PLACE, station_pk=spot.station_pk, evse_id=spot.evse, connector_id=spot.connector)
    if found is None:
        raise UnknownStationError(spot.station_pk)
    db.remember(spot.station_pk, _MODEL, found.station)
    db.remember(spot.station_pk, (spot.evse, spot.connector), found)
    return found


def remember(db: Db, spot: Spot, place: Place) -> None:
    """`place` is what the database will say of `spot` after this unit of work."""
    db.remember(spot.station_pk, _MODEL, place.station)
    db.remember(spot.station_pk, (spot.evse, spot.connector), place)


def forget(db: Db, station_pk: int) -> None:
    """Read the station's connectors and transactions anew: they are about to be written by hand."""
    db.settle(station_pk)
    db.memory.pop(station_pk, None)


def by_ocpp_id(db: Db, station_pk: int, ocpp_id: str) -> Transaction | None:
    """The station's transaction of that id; another station's is never found."""
    for place in db.memory.get(station_pk, _NOTHING).values():
        if type(place) is Place and place.running is not None and place.running.ocpp_id == ocpp_id:
            return place.running
    db.settle(station_pk)
    return db.one(_BY_OCPP_ID, station_pk=station_pk, id=ocpp_id)


def by_start_key(db: Db, station_pk: int, key: str) -> Transaction | None:
    """The newest transaction with this start."""
    db.settle(station_pk)
    return db.one(_BY_START, station_pk=station_pk, key=key)


def by_stop_key(db: Db, station_pk: int, key: str) -> Transaction | None:
    """The transaction that this stop has ended already."""
    db.settle(station_pk)
    return db.one(_BY_STOP, station_pk=station_pk, key=key)


def open_at(db: Db, spot: Spot) -> list[Transaction]:
    """Open transactions of a connector, newest first."""
    db.settle(spot.station_pk)
    place = {"evse_id": spot.evse, "connector_id": spot.connector}
    return _newest_first(db.all(_OPEN_AT_PLACE, station_pk=spot.station_pk, **place))


def still_open(db: Db, station_pk: int) -> list[Transaction]:
    """Open transactions of a station, newest first; not all at once: ask again when these are closed."""
    db.settle(station_pk)
    return _newest_first(db.all(_OPEN, station_pk=station_pk))


def unstopped(db: Db, station_pk: int) -> list[Transaction]:
    """Transactions whose StopTransaction never came: open ones, and those that the next start closed."""
    db.settle(station_pk)
    return db.all(_UNSTOPPED, station_pk=station_pk)


def during(db: Db, spot: Spot, *, latest_start: datetime, earliest_end: datetime) -> Transaction | None:
    """The newest transaction of a connector that began by then and had not ended before `earliest_end`.

    Those of one connector follow one another, so that only the last few before then come into question:
    the search must not grow with the history.
    """
    db.settle(spot.station_pk)
    begun = db.all(
        _BEGUN_BY,
        station_pk=spot.station_pk,
        evse_id=spot.evse,
        connector_id=spot.connector,
        latest_start=latest_start,
    )
    return next((one for one in begun if one.ended_at is None or one.ended_at >= earliest_end), None)
