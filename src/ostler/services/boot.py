"""A station reports for duty."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update

from ostler.domain.events import StationBooted, StationChanged
from ostler.domain.words import Boot
from ostler.services import places
from ostler.services.places import Spot, UnknownStationError
from ostler.store.database import Db
from ostler.store.schema import stations
from ostler.store.statements import Query, Write

REGISTRATION = {Boot.ACCEPTED: "Accepted", Boot.PENDING: "Pending", Boot.REJECTED: "Rejected"}


class Registered(NamedTuple):
    """How a BootNotification is answered."""

    registration: str
    interval_s: int


class _Policy(NamedTuple):
    boot: str
    heartbeat_interval_s: int | None
    vendor: str
    model: str
    firmware: str


_BY_PK = stations.c.pk == bindparam("station_pk")
_POLICY = Query(select(*(stations.c[name] for name in _Policy._fields)).where(_BY_PK), into=_Policy)
_FIELDS = ("vendor", "model", "serial", "firmware", "boot_info", "registration", "booted_at")
_BOOTED = Write(update(stations).where(_BY_PK).values({name: bindparam(f"new_{name}") for name in _FIELDS}))


class Nameplate(NamedTuple):
    """What a station says of itself, whatever its length; `info` is the rest."""

    vendor: str
    model: str
    serial: str = ""
    firmware: str = ""
    info: dict[str, Any] | None = None


def register(db: Db, spot: Spot, plate: Nameplate, *, default_interval_s: int = 300) -> Registered:
    """Keep the nameplate, and answer as the station's record orders.

    Its open transactions stay open: after a boot they may go on, or their stop still comes (OCPP 1.6 §3.7).
    """
    policy = db.one(_POLICY, station_pk=spot.station_pk)
    if policy is None:
        raise UnknownStationError(spot.station_pk)
    registration = REGISTRATION[Boot(policy.boot)]
    places.forget(db, spot.station_pk)
    db.run(
        _BOOTED,
        station_pk=spot.station_pk,
        new_vendor=plate.vendor,
        new_model=plate.model,
        new_serial=plate.serial,
        new_firmware=plate.firmware,
        new_boot_info=plate.info or None,
        new_registration=registration,
        new_booted_at=spot.received_at,
    )
    booted = StationBooted(
        at=spot.received_at,
        station=spot.station,
        registration=registration,
        vendor=plate.vendor,
        model=plate.model,
        firmware=plate.firmware,
    )
    db.emit(booted)
    if (plate.vendor, plate.model, plate.firmware) != (policy.vendor, policy.model, policy.firmware):
        db.emit(StationChanged(at=spot.received_at, station=spot.station))
    return Registered(registration, policy.heartbeat_interval_s or default_interval_s)
