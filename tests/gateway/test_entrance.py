from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime

import pytest
from small_dialect import credentials
from websockets.exceptions import InvalidStatus

from ostler.domain.commands import ClearCache
from ostler.domain.events import StationChanged, StationNotice, StationWaiting
from ostler.domain.words import Result
from ostler.services import keys, stations, waiting_room

KEY = "00112233445566778899aabbccddeeff00112233"


def now() -> datetime:
    return datetime.now(UTC)


async def refused(house, identity="CP1", **options) -> int:
    with pytest.raises(InvalidStatus) as caught:
        async with house.station(identity, **options):
            pass
    return caught.value.response.status_code


# --- identity and version


@pytest.mark.parametrize(
    "path", ["/CP1", "/ocpp/CP1", "/CP1/", "/a/b/CP1?x=1", "/C%501", "/ws://192.0.2.1:9000/CP1"]
)
async def test_the_last_segment_of_the_path_is_the_identity(house, path):
    await house.add()
    reader, writer = await house.raw(path)

    assert b"101 Switching" in await reader.readuntil(b"\r\n\r\n")
    assert house.bus.connected("CP1")
    writer.close()


@pytest.mark.parametrize("path", ["/", "/a%2Fb", "/" + "x" * 49])
async def test_a_path_without_a_usable_identity_is_not_found(house, path):
    status, answer = await house.knock(path)

    assert status == 404
    assert answer.splitlines()[-1]


async def test_a_browser_is_told_what_this_is(house):
    status, answer = await house.knock(head="GET / HTTP/1.1\r\nHost: x\r\n\r\n")

    assert status == 426
    assert b"Charging stations connect here" in answer


async def test_the_first_version_that_both_speak_is_taken(house):
    await house.add()
    async with house.station(subprotocols=("ocpp9.9", "ocpp1.6")) as station:
        assert station.socket.subprotocol == "ocpp1.6"


async def test_a_station_that_offers_no_version_is_taken_as_1_6_and_marked(house):
    await house.add()
    async with house.station(subprotocols=(), booted=True) as station:
        assert station.socket.subprotocol is None
        notice = await house.told(StationNotice)

        assert (notice.kind, notice.status) == ("handshake", "no subprotocol offered")


async def test_the_mark_is_stored_once(house):
    await house.add()
    for _ in range(2):
        async with house.station(subprotocols=(), booted=True):
            pass

    def count(db):
        return db._connection.execute("SELECT count(*) FROM notices").fetchone()[0]

    assert await house.store.read(count) == 1


async def test_without_a_common_version_the_handshake_is_completed_and_closed(house):
    await house.add()
    _, answer = await house.knock(Sec_WebSocket_Protocol="ocpp1.5")

    assert b"101 Switching" in answer
    assert b"Sec-WebSocket-Protocol" not in answer
    assert answer.partition(b"\r\n\r\n")[2][0] == 0x88
    notice = await house.told(StationNotice)
    assert notice.data["offered"] == ["ocpp1.5"]


async def test_the_first_frame_may_come_with_the_request(house):
    await house.add()
    reader, writer = await house.raw()
    writer.write(b"\x89\x80\x00\x00\x00\x00")  # a masked ping
    await reader.readuntil(b"\r\n\r\n")

    assert await reader.readexactly(2) == b"\x8a\x00"
    writer.close()


# --- keys


async def test_a_station_without_a_key_is_served(house):
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.call("Heartbeat")


@pytest.mark.parametrize("shown", [KEY, KEY.upper(), bytes.fromhex(KEY)])
async def test_a_key_is_known_as_digits_and_as_bytes(house, shown):
    await house.add(key=KEY)
    async with house.station(key=shown, booted=True) as station:
        assert await station.call("Heartbeat")


async def test_a_password_may_hold_a_colon(house):
    await house.add(key="a:b")
    async with house.station(key="a:b", booted=True):
        pass


@pytest.mark.parametrize("shown", [None, "wrong"])
async def test_without_its_key_a_station_is_refused(house, shown):
    await house.add(key=KEY)

    assert await refused(house, key=shown) == 401


