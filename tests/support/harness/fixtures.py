"""Fixtures for the folders whose tests go through the whole house; a conftest imports what it needs."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from harness.house import House, running
from ostler.store import migrations


def pytest_asyncio_loop_factories(config, item):
    """The event loop of the real server."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty databases, made once."""
    folder = tmp_path_factory.mktemp("migrated")
    migrations.upgrade(folder)
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, migrated: Path) -> Path:
    for file in migrated.glob("*.db"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
async def house(data_dir: Path) -> AsyncIterator[House]:
    """A running gateway without stations."""
    async with running(data_dir) as house:
        yield house
