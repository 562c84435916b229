"""How fast and how small Ostler is; see bench/README.md. No tests: figures depend on the machine."""

from __future__ import annotations
