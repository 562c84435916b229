"""Too much of everything: who floods is slowed down or put out, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import resource
import time

from harness.house import running
from harness.station import Station
from harness.waiting import until

LIMIT = 262_144
FLOOD = 10_000
PATIENT = {"messages_per_second": 100_000.0, "message_burst": 100_000}
SOON_S = 5.0


def beat(id_: str) -> str:
    return json.dumps([2, id_, "Heartbeat", {}])


def beat_of(size: int) -> str:
    """A heartbeat that is `size` bytes long."""
    frame = '[2,"big","DataTransfer",{"vendorId":"V","data":""}]'
    return frame.replace('""}', '"' + "x" * (size - len(frame)) + '"}')


async def test_10000_messages_at_once_are_all_answered_in_order_and_logged(data_dir):
    async with running(data_dir, **PATIENT) as house:
        await house.add()
        async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
            group.create_task(pour(station, FLOOD))
            ids = [(await station.frame())[1] for _ in range(FLOOD)]

        assert ids == [f"f{number}" for number in range(FLOOD)]
        logged = [row["message_id"] for row in await house.logged() if row["action"] == "Heartbeat"]
        assert logged == ids


async def pour(station: Station, count: int) -> None:
    for number in range(count):
        await station.send(beat(f"f{number}"))


async def test_a_station_that_floods_is_slowed_down_while_another_is_served_at_once(house):
    await house.add("FLOOD")
    await house.add("OTHER")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with house.station("FLOOD", booted=True) as flood, house.station("OTHER", booted=True) as other:
        pouring = asyncio.get_running_loop().create_task(pour(flood, 3 * FLOOD))
        await until(lambda: house.gateway.counters.messages["in", "Heartbeat", "answered"] > 100)
        slowest = 0.0
        for _ in range(20):
            began = time.monotonic()
            await other.call("Heartbeat")
            slowest = max(slowest, time.monotonic() - began)
        pouring.cancel()

    assert slowest < SOON_S
    assert house.gateway.counters.messages["in", "Heartbeat", "answered"] < 2 * FLOOD
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB


async def test_a_slowed_station_is_answered_all_the_same(data_dir):
    async with running(data_dir, messages_per_second=500.0, message_burst=50) as house:
        await house.add()
        async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
            group.create_task(pour(station, 300))
            ids = [(await station.frame())[1] for _ in range(300)]

        assert ids == [f"f{number}" for number in range(300)]


async def test_a_message_of_256_kib_is_served(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.send(beat_of(LIMIT))

        assert (await station.frame())[:2] == [3, "big"]


async def test_a_message_one_byte_longer_ends_the_connection_and_the_station_may_come_back(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.send(beat_of(LIMIT + 1))
        assert await station.close_code() == 1009

    async with house.station() as back:
        assert await back.call("Heartbeat")


async def test_200_sockets_that_say_nothing_keep_nobody_out(house):
    await house.add()
    idle = [await asyncio.open_connection("127.0.0.1", house.port) for _ in range(200)]
    try:
        async with house.station(booted=True) as station:
            assert await station.call("Heartbeat")
    finally:
        for _, writer in idle:
            writer.close()


async def test_strangers_are_at_most_so_many(house):
    """Whoever is not known may wait, but not in any number."""
    async with asyncio.TaskGroup() as group:
        leaving = asyncio.Event()

        async def wait(number: int) -> bool:
            try:
                async with house.station(f"S{number}"):
                    await leaving.wait()
            except Exception as error:  # noqa: BLE001 - the refusal is what is looked for
                assert "401" in str(error), error  # noqa: PT017 - several may come
                return False
            return True

        tasks = [group.create_task(wait(number)) for number in range(60)]
        await until(lambda: sum(task.done() for task in tasks) >= 10)
        leaving.set()
    refused = sum(not task.result() for task in tasks)

    assert refused == 10
