from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from harness.central import Server, serving
from harness.virtual import Csms


@pytest.fixture
def make() -> Callable[..., Csms]:
    return Csms


@pytest.fixture
def csms() -> Csms:
    """A station that has booted; what it said until then is forgotten."""
    csms = Csms().connect()
    csms.said.clear()
    return csms


@pytest.fixture
def charging_csms(csms: Csms) -> Csms:
    """A station that charges 3 x 32 A on connector 1, transaction 101."""
    csms.plug().card()
    csms.said.clear()
    return csms


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A central system on a real socket."""
    async with serving() as server:
        yield server
