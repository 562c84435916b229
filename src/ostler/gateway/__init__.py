"""The stations' sockets: who may come in, what they say, and what is ordered of them."""

from __future__ import annotations

from ostler.gateway.gateway import Gateway, Ports
from ostler.gateway.settings import GatewaySettings

__all__ = ["Gateway", "GatewaySettings", "Ports"]
