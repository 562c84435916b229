"""Stations: what they are, and what their connectors do now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from ostler.api.admission import ADMINISTRATOR, OPERATOR, VIEWER
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page, read_cursor
from ostler.api.problems import Refused, unfit
from ostler.bus.local import Bus
from ostler.domain.words import Role, Status
from ostler.services import keys, removal, stations
from ostler.services.accounts import Visitor
from ostler.services.faults import Missing
from ostler.store.database import Db
from ostler.store.reading.connectors import ConnectorRow, connectors_of
from ostler.store.reading.keyset import Rows

LONGEST_PASSWORD = 64


class Connector(msgspec.Struct, frozen=True, kw_only=True):
    """A connector; evse 0, connector 0 is the whole station. `last_status` is what the station last said."""

    evse: int
    connector: int
    status: str
    last_status: str
    error_code: str
    info: str
    vendor_id: str
    vendor_error_code: str
    status_original: str
    status_at: datetime | None
    changed_at: datetime | None
    in_service: bool
    transaction_id: int | None
    id_token: str | None
    user: str | None
    started_at: datetime | None
    power_w: float | None
    session_energy_wh: float | None
    energy_wh: float
    register_wh: float | None
    measures: dict[str, Any] | None
    measured_at: datetime | None


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A charging station; `id` is its OCPP identity. `authorization`: none, all, or ids of groups."""

    id: str
    name: str
    site: str
    vendor: str
    model: str
    serial: str
    firmware: str
    boot_info: dict[str, Any] | None
    ocpp_version: str
    security_profile: int
    has_password: bool
    authorization: stations.Authorization
    boot: str
    strict: bool
    ping_interval_s: int | None
    close_frame: bool
    heartbeat_interval_s: int | None
    connected: bool
    registration: str | None
    address: str
    created_at: datetime
    booted_at: datetime | None
    connected_at: datetime | None
    disconnected_at: datetime | None
    close_code: int | None
    close_reason: str
    last_seen_at: datetime | None
    local_list_version: int | None
    connectors: list[Connector]


class NewStation(stations.Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A station to be known before it connects; with `password` it must show one."""

    id: str
    password: str | UnsetType = UNSET


class Password(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A password to set, or `generate` for a random one."""

    password: str | UnsetType = UNSET
    generate: bool = False


class ShownPassword(msgspec.Struct, frozen=True, kw_only=True):
    """A station's new password; it is not kept and cannot be shown again."""

    password: str


class StationController(Controller):
    """`/stations`."""

    path = "/stations"
    tags = ("Stations",)

    @get(opt=VIEWER)
    async def list_stations(
        self, *, house: NamedDependency[House], limit: Limit = 100, cursor: Cursor = None
    ) -> Page[Station]:
        """List the stations with their connectors, in the order of their identities."""
        after = read_cursor(cursor, str)
        rows = await house.store.read(_read_stations, house.bus, after[0] if after else "", limit)
        return page(rows, lambda station: station, lambda station: (station.id,))

    @post(opt=ADMINISTRATOR)
    async def create_station(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        data: JSONBody[NewStation],
    ) -> Station:
        """Make a station known."""
        key = None if data.password is UNSET else fit_password(data.password)
        fields = stations.Fields(**{name: getattr(data, name) for name in stations.Fields.__struct_fields__})
        await house.change(
            visitor, "station.create", data.id, stations.create, data.id, fields, key=key, now=house.now()
        )
        return await house.store.read(read_station, house.bus, data.id)

    @get("/{station_id:str}", opt=VIEWER)
    async def get_station(self, *, house: NamedDependency[House], station_id: FromPath[str]) -> Station:
        """Show one station."""
        return await house.store.read(read_station, house.bus, station_id)

    @patch("/{station_id:str}", opt=OPERATOR)
    async def change_station(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        station_id: FromPath[str],
        data: JSONBody[stations.Fields],
    ) -> Station:
        """Change what a person may say of a station. The security profile needs an administrator."""
        if data.security_profile is not UNSET and visitor.role is not Role.ADMINISTRATOR:
            raise Refused(403, "Only an administrator may change the security profile.")
        await house.change(
            visitor, "station.change", station_id, stations.change, station_id, data, now=house.now()
        )
        return await house.store.read(read_station, house.bus, station_id)

    @delete("/{station_id:str}", opt=ADMINISTRATOR)
    async def delete_station(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], station_id: FromPath[str]
    ) -> None:
        """Remove a station and end its connection; its transactions, meter values and messages stay."""
        await house.change(visitor, "station.delete", station_id, _remove, station_id, now=house.now())

    @put("/{station_id:str}/password", opt=ADMINISTRATOR)
    async def set_password(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        station_id: FromPath[str],
        data: JSONBody[Password],
    ) -> ShownPassword:
        """Set the password that the station must show from now on; it is shown only in this answer."""
        if data.generate is (data.password is not UNSET):
            raise unfit("password", 'Give either "password" or "generate": true.')
        password = keys.make_key() if data.password is UNSET else fit_password(data.password)
        await house.change(
            visitor, "station.password", station_id, _set_key, station_id, password, now=house.now()
        )
        return ShownPassword(password=password)


def fit_password(password: str) -> str:
    """A password that stations can be given; raises `Refused`."""
    if not 1 <= len(password.encode()) <= LONGEST_PASSWORD or not password.isprintable():
        raise unfit("password", f"A station's password has 1 to {LONGEST_PASSWORD} printable characters.")
    return password


async def must_know(house: House, identity: str) -> stations.Record:
    """The station's record; raises `Missing`."""
    return await house.store.read(_record, identity)


def _record(db: Db, identity: str) -> stations.Record:
    found = stations.record(db, identity)
    if found is None:
        raise Missing(f"There is no station {identity}.")
    return found


def _set_key(db: Db, identity: str, password: str, *, now: datetime) -> None:
    stations.set_key(db, _record(db, identity).pk, password, confirmed=True, now=now)


def _remove(db: Db, identity: str, *, now: datetime) -> None:
    if not removal.remove(db, identity, now=now):
        raise Missing(f"There is no station {identity}.")


def read_station(db: Db, bus: Bus, identity: str) -> Station:
    """The station as REST shows it; raises `Missing`."""
    found = stations.get(db, identity)
    if found is None:
        raise Missing(f"There is no station {identity}.")
    return _show(db, found, connected=bus.connected(identity))


def _read_stations(db: Db, bus: Bus, after: str, limit: int) -> Rows[Station]:
    found = stations.listed(db, after=after, limit=limit + 1)
    shown = [_show(db, station, connected=bus.connected(station.id)) for station in found[:limit]]
    return Rows(shown, len(found) > limit)


def _show(db: Db, station: stations.Station, *, connected: bool) -> Station:
    kept = {name: getattr(station, name) for name in Station.__struct_fields__ if name in station._fields}
    kept["authorization"] = stations.authorization(db, station)
    return Station(
        **kept,
        has_password=station.has_key,
        connected=connected,
        connectors=[_connector(row, connected=connected) for row in connectors_of(db, station.pk)],
    )


def _connector(row: ConnectorRow, *, connected: bool) -> Connector:
    """Away, a connector is offline and its power is not known; what runs on it may go on."""
    kept = {name: getattr(row, name) for name in Connector.__struct_fields__ if name in row._fields}
    kept["status"] = row.status if connected else Status.OFFLINE.value
    kept["power_w"] = row.power_w if connected else None
    return Connector(
        **kept,
        last_status=row.status,
        transaction_id=row.transaction,
        session_energy_wh=row.session_wh,
        energy_wh=row.lifetime_wh,
    )
