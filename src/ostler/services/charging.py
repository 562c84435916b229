"""Transactions begin. Whatever a station reports of one is kept and answered; what is odd is marked."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, insert, update

from ostler.domain import clocks
from ostler.domain.clocks import Told
from ostler.domain.events import TransactionEnded, TransactionStarted
from ostler.domain.transactions import LARGEST_NUMBER, key
from ostler.domain.words import Mark, Verdict
from ostler.services import authorization, live, places, profiles, redeeming
from ostler.services.authorization import Judged, token_key
from ostler.services.places import Place, Spot, Transaction
from ostler.store.database import Db
from ostler.store.schema import transaction_numbers, transactions
from ostler.store.statements import Write, upsert
from ostler.store.types import to_ms, whole_ms

SAME_START = timedelta(days=1)

_NEW = (
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
_INSERT = Write(insert(transactions).values({name: bindparam(name) for name in _NEW}))
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
    """Never give `number` to anybody: a station uses it of its own accord."""
    db.run(_NUMBER, number=number)


def start(
    db: Db,
    spot: Spot,
    *,
    id_token: str,
    meter_start_wh: float | None,
    said_at: datetime,
    reservation: int | None = None,
    draw: Callable[[], int] = draw_number,
) -> Started:
    """Keep a transaction whatever its token, and judge the token anew (OCPP 1.6 §4.8).

    The same start again, whose answer was lost, finds its first answer.
    """
    told = clocks.judge(said_at, spot.received_at)
    start_key = key("start", spot.evse, spot.connector, to_ms(said_at), token_key(id_token), meter_start_wh)
    known = _same_start(db, spot, start_key, told)
    if known is not None:
        judged = authorization.verdict(db, spot, id_token, starting=False)
        first = judged._replace(verdict=Verdict(known.verdict or judged.verdict), parent=known.parent)
        return Started(known.pk, known.ocpp_id, first)
    judged = authorization.verdict(db, spot, id_token, starting=True)
    place = places.find(db, spot)
    redeemed = redeeming.redeem(
        db, spot, place, id_token=id_token, parent=judged.parent, at=told.at, said=reservation
    )
    ocpp_id = str(reserve_number(db, draw))
    marks = [*([Mark.REFUSED] if judged.verdict is not Verdict.ACCEPTED else []), *time_marks(told)]
    begun = Begun(ocpp_id, id_token, told.at, said_at, meter_start_wh, start_key, marks, redeemed)
    others = places.open_at(db, spot)
    transaction = begin(db, spot, begun, judged)
    if judged.verdict is not Verdict.ACCEPTED:
        authorization.tell(db, spot, id_token, judged)
    _take_place(db, spot, place, transaction, others)
    return Started(transaction.pk, ocpp_id, judged)


class Begun(NamedTuple):
    """What is new of a transaction, besides who reports it and how its token is judged."""

    ocpp_id: str
    id_token: str
    started_at: datetime
    said_at: datetime | None
    meter_start_wh: float | None
    start_key: str
    marks: list[Mark]
    reservation: int | None = None


def begin(db: Db, spot: Spot, begun: Begun, judged: Judged | None) -> Transaction:
    """Store a new transaction and tell the world. `judged` is None where no token was told."""
    verdict = judged.verdict.value if judged else ""
    transaction = Transaction(
        pk=0,
        ocpp_id=begun.ocpp_id,
        evse=spot.evse,
        connector=spot.connector,
        id_token=begun.id_token,
        token_key=token_key(begun.id_token),
        parent=judged.parent if judged else "",
        verdict=verdict,
        started_at=whole_ms(begun.started_at),
        ended_at=None,
        meter_start_wh=begun.meter_start_wh,
        meter_stop_wh=None,
        sampled_wh=None,
        last_register_wh=None,
        last_sample_at=None,
        marks=[mark.value for mark in begun.marks] or None,
        stop_key="",
        received_at=spot.received_at,
    )
    transaction = transaction._replace(pk=_insert(db, spot, transaction, begun))
    event = TransactionStarted(
        at=spot.received_at,
        station=spot.station,
        transaction_id=transaction.pk,
        evse=spot.evse,
        connector=spot.connector,
        id_token=begun.id_token,
        verdict=verdict,
    )
    db.emit(event)
    return transaction


def _insert(db: Db, spot: Spot, transaction: Transaction, begun: Begun) -> int:
    return db.insert(
        _INSERT,
        station=spot.station_pk,
        ocpp_id=transaction.ocpp_id,
        evse=transaction.evse,
        connector=transaction.connector,
        id_token=transaction.id_token,
        token_key=transaction.token_key,
        parent=transaction.parent,
        verdict=transaction.verdict,
        started_at=transaction.started_at,
        start_said_at=begun.said_at,
        meter_start_wh=transaction.meter_start_wh,
        reservation=begun.reservation,
        marks=transaction.marks,
        start_key=begun.start_key,
        received_at=transaction.received_at,
    )


def time_marks(told: Told) -> list[Mark]:
    """What a time that a station told makes odd."""
    return [*([Mark.CLOCK] if told.wrong else []), *([Mark.OFFLINE] if told.late else [])]


def _same_start(db: Db, spot: Spot, start_key: str, told: Told) -> Transaction | None:
    """The transaction that began with this very start.

    A clock that was never set begins each transaction at the same second: there only an open one counts.
    """
    known = places.by_start_key(db, spot.station_pk, start_key)
    if known is None or not told.wrong:
        return known
    return known if known.ended_at is None and spot.received_at - known.received_at < SAME_START else None


def _take_place(
    db: Db, spot: Spot, place: Place, transaction: Transaction, others: Sequence[Transaction]
) -> None:
    """Close what this start proves to be over, and show the new transaction on the connector.

    A start out of a station's offline queue may be older than what runs now, and then touches nothing. One on
    connector 0 stands nowhere, so that it proves nothing of `others`, which were open before.
    """
    at = transaction.started_at
    newest = True
    for other in others:
        if other.started_at > at:
            newest = False
        elif spot.evse:
            close(db, spot, other, at)
    if newest:
        live.turn(
            db,
            spot,
            place,
            running=transaction,
            register_wh=transaction.meter_start_wh,
            at=at,
            session_wh=0.0,
            power_w=place.connector.power_w,
        )


def close(db: Db, spot: Spot, other: Transaction, at: datetime, mark: Mark = Mark.CLOSED_BY_NEXT) -> None:
    """End a transaction whose stop never came: its last sample is all that is known of its end."""
    places.forget(db, spot.station_pk)
    db.run(
        _CLOSE,
        transaction_pk=other.pk,
        new_ended_at=max(other.started_at, other.last_sample_at or at),
        new_meter_stop_wh=other.last_register_wh,
        new_energy_wh=other.sampled_wh,
        new_stop_reason="",
        new_marks=other.marked(mark),
    )
    profiles.transaction_ended(
        db, spot.station_pk, transaction_pk=other.pk, evse=other.evse, now=spot.received_at
    )
    db.emit(
        TransactionEnded(
            at=spot.received_at,
            station=spot.station,
            transaction_id=other.pk,
            evse=other.evse,
            connector=other.connector,
            id_token=other.id_token,
            energy_wh=other.sampled_wh,
            reason=mark.value,
        )
    )
