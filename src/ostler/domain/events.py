"""What happened, told to pages and bridges after it is durable. `type` (the tag) is the SSE event's name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base: `station` is the OCPP identity, empty where none is concerned; `at` is when we knew, UTC."""

    at: datetime
    station: str = ""


class StationConnected(Event, frozen=True, kw_only=True, tag="station.connected"):
    """A station's socket is authenticated and served."""

    version: str
    address: str


class StationDisconnected(Event, frozen=True, kw_only=True, tag="station.disconnected"):
    """The socket is gone; `code` is the WebSocket close code (1006: no close frame)."""

    code: int
    reason: str = ""


class StationBooted(Event, frozen=True, kw_only=True, tag="station.booted"):
    """BootNotification was answered with `registration` (Accepted, Pending, Rejected)."""

    registration: str
    vendor: str = ""
    model: str = ""
    firmware: str = ""


class StationChanged(Event, frozen=True, kw_only=True, tag="station.changed"):
    """Somebody created, changed or deleted the station's record; caches read it anew."""

    deleted: bool = False


class StationWaiting(Event, frozen=True, kw_only=True, tag="station.waiting"):
    """An unknown identity knocked."""

    address: str


class ConnectorChanged(Event, frozen=True, kw_only=True, tag="connector.changed"):
    """Status, error or live measures of a connector changed."""

    evse: int
    connector: int
    status: str
    error_code: str = ""
    info: str = ""
    power_w: float | None = None
    transaction_id: int | None = None


class TransactionStarted(Event, frozen=True, kw_only=True, tag="transaction.started"):
    """A transaction began (or was learnt of)."""

    transaction_id: int
    evse: int
    connector: int
    id_token: str
    verdict: str


class TransactionUpdated(Event, frozen=True, kw_only=True, tag="transaction.updated"):
    """New samples of a running transaction."""

    transaction_id: int
    evse: int
    connector: int
    energy_wh: float | None
    power_w: float | None


class TransactionEnded(Event, frozen=True, kw_only=True, tag="transaction.ended"):
    """A transaction ended; energy in Wh where known."""

    transaction_id: int
    evse: int
    connector: int
    id_token: str
    energy_wh: float | None
    reason: str


class TokenPresented(Event, frozen=True, kw_only=True, tag="token.presented"):
    """A token was shown at a station and judged."""

    id_token: str
    verdict: str


class MessageLogged(Event, frozen=True, kw_only=True, tag="message.logged"):
    """One OCPP message with its answer, as it stands in the log (payloads masked)."""

    id: int
    direction: str
    action: str
    outcome: str
    latency_ms: float | None
    request: str
    response: str
    deviations: int


class StationNotice(Event, frozen=True, kw_only=True, tag="station.notice"):
    """Anything else that a station reports: firmware, diagnostics, log, security event, data transfer."""

    kind: str
    status: str
    data: Any = None


class ReservationChanged(Event, frozen=True, kw_only=True, tag="reservation.changed"):
    """A reservation was requested, became active, or ended: used, cancelled, expired, refused."""

    reservation_id: int
    status: str


class LimitChanged(Event, frozen=True, kw_only=True, tag="limit.changed"):
    """Which charging profiles are installed on an EVSE (0: the whole station) changed."""

    evse: int
