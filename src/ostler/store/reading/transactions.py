"""Transactions as pages and exports show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, func, select, type_coerce

from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import stations, token_groups, tokens, transactions
from ostler.store.statements import Query


class TransactionRow(NamedTuple):
    """A transaction with its station's identity and the name of whose token it is."""

    id: int
    ocpp_transaction_id: str
    station: str
    evse: int
    connector: int
    id_token: str
    user: str | None
    parent: str
    verdict: str
    started_at: datetime
    ended_at: datetime | None
    start_said_at: datetime | None
    stop_said_at: datetime | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    energy_wh: float | None
    sampled_wh: float | None
    last_sample_at: datetime | None
    stop_reason: str
    stop_token: str
    reservation_id: int | None
    marks: Any
    received_at: datetime


class TransactionFilter(NamedTuple):
    """What to list; None: whatever it is. `begin` (included) and `end` (not) bound the start."""

    station: str | None = None
    evse: int | None = None
    connector: int | None = None
    id_token: str | None = None
    group: int | None = None
    active: bool | None = None
    mark: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


_ORDER = Order((transactions.c.started_at, transactions.c.pk), newest_first=True)
_SELECT = (
    select(
        transactions.c.pk,
        transactions.c.ocpp_id,
        stations.c.id,
        transactions.c.evse,
        transactions.c.connector,
        transactions.c.id_token,
        tokens.c.name,
        transactions.c.parent,
        transactions.c.verdict,
        transactions.c.started_at,
        transactions.c.ended_at,
        transactions.c.start_said_at,
        transactions.c.stop_said_at,
        transactions.c.meter_start_wh,
        transactions.c.meter_stop_wh,
        func.coalesce(transactions.c.energy_wh, transactions.c.sampled_wh),
        transactions.c.sampled_wh,
        transactions.c.last_sample_at,
        transactions.c.stop_reason,
        transactions.c.stop_token,
        transactions.c.reservation,
        transactions.c.marks,
        transactions.c.received_at,
    )
    .select_from(transactions)
    .join(stations, stations.c.pk == transactions.c.station)
    .join(tokens, tokens.c.key == func.lower(transactions.c.id_token), isouter=True)
)


def get_transaction(db: Db, pk: int) -> TransactionRow | None:
    """One transaction."""
    return db.one(Query(_SELECT.where(transactions.c.pk == pk), into=TransactionRow))


def list_transactions(
    db: Db, wanted: TransactionFilter, *, after: list[Any] | None, limit: int
) -> Rows[TransactionRow]:
    """Transactions, the latest start first; `after` is (`started_at`, `id`) of the last one seen."""
    return read_page(db, _filtered(wanted), TransactionRow, _ORDER, after=after, limit=limit)


def _filtered(wanted: TransactionFilter) -> Select[Any]:
    clause = _SELECT
    if wanted.station is not None:
        clause = clause.where(stations.c.id == wanted.station)
    if wanted.evse is not None:
        clause = clause.where(transactions.c.evse == wanted.evse)
    if wanted.connector is not None:
        clause = clause.where(transactions.c.connector == wanted.connector)
    if wanted.id_token is not None:
        clause = clause.where(func.lower(transactions.c.id_token) == wanted.id_token.lower())
    if wanted.group is not None:
        clause = clause.where(
            func.lower(transactions.c.id_token).in_(
                select(tokens.c.key)
                .join_from(tokens, token_groups, token_groups.c.token == tokens.c.pk)
                .where(token_groups.c.grp == wanted.group)
            )
        )
    if wanted.active is not None:
        ended = transactions.c.ended_at
        clause = clause.where(ended.is_(None) if wanted.active else ended.is_not(None))
    if wanted.mark is not None:
        clause = clause.where(
            type_coerce(transactions.c.marks, Text).contains(f'"{wanted.mark}"', autoescape=True)
        )
    if wanted.begin is not None:
        clause = clause.where(transactions.c.started_at >= wanted.begin)
    if wanted.end is not None:
        clause = clause.where(transactions.c.started_at < wanted.end)
    return clause
