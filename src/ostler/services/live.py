"""What a connector shows now: power, register, lifetime energy, latest values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from ostler.domain import measures
from ostler.domain.events import ConnectorChanged
from ostler.domain.registers import Meter
from ostler.domain.status_words import AT_REST
from ostler.domain.words import Status
from ostler.services import places
from ostler.services.places import Connector, Place, Spot, Transaction
from ostler.store.database import Db
from ostler.store.schema import connectors
from ostler.store.statements import upsert
from ostler.store.types import from_ms, to_ms

SHORTEST_S, LONGEST_S = 10.0, 3600.0
"""Between two readings that are closer or further apart, energy says little about power."""

_KEY = ("station", "evse", "connector")
_METERED = ("power_w", "register_wh", "lifetime_wh", "session_wh", "measures", "measured_at")
_SAVE = upsert(connectors, _KEY, _METERED)
_TURN = upsert(connectors, _KEY, ("transaction", *_METERED))


class Measured(NamedTuple):
    """A reading's numbers (`measures.values`) with what they amount to; `at` is its time as we believe it."""

    at: datetime
    found: dict[str, float]
    register_wh: float | None
    power_w: float | None
    samples: list[measures.Sample]


class Live(NamedTuple):
    """A connector's live values; `meter.energy_wh` is its lifetime energy."""

    power_w: float | None
    meter: Meter
    found: dict[str, list[float]]
    at: datetime | None


def show(
    db: Db, spot: Spot, place: Place, rows: Sequence[Measured], *, running: Transaction | None
) -> Live | None:
    """Lay newer values over the live ones; None when all of `rows` are history, which stations replay.

    `running` is the place's transaction as it is after these rows.
    """
    session_wh = place.connector.session_wh
    if running is not None and running is not place.running:
        session_wh = running.sampled_wh
    known = place.connector
    live = _known(place)
    newer = [row for row in rows if live.at is None or row.at >= live.at]
    if not newer:
        return None
    for row in newer:
        live = _laid_over(live, row)
    if spot.evse and place.running is None and known.changed_at is not None and known.status in AT_REST:
        live = live._replace(
            power_w=0.0
        )  # several models go on sending the last power of the last transaction
    _save(db, spot, live, session_wh)
    connector = _stored(known, live, session_wh)
    places.remember(db, spot, msgspec.structs.replace(place, connector=connector, running=running))
    return live


def _save(db: Db, spot: Spot, live: Live, session_wh: float | None) -> None:
    db.soon(
        spot.station_pk,
        (spot.evse, spot.connector),
        _SAVE,
        station=spot.station_pk,
        evse=spot.evse,
        connector=spot.connector,
        power_w=live.power_w,
        register_wh=live.meter.register_wh,
        lifetime_wh=live.meter.energy_wh,
        session_wh=session_wh,
        measures=live.found,
        measured_at=live.at,
    )


def _stored(known: Connector, live: Live, session_wh: float | None) -> Connector:
    """The row as `_save` leaves it; a new one takes its first words from the table."""
    return known._replace(
        status=known.status or Status.AVAILABLE.value,
        error_code=known.error_code or "NoError",
        info=known.info or "",
        power_w=live.power_w,
        register_wh=live.meter.register_wh,
        lifetime_wh=live.meter.energy_wh,
        session_wh=session_wh,
        measures=live.found or None,
        measured_at=live.at,
    )


def turn(
    db: Db,
    spot: Spot,
    place: Place,
    *,
    running: Transaction | None,
    register_wh: float | None,
    at: datetime,
    session_wh: float | None,
    power_w: float | None,
) -> None:
    """A transaction began (`running`) or ended (None) here, at this reading of the register."""
    live = _known(place)
    if register_wh is not None:
        found = {measures.REGISTER: register_wh}
        if live.at is None or at >= live.at:
            live = _laid_over(live, Measured(at, found, register_wh, power_w, []))
        else:
            live = live._replace(meter=_advanced(live.meter, register_wh, at))
    live = live._replace(power_w=power_w)
    transaction_pk = running.pk if running else None
    db.soon(
        spot.station_pk,
        (spot.evse, spot.connector),
        _TURN,
        station=spot.station_pk,
        evse=spot.evse,
        connector=spot.connector,
        transaction=transaction_pk,
        power_w=power_w,
        register_wh=live.meter.register_wh,
        lifetime_wh=live.meter.energy_wh,
        session_wh=session_wh,
        measures=live.found or None,
        measured_at=live.at,
    )
    connector = _stored(place.connector, live, session_wh)
    places.remember(db, spot, msgspec.structs.replace(place, connector=connector, running=running))
    db.emit(changed(spot, place, power_w=power_w, transaction_pk=transaction_pk))


def changed(
    spot: Spot, place: Place, *, power_w: float | None, transaction_pk: int | None
) -> ConnectorChanged:
    """The event of a connector whose status stayed the same."""
    known = place.connector
    return ConnectorChanged(
        at=spot.received_at,
        station=spot.station,
        evse=spot.evse,
        connector=spot.connector,
        status=known.status or Status.AVAILABLE.value,
        error_code=known.error_code or "",
        info=known.info or "",
        power_w=power_w,
        transaction_id=transaction_pk,
    )


def _known(place: Place) -> Live:
    """Live values as stored. The register may be older than the rest: its own time stands with its value."""
    known = place.connector
    found, read_at = known.measures or {}, known.measured_at
    for name in (measures.REGISTER, f"{measures.REGISTER}.L1"):
        if name in found:
            read_at = from_ms(round(found[name][1]))
            break
    meter = Meter(register_wh=known.register_wh, energy_wh=known.lifetime_wh or 0.0, at=read_at)
    return Live(known.power_w, meter, found, known.measured_at)


def _advanced(meter: Meter, register_wh: float, at: datetime) -> Meter:
    """The meter after a reading; lifetime energy begins with the first register ever seen."""
    if meter.register_wh is None:
        return Meter(register_wh=register_wh, energy_wh=max(meter.energy_wh, register_wh), at=at)
    return meter.read(register_wh, at)


def _laid_over(live: Live, row: Measured) -> Live:
    meter, power_w = live.meter, row.power_w
    if row.register_wh is not None:
        meter = _advanced(live.meter, row.register_wh, row.at)
        if power_w is None:
            power_w = _average_w(live.meter, meter)
    found = measures.latest(live.found, row.found, to_ms(row.at))
    return Live(live.power_w if power_w is None else power_w, meter, found, row.at)


def _average_w(before: Meter, after: Meter) -> float | None:
    """Power from two registers: the last resort where neither power nor voltage and current are reported."""
    if before.register_wh is None or before.at is None or after.at is None or after.reset:
        return None
    seconds = (after.at - before.at).total_seconds()
    if not SHORTEST_S <= seconds <= LONGEST_S:
        return None
    return round((after.energy_wh - before.energy_wh) * 3600 / seconds, 1)
