"""The command line: `ostler serve`, `ostler station add`, ..."""

from __future__ import annotations

from ostler.cli.main import main

__all__ = ["main"]
