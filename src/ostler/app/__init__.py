"""The composition root: everything that runs is built and ended here."""

from __future__ import annotations

from ostler.app.problems import StartError
from ostler.app.server import run

__all__ = ["StartError", "run"]
