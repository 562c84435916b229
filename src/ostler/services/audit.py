"""Who changed what: one row per change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert

from ostler.store.database import Db
from ostler.store.schema import audit as table
from ostler.store.statements import Write

INSERT = Write(
    insert(table).values({name: bindparam(name) for name in ("at", "actor", "action", "target", "detail")})
)


def audit(db: Db, *, actor: str, action: str, target: str, at: datetime, detail: Any = None) -> None:
    """Keep that `actor` ("user:anna", "token:jeedom", "cli") did `action` ("station.create") to `target`.

    `detail` holds what was changed, never a secret.
    """
    db.run(INSERT, at=at, actor=actor, action=action, target=target, detail=detail)
