"""Settings of the web side."""

from __future__ import annotations

import msgspec


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the pages and the REST interface are served, and to whom."""

    host: str = "0.0.0.0"  # noqa: S104 - a charging station's server is there for the network; logins guard it
    port: int = 8080
    demo: bool = False
    """Requests from this machine need no login; only for data that nobody minds."""
    setup_code: str = ""
    """Lets the first administrator be created from another machine; printed at first run."""
