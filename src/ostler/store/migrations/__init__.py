"""The schema's history: `upgrade(data_dir)` brings both files to what this program knows."""

from __future__ import annotations

from ostler.store.migrations.run import (
    NewerSchemaError,
    create_if_new,
    current_revision,
    head_revision,
    upgrade,
)

__all__ = ["NewerSchemaError", "create_if_new", "current_revision", "head_revision", "upgrade"]
