"""Ostler, a self-hosted OCPP central system for electric vehicle charging stations."""

from __future__ import annotations

__version__ = "0.1.0"
