"""Tells systemd how the server fares (Type=notify); silent where systemd did not start it."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send `state` (`READY=1`, `STOPPING=1`, `WATCHDOG=1`) to the socket that systemd named, if it did."""
    address = environment.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # an abstract socket, in systemd's spelling
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.sendto(state.encode(), address)


def watchdog_interval_s(environment: Mapping[str, str] = os.environ) -> float | None:
    """How often `WATCHDOG=1` is to be sent: half of what systemd waits; None if it does not wait."""
    wait_us = environment.get("WATCHDOG_USEC", "")
    return int(wait_us) / 2_000_000 if wait_us.isdigit() else None
