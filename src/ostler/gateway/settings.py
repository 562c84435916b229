"""What can be set about the stations' sockets."""

from __future__ import annotations

from pathlib import Path

import msgspec


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where stations connect and how much each may ask for; times in seconds. Port 0 takes any free port.

    `tls_port` needs `tls_certificate` and `tls_key` (PEM files, read again when they change).
    `ping_interval_s` 0 never pings; a station may have its own. `allow_foreign_pages` lets simulators in that
    run in a browser.
    """

    host: str = "0.0.0.0"  # noqa: S104 - stations come from the network
    port: int = 9000
    plain: bool = True
    tls_port: int | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allow_foreign_pages: bool = False
    max_connections: int = 20_000
    max_strangers: int = 50
    max_message_bytes: int = 262_144
    messages_per_second: float = 1000.0
    message_burst: int = 2000
    max_waiting_bytes: int = 1_048_576
    ping_interval_s: float = 60.0
    duplicate_probe_s: float = 5.0
    handshake_timeout_s: float = 10.0
    tls_handshake_timeout_s: float = 60.0
    call_timeout_s: float = 30.0
    max_queued_calls: int = 64
    drain_s: float = 20.0
    sweep_s: float = 1.0
    stranger_retry_s: int = 60
