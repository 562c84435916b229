from __future__ import annotations

from harness.fixtures import data_dir, house, migrated, pytest_asyncio_loop_factories

__all__ = ["data_dir", "house", "migrated", "pytest_asyncio_loop_factories"]
