"""Transactions begin and end. Whatever a station reports of one is kept and answered; what is odd is marked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, insert, update

from ostler.domain import clocks
from ostler.domain.clocks import Told
from ostler.domain.events import ConnectorChanged, TokenPresented, TransactionEnded, TransactionStarted
from ostler.domain.transactions import LARGEST_NUMBER, key
from ostler.domain.words import Mark, Status, Verdict
from ostler.services import authorization, metering, places, redeeming
from ostler.services.authorization import Judged, token_key
from ostler.services.places import Place, Transaction
from ostler.store.database import Db
from ostler.store.schema import transaction_numbers, transactions
from ostler.store.statements import Write, upsert
from ostler.store.types import to_ms

SAME_START = timedelta(days=1)

NEW = (
    "station",
    "ocpp_id",
    "evse",
    "connector",
    "id_token",
    "token_key",
    "parent",
    "verdict",
    "started_at",
    "start_said_at",
    "meter_start_wh",
    "reservation",
    "marks",
    "start_key",
    "received_at",
)
INSERT = Write(insert(transactions).values({name: bindparam(name) for name in NEW}))
_NUMBER = upsert(transaction_numbers, ("number",), ())
_CLOSED = ("ended_at", "meter_stop_wh", "energy_wh", "stop_reason", "marks")
_CLOSE = Write(
    update(transactions)
    .where(transactions.c.pk == bindparam("transaction_pk"))
    .values({name: bindparam(f"new_{name}") for name in _CLOSED})
)


class Started(NamedTuple):
    """How a StartTransaction is answered; `transaction_pk` is ours, `ocpp_id` the station's."""

    transaction_pk: int
    ocpp_id: str
    judged: Judged


def draw_number() -> int:
    """A random positive number of 31 bits."""
    return secrets.randbelow(LARGEST_NUMBER) + 1


def reserve_number(db: Db, draw: Callable[[], int] = draw_number) -> int:
    """A transaction number that was never given to any station and never will be again."""
    while True:
        number = draw()
        if db.run(_NUMBER, number=number):
            return number


def claim_number(db: Db, number: int) -> None:
    """Never give `number` to anybody: a station uses it of its own."""
    db.run(_NUMBER, number=number)


def start(
    db: Db,
    station_pk: int,
    station: str,
    received_at: datetime,
    *,
    evse: int,
    connector: int,
    id_token: str,
    meter_start_wh: float | None,
    said_at: datetime,
    reservation: int | None = None,
    draw: Callable[[], int] = draw_number,
) -> Started:
    """Keep a transaction whatever its token, and judge the token anew (OCPP 1.6 §4.8).

    The same start again, whose answer was lost, finds its first answer.
    """
    told = clocks.judge(said_at, received_at)
    start_key = key("start", evse, connector, to_ms(said_at), token_key(id_token), meter_start_wh)
    known = _same_start(db, station_pk, start_key, told, received_at)
    if known is not None:
        judged = authorization.verdict(db, station_pk, id_token, received_at, starting=False)
        first = judged._replace(verdict=Verdict(known.verdict or judged.verdict), parent=known.parent)
        return Started(known.pk, known.ocpp_id, first)
    judged = authorization.verdict(
        db, station_pk, id_token, received_at, starting=True, evse=evse, connector=connector
    )
    used = redeeming.redeem(
        db,
        station_pk,
        evse=evse,
        id_token=id_token,
        parent=judged.parent,
        at=told.at,
        said=reservation,
    )
    ocpp_id = str(reserve_number(db, draw))
    marks = [Mark.REFUSED] if judged.verdict is not Verdict.ACCEPTED else []
    pk = db.insert(
        INSERT,
        station=station_pk,
        ocpp_id=ocpp_id,
        evse=evse,
        connector=connector,
        id_token=id_token,
        token_key=token_key(id_token),
        parent=judged.parent,
        verdict=judged.verdict.value,
        started_at=told.at,
        start_said_at=said_at,
        meter_start_wh=meter_start_wh,
        reservation=used,
        marks=[mark.value for mark in (*marks, *time_marks(told))] or None,
        start_key=start_key,
        received_at=received_at,
    )
    began = _Begun(station_pk, station, received_at, evse, connector, pk, id_token, told.at, meter_start_wh)
    _begin(db, began, judged)
    return Started(pk, ocpp_id, judged)


