from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ostler.services import notices
from ostler.services.places import Spot
from ostler.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/api/v1/stations/CP1/notices"


@pytest.fixture
async def noticed(store: Store, station: int) -> None:
    spot = Spot(station, "CP1", NOW)
    await store.write(notices.note, spot, kind="firmware", status="Downloading")
    await store.write(notices.note, spot, kind="security", status="InvalidMessages", data={"info": "x"})
    await store.write(notices.note, spot, kind="firmware", status="Installed")


async def test_what_a_station_reported_is_listed_the_latest_first(viewer, noticed):
    items = (await viewer.get(URL)).json()["items"]

    assert [(item["kind"], item["status"]) for item in items] == [
        ("firmware", "Installed"),
        ("security", "InvalidMessages"),
        ("firmware", "Downloading"),
    ]
    assert items[1]["data"] == {"info": "x"}


async def test_notices_of_one_kind_come_in_pages(viewer, noticed):
    first = (await viewer.get(URL, params={"kind": "firmware", "limit": 1})).json()
    second = (await viewer.get(URL, params={"kind": "firmware", "cursor": first["next_cursor"]})).json()

    assert [item["status"] for item in first["items"] + second["items"]] == ["Installed", "Downloading"]


async def test_notices_of_an_unknown_station_are_a_404(viewer):
    assert (await viewer.get(URL)).status_code == 404
