from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from ostler.store import migrations
from ostler.store.database import LogRow
from ostler.store.store import Store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def new_house(tmp_path_factory):
    """A data folder as the migrations leave it; to be copied, not used."""
    folder = tmp_path_factory.mktemp("new")
    migrations.upgrade(folder)
    return folder


@pytest.fixture
def data_dir(tmp_path, new_house):
    folder = tmp_path / "data"
    shutil.copytree(new_house, folder)
    return folder


@pytest.fixture
def published():
    return []


@pytest.fixture
async def store(data_dir, published):
    opened = Store(data_dir, published.extend, clock=lambda: 1_790_000_000)
    yield opened
    opened.close()


@pytest.fixture
def row():
    def make(**changes):
        values = {
            "station": "CP1",
            "epoch": 1,
            "direction": "in",
            "action": "Heartbeat",
            "message_id": "1",
            "at_ms": 1_790_000_000_000,
            "latency_us": 120,
            "outcome": "answered",
            "request": "{}",
        }
        return LogRow(**(values | changes))

    return make
