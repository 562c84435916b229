"""The gateway's figures for `/metrics`; api may not look into the gateway, so they meet here."""

from __future__ import annotations

from ostler.api.metrics import Figure
from ostler.gateway.counters import Counters


def gateway_figures(counters: Counters) -> list[Figure]:
    """Rows for `create_app`."""
    return [
        Figure(
            name="ostler_messages_total",
            help="OCPP messages.",
            kind="counter",
            labels=("direction", "action", "outcome"),
            read=lambda: {key: float(count) for key, count in counters.messages.items()},
        ),
        Figure(
            name="ostler_connections_total",
            help="Connections of stations that were let in.",
            kind="counter",
            read=lambda: counters.connections,
        ),
        Figure(
            name="ostler_take_overs_total",
            help="Connections that replaced a live one of the same station.",
            kind="counter",
            read=lambda: counters.take_overs,
        ),
        Figure(
            name="ostler_connections_refused_total",
            help="Connections that were turned away.",
            kind="counter",
            read=lambda: counters.refused,
        ),
    ]
