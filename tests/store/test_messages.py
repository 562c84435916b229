from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ostler.store import messages
from ostler.store.messages import MessageFilter

START = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
async def logged(store, row):
    """Four messages, a minute apart."""

    def write(db):
        for minute, changes in enumerate(
            (
                {"station": "CP1", "action": "BootNotification", "request": '{"model":"100%_x"}'},
                {"station": "CP2", "action": "Heartbeat", "response": '{"currentTime":"now"}'},
                {"station": "CP1", "action": "Heartbeat", "outcome": "error", "deviations": '["odd"]'},
                {"station": "CP1", "action": "Reset", "direction": "out", "connector": 1, "transaction": "7"},
            )
        ):
            at = START + timedelta(minutes=minute)
            db.log(row(at_ms=round(at.timestamp() * 1000), **changes))

    await store.write(write)
    return store


async def found(store, limit=100, before=None, **wanted):
    rows = await store.read_log(messages.page, MessageFilter(**wanted), before=before, limit=limit)
    return [row.pk for row in rows]


@pytest.mark.parametrize(
    ("wanted", "pks"),
    [
        ({}, [4, 3, 2, 1]),
        ({"station": "CP1"}, [4, 3, 1]),
        ({"direction": "out"}, [4]),
        ({"action": "Heartbeat", "station": "CP2"}, [2]),
        ({"outcome": "error"}, [3]),
        ({"since": START + timedelta(minutes=1), "until": START + timedelta(minutes=3)}, [3, 2]),
        ({"text": "currenttime"}, [2]),
        ({"text": "100%_"}, [1]),
        ({"text": "%"}, [1]),
        ({"connector": 1}, [4]),
        ({"transaction": "7"}, [4]),
        ({"deviating": True}, [3]),
    ],
)
async def test_a_filter_finds(logged, wanted, pks):
    assert await found(logged, **wanted) == pks


async def test_pages_follow_one_another_without_gap(logged):
    assert await found(logged, limit=3) == [4, 3, 2]
    assert await found(logged, limit=3, before=2) == [1]


async def test_what_follows_comes_oldest_first(logged):
    rows = await logged.read_log(messages.following, MessageFilter(), after=2, limit=10)

    assert [row.pk for row in rows] == [3, 4]


async def test_an_export_holds_everything(logged):
    rows = await logged.read_log(lambda db: list(messages.every(db, MessageFilter(station="CP1"))))

    assert [row.pk for row in rows] == [1, 3, 4]


async def test_a_message_is_read_as_it_was_logged(logged):
    message = await logged.read_log(messages.get, 3)

    assert message.at == START + timedelta(minutes=2)
    assert message.deviations == ["odd"]
    assert (message.station, message.action, message.outcome) == ("CP1", "Heartbeat", "error")


async def test_a_message_that_is_no_more_is_none(logged):
    assert await logged.read_log(messages.get, 99) is None
