from __future__ import annotations

import asyncio
import json
from socket import SO_RCVBUF, SO_SNDBUF, SOL_SOCKET

import pytest

from ostler.gateway.socket import Pause
from ostler.ocpp import websocket

STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
PING = b"\x89\x00"
PING_OF_A_STATION = websocket.ping_frame(mask=True)


async def opened(house, **headers: str):
    reader, writer = await house.raw(**headers)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def end_of(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends, gently or not."""
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b""


def heartbeat(id_: str) -> bytes:
    return websocket.text_frame(json.dumps([2, id_, "Heartbeat", {}]).encode(), mask=True)


async def test_a_message_that_is_too_large_closes_the_connection(build):
    house = await build(max_message_bytes=1000)
    await house.add()
    async with house.station(booted=True) as station:
        await station.socket.send("x" * 1001)

        assert (await station.closed())[0] == 1009


async def test_a_binary_message_is_read_as_text(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.socket.send(b'[2,"x","Heartbeat",{}]')

        assert (await station.frame())[:2] == [3, "x"]


async def test_a_broken_frame_closes_the_connection(house):
    await house.add()
    reader, writer = await opened(house)
    writer.write(b"\x81\x02{}")

    assert (await reader.read())[2:4] == (1002).to_bytes(2, "big")
    writer.close()


async def test_a_ping_is_answered(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.timeout(10):
        await (await station.socket.ping())


async def test_compression_is_used_when_the_station_asks_for_it(house):
    await house.add()
    async with house.station(booted=True, compression="deflate") as station:
        assert station.socket.response.headers["Sec-WebSocket-Extensions"].startswith("permessage-deflate")
        assert await station.call("DataTransfer", {"vendorId": "V", "data": "x" * 5000})


async def test_a_flood_is_slowed_down_and_nothing_of_it_is_lost(build):
    house = await build(messages_per_second=400.0, message_burst=5)
    await house.add()
    async with house.station(booted=True) as station:
        socket = house.gateway._seats.live["CP1"].socket
        ids = [await station.ask("Heartbeat", {}) for _ in range(40)]

        await house.until(lambda: Pause.RATE in socket._paused)
        assert [(await station.frame())[1] for _ in range(40)] == ids
        assert await station.call("Heartbeat")


@pytest.mark.parametrize(
    "what",
    [PING_OF_A_STATION, websocket.pong_frame(mask=True), b"\x01\x80\0\0\0\0" + b"\0\x80\0\0\0\0" * 30],
    ids=["pings", "pongs", "empty fragments"],  # masks are random, names are not
)
async def test_frames_that_are_no_message_are_slowed_down_too(build, what):
    house = await build(messages_per_second=10.0, message_burst=30)
    await house.add()
    _, writer = await opened(house)
    socket = house.gateway._seats.live["CP1"].socket
    writer.write(what * 31)

    await house.until(lambda: Pause.RATE in socket._paused)
    writer.close()


async def test_a_large_message_counts_like_many(build):
    house = await build(messages_per_second=10.0, message_burst=30)
    await house.add()
    async with house.station(booted=True) as station:
        socket = house.gateway._seats.live["CP1"].socket
        await station.ask("DataTransfer", {"vendorId": "V", "data": "x" * 200_000})

        await house.until(lambda: Pause.RATE in socket._paused)
        assert (await station.frame())[0] == 3


async def test_a_bomb_of_compressed_messages_ends_the_connection_and_no_other(house):
    await house.add()
    await house.add("CP2")
    reader, writer = await opened(house, Sec_WebSocket_Extensions="permessage-deflate")
    packed = websocket.negotiate(["permessage-deflate"]).compress(b" " * 262_000)
    size = len(packed).to_bytes(2, "big")
    async with house.station("CP2", booted=True) as other:
        writer.write((b"\xc1\xfe" + size + b"\0\0\0\0" + packed) * 800)
        await end_of(reader)

        assert await other.call("Heartbeat")
    assert "unpack to too many bytes" in (await house.record()).close_reason
    writer.close()


async def test_who_does_not_wait_for_answers_is_not_read_while_the_disk_is_slow(house, gate):
    await house.add()
    async with house.station(booted=True) as station:
        await station.ask("StatusNotification", STATUS | {"info": "wait"})
        for _ in range(150):
            await station.ask("Heartbeat", {})
        connection = house.gateway._seats.live["CP1"]
        await house.until(lambda: connection._unanswered > 100)
        gate.set()

        assert [(await station.frame())[0] for _ in range(151)] == [3] * 151


async def test_who_does_not_read_its_answers_is_dropped(build):
    house = await build(max_waiting_bytes=2000, message_burst=100_000)
    await house.add()
    reader, writer = await opened(house)
    server = house.gateway._seats.live["CP1"].socket
    for transport, option in ((writer.transport, SO_RCVBUF), (server._transport, SO_SNDBUF)):
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, option, 4096)  # little fits on the way
    writer.write(heartbeat("h" * 200) * 2000)
    await house.until(lambda: not house.gateway._entrance.sockets)

    assert (await house.record()).close_reason == "the station reads too slowly"
    writer.close()
    del reader


async def test_an_upgrade_that_never_comes_is_not_waited_for(build):
    house = await build(handshake_timeout_s=0.05)
    reader, writer = await house.raw(head="GET /CP1 HTTP/1.1\r\n")

    assert await end_of(reader) == b""
    writer.close()


# --- signs of life


async def test_a_silent_station_is_pinged_and_then_dropped(build):
    house = await build(ping_interval_s=0.05)
    await house.add()
    reader, writer = await opened(house)

    assert await reader.readexactly(2) == PING
    await house.until(lambda: not house.gateway._entrance.sockets)
    record = await house.record()
    assert (record.close_code, record.close_reason) == (1006, "no sign of life")
    writer.close()


async def test_a_station_that_answers_pings_stays(build):
    house = await build(ping_interval_s=0.02)
    await house.add()
    async with house.station(booted=True) as station:
        socket = house.gateway._seats.live["CP1"].socket
        await house.until(lambda: socket._ponged)
        first = socket._pinged_at
        await house.until(lambda: socket._pinged_at > first + 0.2)

        assert await station.call("Heartbeat")


async def test_a_station_that_never_answers_pings_but_talks_stays(build):
    house = await build(ping_interval_s=0.02)
    await house.add()
    reader, writer = await opened(house)
    for number in range(10):
        writer.write(heartbeat(str(number)))
        assert await reader.readuntil(PING)

    assert house.bus.connected("CP1")
    writer.close()


async def test_its_own_ping_interval_goes_before_the_servers(house):
    await house.add(ping_interval_s=7)
    async with house.station(booted=True):
        assert house.gateway._seats.live["CP1"].socket.ping_interval_s == 7


async def test_a_changed_ping_interval_takes_effect_at_once(house):
    await house.add()
    async with house.station(booted=True):
        await house.change("CP1", ping_interval_s=0)

        assert house.gateway._seats.live["CP1"].socket.ping_interval_s == 0


async def test_without_an_interval_nobody_is_pinged(build):
    house = await build(ping_interval_s=0)
    await house.add()
    async with house.station(booted=True):
        socket = house.gateway._seats.live["CP1"].socket
        house.gateway.sweep(asyncio.get_running_loop().time() + 1e6)

        assert socket.alive
        assert socket._pinged_at == 0


async def test_a_station_that_does_not_answer_the_close_is_dropped(house):
    await house.add()
    reader, writer = await opened(house)
    house.gateway._seats.live["CP1"].close(1000, "enough")
    house.gateway.sweep(asyncio.get_running_loop().time() + 6)

    await house.until(lambda: not house.gateway._entrance.sockets)
    writer.close()
    del reader


async def test_a_station_without_close_frames_just_loses_the_connection(house):
    await house.add(close_frame=False)
    reader, writer = await opened(house)
    house.gateway._seats.live["CP1"].close(1000, "enough")

    assert await end_of(reader) == b""
    writer.close()