async def test_the_user_must_be_the_identity(house):
    await house.add(key=KEY)

    assert await refused(house, key=KEY, user="CP2") == 401


async def test_unreadable_credentials_are_refused(house):
    await house.add(key=KEY)

    assert (await house.knock(Authorization="Basic !!!"))[0] == 401


async def test_an_unknown_identity_and_a_wrong_key_get_the_same_answer(house):
    await house.add(key=KEY)
    known = await house.knock("/CP1", Authorization=credentials("CP1", "wrong"))
    unknown = await house.knock("/CP9", Authorization=credentials("CP9", "wrong"))

    assert known == unknown


async def test_whoever_cannot_be_looked_up_is_told_to_come_again(house, monkeypatch):
    def burst(*_, **__):
        raise sqlite3.OperationalError

    monkeypatch.setattr(waiting_room, "knock", burst)

    assert (await house.knock("/CP9"))[0] == 503


FOREIGN = {"Origin": "https://elsewhere.example", "User_Agent": "Mozilla/5.0"}


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "https://[", "file://"])
async def test_a_page_of_another_site_may_not_speak_for_a_station(house, origin):
    await house.add()

    assert (await house.knock(**FOREIGN | {"Origin": origin}))[0] == 403


@pytest.mark.parametrize("told", [{"Origin": "http://ostler:8080"}, {"User_Agent": "libwebsockets"}])
async def test_stations_may_tell_any_origin_and_pages_of_our_own_host_are_fine(house, told):
    await house.add()
    reader, writer = await house.raw(**FOREIGN | told)

    assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    writer.close()


async def test_simulators_that_run_in_a_browser_can_be_let_in(build):
    house = await build(allow_foreign_pages=True)
    await house.add()
    reader, writer = await house.raw(**FOREIGN)

    assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    writer.close()


async def test_a_key_that_was_only_sent_is_not_required_until_it_was_used(house):
    pk = await house.add()
    await house.store.write(stations.set_key, pk, KEY, now=(await house.record()).created_at)
    await house.settled()
    async with house.station(booted=True):
        pass
    async with house.station(key=KEY, booted=True):
        pass

    assert await refused(house) == 401
    record = await house.record()
    assert (record.key_shown, record.security_profile) == (True, 1)


async def test_a_wrong_key_is_refused_even_while_none_is_required(house):
    pk = await house.add()
    await house.store.write(stations.set_key, pk, KEY, now=(await house.record()).created_at)
    await house.settled()

    assert await refused(house, key="wrong") == 401


async def test_a_key_that_a_person_changed_is_required_at_once(house):
    pk = await house.add(key="old")
    await house.store.write(
        stations.set_key, pk, "new", confirmed=True, now=(await house.record()).created_at
    )

    assert await refused(house, key="old") == 401
    async with house.station(key="new", booted=True):
        pass


async def test_a_station_that_must_use_tls_is_refused_without(house):
    await house.add(key=KEY, security_profile=2)

    assert await refused(house, key=KEY) == 401


async def test_who_fails_too_often_waits_but_the_right_key_always_gets_in(house):
    await house.add(key=KEY)
    answers = [await refused(house, key="wrong") for _ in range(11)]

    assert answers == [401] * 10 + [429]
    async with house.station(key=KEY, booted=True):
        pass


async def test_a_station_added_by_another_process_is_served(house):
    house.bus.unlisten(StationChanged, house.gateway._changed)
    await house.add()
    house.bus.listen(StationChanged, house.gateway._changed)
    async with house.station(booted=True):
        pass


# --- strangers


async def test_a_stranger_is_told_to_wait_and_introduces_itself(house):
    async with house.station("NEW") as station:
        answer = await station.call(
            "BootNotification",
            {"chargePointVendor": "Legrand", "chargePointModel": "GreenUp", "firmwareVersion": "3.1"},
        )

        assert (answer["status"], answer["interval"]) == ("Pending", 60)
        [waiting] = await house.store.read(waiting_room.listed)
        assert (waiting.id, waiting.vendor, waiting.model, waiting.firmware) == (
            "NEW",
            "Legrand",
            "GreenUp",
            "3.1",
        )
        assert (await house.told(StationWaiting)).station == "NEW"


