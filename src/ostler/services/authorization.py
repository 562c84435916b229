"""Who may charge where."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, exists, literal, or_, select, update

from ostler.domain.events import TokenPresented
from ostler.domain.words import TokenStatus, Verdict
from ostler.services.places import Spot
from ostler.store.database import Db
from ostler.store.schema import station_groups, stations, token_groups, tokens, transactions
from ostler.store.statements import Query, Write


class Judged(NamedTuple):
    """What a station is told about a token; `token_pk` is None for an unknown one."""

    verdict: Verdict
    parent: str = ""
    expires_at: datetime | None = None
    token_pk: int | None = None


class _Known(NamedTuple):
    authorization: str
    pk: int | None
    status: str
    expires_at: datetime | None
    parallel: bool
    parent: str


class _One(NamedTuple):
    one: int


_KNOWN = Query(
    select(
        stations.c.authorization,
        tokens.c.pk,
        tokens.c.status,
        tokens.c.expires_at,
        tokens.c.parallel,
        tokens.c.parent,
    )
    .select_from(stations.outerjoin(tokens, tokens.c.key == bindparam("token_key")))
    .where(stations.c.pk == bindparam("station_pk")),
    into=_Known,
)
_GRANTED = Query(
    select(literal(1)).where(
        exists().where(
            token_groups.c.token == bindparam("token_pk"),
            token_groups.c.grp == station_groups.c.grp,
            station_groups.c.station == bindparam("station_pk"),
        )
    ),
    into=_One,
)
_RUNNING = Query(
    select(literal(1))
    .where(
        transactions.c.token_key == bindparam("token_key"),
        transactions.c.ended_at.is_(None),
        or_(
            transactions.c.station != bindparam("station_pk"),
            transactions.c.evse != bindparam("evse_id"),
            transactions.c.connector != bindparam("connector_id"),
        ),
    )
    .limit(1),
    into=_One,
)
_USED = Write(
    update(tokens).where(tokens.c.pk == bindparam("token_pk")).values(last_used_at=bindparam("now"))
)


NO_STATION = 0
"""Stands for the station in what is written `soon` and belongs to none."""


def token_key(id_token: str) -> str:
    """Tokens are compared without regard to case (OCPP 1.6 §7.28)."""
    return id_token.strip().casefold()


def verdict(db: Db, spot: Spot, id_token: str, *, starting: bool) -> Judged:
    """Judge a token at a station.

    Only a start can be ConcurrentTx (OCPP 1.6 §7.2): whoever stops, or asks before a start, has every right
    to a transaction that runs. What is still open on the same connector does not count: it must be over.
    """
    key = token_key(id_token)
    known = db.one(_KNOWN, token_key=key, station_pk=spot.station_pk)
    if (
        known is None
        or known.pk is None
        or not _is_granted(db, spot.station_pk, known.authorization, known.pk)
    ):
        return Judged(Verdict.INVALID)
    word = Verdict(known.status)
    if known.status == TokenStatus.ACCEPTED:
        if known.expires_at is not None and known.expires_at <= spot.received_at:
            word = Verdict.EXPIRED
        elif starting and not known.parallel and _runs_elsewhere(db, key, spot):
            word = Verdict.CONCURRENT
    if word is Verdict.ACCEPTED:
        db.soon(NO_STATION, known.pk, _USED, token_pk=known.pk, now=spot.received_at)
    return Judged(word, known.parent, known.expires_at, known.pk)


def present(db: Db, spot: Spot, id_token: str) -> Judged:
    """Judge a token that is shown at a station, and tell the world."""
    judged = verdict(db, spot, id_token, starting=False)
    tell(db, spot, id_token, judged)
    return judged


def tell(db: Db, spot: Spot, id_token: str, judged: Judged) -> None:
    """Tell the world how a token was judged."""
    word = judged.verdict.value
    db.emit(TokenPresented(at=spot.received_at, station=spot.station, id_token=id_token, verdict=word))


def may_stop(stopper: str, judged: Judged, *, own_key: str, own_parent: str) -> bool:
    """Whether a token may end a transaction: its own, its group's, or the group token (OCPP 1.6 §3.9)."""
    key, parent = token_key(stopper), token_key(own_parent)
    return key == own_key or (parent != "" and parent in (token_key(judged.parent), key))


def _is_granted(db: Db, station_pk: int, authorization: str, token_pk: int) -> bool:
    if authorization == "groups":
        return db.one(_GRANTED, token_pk=token_pk, station_pk=station_pk) is not None
    return authorization == "all"


def _runs_elsewhere(db: Db, key: str, spot: Spot) -> bool:
    place = {"station_pk": spot.station_pk, "evse_id": spot.evse, "connector_id": spot.connector}
    return db.one(_RUNNING, token_key=key, **place) is not None
