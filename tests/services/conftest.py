from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from ostler.services import stations
from ostler.services.stations import Fields
from ostler.store import schema
from ostler.store.database import Db, connect


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Db]:
    """A real database with every table, inside a transaction."""
    path = tmp_path / "ostler.db"
    engine = create_engine(f"sqlite:///{path}")
    schema.main.create_all(engine)
    engine.dispose()
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")
        yield Db(connection)


@pytest.fixture
def station(db: Db, now: datetime) -> int:
    """The pk of the station CP1, which authorises nobody."""
    pk = stations.create(db, "CP1", Fields(), now=now)
    db.events.clear()
    return pk