async def test_a_stranger_may_say_nothing_else(house):
    async with house.station("NEW") as station:
        assert await station.refused("Heartbeat") == "SecurityError"
        assert await station.refused("Dance") == "NotImplemented"
        await station.socket.send("[3,null]")
        assert await station.refused("Heartbeat") == "SecurityError"
        assert not house.bus.connected("NEW")


async def test_a_stranger_that_is_accepted_is_served_at_once(house):
    async with house.station("NEW") as station:
        await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        await house.store.write(waiting_room.accept, "NEW", now=now())

        assert (await station.answer({"status": "Accepted"}))[2] == "TriggerMessage"
        boot = {"chargePointVendor": "V", "chargePointModel": "M"}
        assert (await station.call("BootNotification", boot))["status"] == "Accepted"
        assert await station.call("Heartbeat")
        assert house.bus.connected("NEW")


async def test_a_stranger_that_is_given_a_key_must_come_again_with_it(house):
    async with house.station("NEW") as station:
        await house.add("NEW", key=KEY)

        assert (await station.closed())[0] == 1008
    async with house.station("NEW", key=KEY, booted=True):
        pass


async def test_only_so_many_strangers_wait_at_once(build):
    house = await build(max_strangers=1)
    async with house.station("NEW1"):
        assert await refused(house, "NEW2") == 401
    await house.until(lambda: not house.gateway._seats.strangers)
    async with house.station("NEW2"):
        pass


async def test_the_same_stranger_again_takes_its_own_place(build):
    house = await build(max_strangers=2)
    async with house.station("NEW") as first, house.station("NEW") as second:
        await first.closed()

        assert await second.refused("Heartbeat") == "SecurityError"


async def test_a_blocked_stranger_is_refused(house):
    async with house.station("NEW"):
        pass
    await house.store.write(waiting_room.block, "NEW")

    assert await refused(house, "NEW") == 401


async def test_an_unknown_station_that_shows_a_key_is_refused_and_adopted_with_it(house):
    assert await refused(house, "NEW", key=KEY) == 401
    await house.store.write(waiting_room.accept, "NEW", now=now())

    assert await refused(house, "NEW") == 401
    async with house.station("NEW", key=KEY, booted=True):
        pass


async def test_the_kept_key_of_a_stranger_is_a_hash(house):
    await refused(house, "NEW", key="topsecret")
    await house.store.write(lambda _db: None)

    def stored(db):
        return db._connection.execute("SELECT key_salt, key_hash FROM waiting_room").fetchone()

    salt, hashed = await house.store.read(stored)
    assert keys.matches(b"topsecret", salt, hashed)
    assert b"topsecret" not in salt + hashed


async def test_a_stranger_without_a_common_version_is_seen_in_the_waiting_room(house):
    await house.knock("/NEW", Sec_WebSocket_Protocol="ocpp1.5")
    await house.store.write(lambda _db: None)
    [waiting] = await house.store.read(waiting_room.listed)

    assert (waiting.id, waiting.subprotocols) == ("NEW", "ocpp1.5")


# --- the joining window


async def test_while_the_joining_window_is_open_a_stranger_becomes_a_station_with_a_key(house):
    await house.store.write(waiting_room.open_window, 5, now=now())
    async with house.station("NEW", booted=True) as station:
        frame = await station.answer({"status": "Accepted"})
        assert (frame[2], frame[3]["key"]) == ("ChangeConfiguration", "AuthorizationKey")
        given = frame[3]["value"]
        await house.settled()

    record = await house.record("NEW")
    assert (record.authorization, record.has_key, record.key_shown) == ("none", True, False)
    async with house.station("NEW", key=given, booted=True):
        pass
    assert await refused(house, "NEW") == 401


async def test_a_station_that_takes_no_key_is_served_all_the_same(house):
    await house.store.write(waiting_room.open_window, 5, now=now())
    async with house.station("NEW", booted=True) as station:
        frame = await station.frame()
        await station.socket.send(f'[4,"{frame[1]}","NotSupported","",{{}}]')

        assert await station.call("Heartbeat")
        assert not (await house.record("NEW")).has_key


