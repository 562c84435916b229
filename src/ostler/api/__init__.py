"""REST, live events, exports, login and the web pages."""

from __future__ import annotations

from ostler.api.application import create_app, describe
from ostler.api.metrics import Figure
from ostler.api.settings import ApiSettings

__all__ = ["ApiSettings", "Figure", "create_app", "describe"]