def time_marks(told: Told) -> list[Mark]:
    """What a time that a station told makes odd."""
    return [*([Mark.CLOCK] if told.wrong else []), *([Mark.OFFLINE] if told.late else [])]


def _same_start(
    db: Db, station_pk: int, start_key: str, told: Told, received_at: datetime
) -> Transaction | None:
    """The transaction that began with this very start.

    A clock that was never set begins each transaction at the same second: there only one that is still open counts.
    """
    known = places.by_start_key(db, station_pk, start_key)
    if known is None or not told.wrong:
        return known
    return known if known.ended_at is None and received_at - known.received_at < SAME_START else None


class _Begun(NamedTuple):
    station_pk: int
    station: str
    received_at: datetime
    evse: int
    connector: int
    pk: int
    id_token: str
    at: datetime
    meter_start_wh: float | None


def _begin(db: Db, begun: _Begun, judged: Judged) -> None:
    """Close what the next start proves to be over, and show the new transaction on the connector.

    A start out of a station's offline queue may be older than what runs now, and then touches nothing.
    """
    station_pk, evse, connector = begun.station_pk, begun.evse, begun.connector
    place = places.find(db, station_pk, evse, connector)
    newest = True
    for other in places.open_at(db, station_pk, evse, connector):
        if other.pk == begun.pk:
            continue
        if other.started_at > begun.at:
            newest = False
        elif evse:
            _close(db, begun, other)
    db.emit(
        TransactionStarted(
            at=begun.received_at,
            station=begun.station,
            transaction_id=begun.pk,
            evse=evse,
            connector=connector,
            id_token=begun.id_token,
            verdict=judged.verdict.value,
        )
    )
    if judged.verdict is not Verdict.ACCEPTED:
        shown = TokenPresented(
            at=begun.received_at, station=begun.station, id_token=begun.id_token, verdict=judged.verdict.value
        )
        db.emit(shown)
    if newest:
        metering.transition(
            db,
            station_pk,
            evse,
            connector,
            place,
            transaction_pk=begun.pk,
            register_wh=begun.meter_start_wh,
            at=begun.at,
            session_wh=0.0,
            power_w=place.connector.power_w,
        )
        db.emit(
            changed(
                begun.station, begun.received_at, evse, connector, place, begun.pk, place.connector.power_w
            )
        )


def changed(
    station: str,
    received_at: datetime,
    evse: int,
    connector: int,
    place: Place,
    transaction_pk: int | None,
    power_w: float | None,
) -> ConnectorChanged:
    """The event of a connector whose transaction changed."""
    known = place.connector
    return ConnectorChanged(
        at=received_at,
        station=station,
        evse=evse,
        connector=connector,
        status=known.status or Status.AVAILABLE.value,
        error_code=known.error_code or "",
        info=known.info or "",
        power_w=power_w,
        transaction_id=transaction_pk,
    )


def _close(db: Db, begun: _Begun, other: Transaction) -> None:
    """End a transaction whose stop never came: its last sample is all that is known of its end."""
    db.run(
        _CLOSE,
        transaction_pk=other.pk,
        new_ended_at=max(other.started_at, other.last_sample_at or begun.at),
        new_meter_stop_wh=other.last_register_wh,
        new_energy_wh=other.sampled_wh,
        new_stop_reason="",
        new_marks=other.marked(Mark.CLOSED_BY_NEXT),
    )
    db.emit(
        TransactionEnded(
            at=begun.received_at,
            station=begun.station,
            transaction_id=other.pk,
            evse=other.evse,
            connector=other.connector,
            id_token=other.id_token,
            energy_wh=other.sampled_wh,
            reason=Mark.CLOSED_BY_NEXT.value,
        )
    )
