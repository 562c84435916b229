"""Which charging profiles we believe are installed at a station, and what limits it now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from ostler.api.admission import VIEWER
from ostler.api.house import House
from ostler.api.stations import must_know
from ostler.services import limits, profiles
from ostler.store.database import Db
from ostler.store.reading.connectors import connectors_of


class InstalledProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile that the station accepted; `profile` is in the words of its OCPP version."""

    profile_id: int
    evse: int
    purpose: str
    stack_level: int
    transaction_id: int | None
    profile: dict[str, Any]
    installed_at: datetime


class ConnectorLimit(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds an EVSE (0: the whole station) now: amperes a phase, watts in all; null: nothing does.

    `source` is the purpose of the profile that decides.
    """

    evse: int
    current_a: float | None
    power_w: float | None
    source: str
    profile_id: int | None


class ChargingProfiles(msgspec.Struct, frozen=True, kw_only=True):
    """All profiles of a station, and the limits in force."""

    items: list[InstalledProfile]
    limits: list[ConnectorLimit]


@get("/stations/{station_id:str}/charging-profiles", opt=VIEWER, tags=("Charging profiles",))
async def list_charging_profiles(
    *, house: NamedDependency[House], station_id: FromPath[str]
) -> ChargingProfiles:
    """List the charging profiles that we believe are installed, and the limits in force."""
    station = await must_know(house, station_id)
    return await house.store.read(_read, station.pk, house.now())


def _read(db: Db, station_pk: int, now: datetime) -> ChargingProfiles:
    installed = [
        InstalledProfile(
            profile_id=row.profile_id,
            evse=row.evse,
            purpose=row.purpose,
            stack_level=row.stack_level,
            transaction_id=row.transaction,
            profile=row.profile,
            installed_at=row.installed_at,
        )
        for row in profiles.installed(db, station_pk)
    ]
    evses = sorted(
        {0, *(row.evse for row in connectors_of(db, station_pk)), *(row.evse for row in installed)}
    )
    return ChargingProfiles(
        items=installed,
        limits=[
            ConnectorLimit(evse=evse, **msgspec.structs.asdict(limits.in_force(db, station_pk, evse, now)))
            for evse in evses
        ],
    )