async def test_a_closed_joining_window_takes_in_nobody(house):
    await house.store.write(waiting_room.open_window, 5, now=now())
    await house.store.write(waiting_room.open_window, 0, now=now())
    async with house.station("NEW") as station:
        assert await station.refused("Heartbeat") == "SecurityError"


# --- the same identity twice


async def test_the_newest_of_two_with_the_right_key_wins(house):
    await house.add(key=KEY)
    async with house.station(key=KEY, booted=True) as old, house.station(key=KEY) as new:
        assert await old.closed() == (1008, "connection replaced")
        assert await new.call("Heartbeat")
        assert (await house.record()).epoch == 2


async def test_a_take_over_is_a_security_notice_with_both_addresses(house):
    await house.add(key=KEY)
    async with house.station(key=KEY, booted=True), house.station(key=KEY):
        notice = await house.told(StationNotice)

        assert (notice.kind, notice.status) == ("security", "DuplicateConnection")
        assert notice.data == {"old": "127.0.0.1", "new": "127.0.0.1"}


async def test_orders_of_the_replaced_connection_end_at_once(house):
    await house.add(key=KEY)
    async with asyncio.TaskGroup() as group, house.station(key=KEY, booted=True) as old:
        ordered = group.create_task(house.bus.command("CP1", ClearCache()))
        await old.frame()
        async with house.station(key=KEY):
            answer = await ordered

            assert answer.result is Result.OFFLINE
            assert "connection replaced" in answer.detail


async def test_the_end_of_the_replaced_connection_does_not_touch_the_new_one(house):
    await house.add(key=KEY)
    async with house.station(key=KEY, booted=True) as old:
        new_context = house.station(key=KEY)
        new = await new_context.__aenter__()
        await old.closed()
        await house.until(lambda: len(house.gateway._entrance.sockets) == 1)

        assert house.bus.connected("CP1")
        record = await house.record()
        assert (record.epoch, record.disconnected_at <= record.connected_at) == (2, True)
        assert await new.call("Heartbeat")
        await new_context.__aexit__(None, None, None)


async def test_a_wrong_key_never_touches_the_living_connection(house):
    await house.add(key=KEY)
    async with house.station(key=KEY, booted=True) as station:
        await refused(house, key="wrong")

        assert await station.call("Heartbeat")


async def test_without_a_key_the_living_connection_stays(house):
    await house.add()
    async with house.station(booted=True) as old:
        assert await refused(house) == 409
        assert await old.call("Heartbeat")


async def test_without_a_key_nobody_fills_the_database_with_attempts(house):
    await house.add()
    async with house.station(booted=True) as station:
        answers = [(await house.knock())[0] for _ in range(15)]

        assert await station.call("Heartbeat")
    notices = await house.store.read(
        lambda db: db._connection.execute("SELECT count(*) FROM notices WHERE kind = 'security'").fetchone()
    )

    assert answers == [409] * 10 + [429] * 5
    assert notices == (10,)


async def test_without_a_key_a_dead_connection_is_replaced(build):
    house = await build(duplicate_probe_s=0.05)
    await house.add()
    reader, writer = await house.raw()
    await reader.readuntil(b"\r\n\r\n")
    async with house.station(booted=True) as new:
        assert await new.call("Heartbeat")
    writer.close()


async def test_two_places_that_push_each_other_out_are_stopped(house):
    await house.add(key=KEY)
    entrance = house.gateway._entrance
    connect = entrance.came

    def came_from_elsewhere(socket):
        came_from_elsewhere.number += 1
        socket.address = f"192.0.2.{came_from_elsewhere.number}"
        return connect(socket)

    came_from_elsewhere.number = 0
    entrance.came = came_from_elsewhere
    stack = [house.station(key=KEY) for _ in range(4)]
    for context in stack:
        await context.__aenter__()

    assert await refused(house, key=KEY) == 429
    for context in stack:
        await context.__aexit__(None, None, None)
