"""The connectors of a station with what runs on them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from ostler.store.database import Db
from ostler.store.schema import connectors, tokens, transactions
from ostler.store.statements import Query


class ConnectorRow(NamedTuple):
    """A connector (evse 0, connector 0: the whole station), its running transaction and whose it is."""

    evse: int
    connector: int
    status: str
    status_original: str
    error_code: str
    info: str
    vendor_id: str
    vendor_error_code: str
    status_at: datetime | None
    changed_at: datetime | None
    in_service: bool
    transaction: int | None
    power_w: float | None
    register_wh: float | None
    lifetime_wh: float
    session_wh: float | None
    measures: Any
    measured_at: datetime | None
    id_token: str | None
    started_at: datetime | None
    user: str | None


_OWN = ConnectorRow._fields[:-3]
# `lower` knows only ASCII, as do nearly all id tokens; for others the name is not shown here.
_BY_STATION = Query(
    select(
        *(connectors.c[name] for name in _OWN),
        transactions.c.id_token,
        transactions.c.started_at,
        tokens.c.name,
    )
    .select_from(connectors)
    .join(transactions, transactions.c.pk == connectors.c.transaction, isouter=True)
    .join(tokens, tokens.c.key == func.lower(transactions.c.id_token), isouter=True)
    .where(connectors.c.station == bindparam("station"))
    .order_by(connectors.c.evse, connectors.c.connector),
    into=ConnectorRow,
)


def connectors_of(db: Db, station_pk: int) -> list[ConnectorRow]:
    """All connectors of a station, the station itself first."""
    return db.all(_BY_STATION, station=station_pk)
