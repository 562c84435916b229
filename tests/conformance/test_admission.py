"""Who may come in: identical refusals, and two connections of one identity (security 1.1 to 1.3)."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest
from harness.station import credentials
from harness.waiting import until
from websockets.exceptions import InvalidStatus

from ostler.domain.commands import ClearCache
from ostler.domain.words import Result


async def knock(house, identity: str, key: str | None) -> bytes:
    """All that the server says to an upgrade request that it refuses, but the date."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    fields = {
        "Host": "ostler",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": "ocpp1.6",
    } | (credentials(identity, key) if key is not None else {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"GET /{identity} HTTP/1.1\r\n{head}\r\n".encode())
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    return re.sub(rb"Date: .*\r\n", b"", said)


async def test_an_unknown_identity_and_a_wrong_key_are_refused_alike(house):
    await house.add(key="right")

    unknown = await knock(house, "NOBODY", "wrong")
    wrong = await knock(house, "CP1", "wrong")

    assert unknown == wrong
    assert unknown.startswith(b"HTTP/1.1 401 ")


async def test_a_missing_key_is_refused_as_a_wrong_one_is(house):
    await house.add(key="right")

    assert await knock(house, "CP1", None) == await knock(house, "CP1", "wrong")


async def test_the_right_key_comes_in_and_works(house):
    await house.add(key="right")

    async with house.station(key="right", booted=True) as station:
        assert await station.call("Heartbeat")


async def test_a_wrong_key_does_not_touch_the_live_connection(house):
    await house.add(key="right")
    async with house.station(key="right", booted=True) as station:
        for _ in range(3):
            with pytest.raises(InvalidStatus):
                async with house.station(key="wrong"):
                    pass

        assert await station.call("Heartbeat")


async def test_the_newest_connection_with_the_key_wins_and_orders_go_there(house):
    await house.add(key="right")
    async with house.station(key="right", booted=True) as old, house.station(key="right") as new:
        assert await old.close_code() is not None
        async with asyncio.TaskGroup() as group:
            order = group.create_task(house.order("CP1", ClearCache()))
            assert (await new.reply({"status": "Accepted"}))[2] == "ClearCache"

        assert order.result().result is Result.ACCEPTED
        assert await new.call("Heartbeat")


async def test_without_keys_the_live_connection_stays(house):
    await house.add()
    async with house.station(booted=True) as old:
        with pytest.raises(InvalidStatus) as refusal:
            async with house.station():
                pass

        assert refusal.value.response.status_code == 409
        assert await old.call("Heartbeat")


async def test_a_stranger_without_a_key_waits_and_changes_nothing(house):
    async with house.station("NEW") as stranger:
        answer = await stranger.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})

        assert answer["status"] == "Pending"
        await until(lambda: house.rows("SELECT * FROM waiting_room WHERE id = 'NEW' AND vendor = 'V'"))
        assert await house.rows("SELECT * FROM stations") == []


async def test_an_order_for_a_station_that_is_offline_says_so_at_once(house):
    await house.add()

    assert (await house.order("CP1", ClearCache())).result is Result.OFFLINE


async def test_an_order_ends_when_the_connection_does(house):
    await house.add()
    async with asyncio.TaskGroup() as group, house.station(booted=True) as station:
        order = group.create_task(house.order("CP1", ClearCache()))
        assert (await station.frame())[2] == "ClearCache"

    assert order.result().result is Result.OFFLINE


async def test_answers_that_come_late_or_twice_do_not_reach_the_next_order(house):
    await house.add()
    async with house.station(booted=True) as station:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(house.order("CP1", ClearCache()))
            frame = await station.reply({"status": "Accepted"})
        await station.send(f'[3,"{frame[1]}",{{"status":"Rejected"}}]')
        async with asyncio.TaskGroup() as group:
            second = group.create_task(house.order("CP1", ClearCache()))
            await station.reply({"status": "Accepted"})

        assert (first.result().result, second.result().result) == (Result.ACCEPTED, Result.ACCEPTED)


async def test_200_attempts_at_once_with_wrong_keys_do_not_keep_the_real_station_out(house):
    await house.add(key="right")

    async def attack() -> None:
        with contextlib.suppress(InvalidStatus, OSError):
            async with house.station(key="wrong"):
                raise AssertionError

    async with asyncio.TaskGroup() as group:
        attacks = [group.create_task(attack()) for _ in range(200)]
        async with house.station(key="right", booted=True) as station:
            assert await station.call("Heartbeat")
    assert all(attack.exception() is None for attack in attacks)
