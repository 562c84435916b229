from __future__ import annotations

import asyncio
import json

import pytest
from small_dialect import NOW

from ostler.domain.commands import ClearCache, RawCall, Reset, StartCharging, Trigger
from ostler.domain.events import StationConnected, StationDisconnected
from ostler.domain.words import Result
from ostler.services import stations
from ostler.services.stations import Fields

STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
STOP = {"transactionId": 1, "meterStop": 0, "timestamp": "2026-06-01T12:00:00Z"}


async def test_a_known_station_boots_and_is_answered(house):
    await house.add()
    async with house.station() as station:
        answer = await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})

        assert answer["status"] == "Accepted"
        assert (await station.call("Heartbeat")).keys() == {"currentTime"}


async def test_every_question_is_logged_with_its_answer(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.call("StatusNotification", STATUS)

        row = (await house.logged())[-1]
        assert (row["station"], row["direction"], row["action"]) == ("CP1", "in", "StatusNotification")
        assert (row["message_id"], row["outcome"], row["connector"]) == ("s2", "answered", 1)
        assert (json.loads(row["request"]), json.loads(row["response"])) == (STATUS, {})
        assert row["epoch"] == 1
        assert row["latency_us"] >= 0


async def test_deviations_are_logged(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.call("StatusNotification", STATUS | {"errorCode": "Error"})

        assert "errorCode" in (await house.logged())[-1]["deviations"]


async def test_a_fault_of_ours_is_an_internal_error_and_the_next_message_is_served(house):
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.refused("StatusNotification", STATUS | {"info": "fail"}) == "InternalError"
        assert await station.call("Heartbeat")


async def test_a_refusal_of_the_dialect_is_a_call_error_in_the_words_of_the_version(house):
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.refused("StatusNotification", STATUS | {"info": "refuse"}) == "GenericError"

        row = (await house.logged())[-1]
        assert (row["outcome"], row["error_code"]) == ("error", "GenericError")
        assert json.loads(row["response"]) == ["GenericError", "as you wish", {}]


async def test_a_message_that_is_not_served_is_refused_with_the_reason(house):
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.refused("SignCertificate", {"csr": "x"}) == "NotSupported"

        assert (await house.logged())[-1]["response"] == "Certificates come later."


async def test_an_unknown_action_is_not_implemented_and_logged(house):
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.refused("Dance") == "NotImplemented"

        row = (await house.logged())[-1]
        assert (row["action"], row["outcome"], row["error_code"]) == ("Dance", "error", "NotImplemented")


@pytest.mark.parametrize("text", ["", "{", "[2]", '[2,"x"]', "\ud800".encode("utf-8", "surrogatepass")])
async def test_malformed_text_is_survived_and_logged(house, text):
    await house.add()
    async with house.station(booted=True) as station:
        await station.socket.send(text, text=True)
        id_ = await station.ask("Heartbeat", {})
        while (frame := await station.frame())[1] != id_:
            assert frame[0] == 4

        assert any(row["outcome"] in {"malformed", "ignored"} for row in await house.logged())


async def test_what_is_logged_of_a_malformed_frame_is_cut_and_masked(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.socket.send('{"AuthorizationKey":"topsecret",' + "x" * 10_000)
        await station.call("Heartbeat")

        row = next(row for row in await house.logged() if row["outcome"] in {"malformed", "ignored"})
        assert len(row["request"]) <= 4096
        assert "topsecret" not in row["request"]


async def test_an_answer_that_nobody_asked_for_is_ignored(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.socket.send('[3,"nobody",{}]')
        assert await station.call("Heartbeat")

        assert [row["outcome"] for row in await house.logged()] == ["answered", "ignored", "answered"]


# --- registration (OCPP-J 1.6 errata 3.8)


async def test_before_its_boot_a_station_may_say_nothing(house):
    await house.add()
    async with house.station() as station:
        await station.ask("StatusNotification", STATUS)

        assert (await station.frame())[2] == "SecurityError"


async def test_a_station_that_talks_without_having_booted_is_asked_to_boot(house):
    await house.add()
    async with house.station() as station:
        await station.ask("Heartbeat", {})
        assert (await station.frame())[0] == 4

        frame = await station.answer({"status": "Accepted"})
        assert frame[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]


async def test_what_belongs_to_a_transaction_is_kept_before_the_boot_of_a_trusted_station(house):
    await house.add()
    async with house.station() as station:
        assert await station.call("StopTransaction", STOP) == {}

        assert (await house.logged())[-1]["transaction"] == "1"


@pytest.mark.parametrize("boot", ["pending", "rejected"])
async def test_while_a_person_keeps_a_station_out_its_transactions_are_refused_too(house, boot):
    await house.add(boot=boot)
    async with house.station() as station:
        assert (await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}))[
            "status"
        ] == boot.title()
        assert await station.refused("StopTransaction", STOP) == "SecurityError"


async def test_a_reconnect_without_a_boot_keeps_the_registration(house):
    await house.add()
    async with house.station(booted=True):
        pass
    async with house.station() as station:
        assert await station.call("Heartbeat")


async def test_a_message_sent_right_behind_the_boot_is_served(house):
    await house.add()
    async with house.station() as station:
        await station.ask("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        await station.ask("Heartbeat", {})

        assert [(await station.frame())[0], (await station.frame())[0]] == [3, 3]


# --- commands


async def test_a_command_travels_to_the_station_and_back(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(house.bus.command("CP1", ClearCache()))
        await station.answer({"status": "Accepted"})

        assert (await ordered).result is Result.ACCEPTED


async def test_a_command_is_logged_with_its_answer(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(house.bus.command("CP1", ClearCache()))
        frame = await station.answer({"status": "Rejected"})
        await ordered

        row = (await house.logged())[-1]
        assert (row["direction"], row["action"], row["message_id"]) == ("out", "ClearCache", frame[1])
        assert (row["request"], row["response"], row["outcome"]) == (
            "{}",
            '{"status": "Rejected"}',
            "answered",
        )


async def test_a_command_for_a_station_that_is_away_says_so_at_once(house):
    await house.add()

    assert (await house.bus.command("CP1", ClearCache())).result is Result.OFFLINE


async def test_what_the_version_cannot_say_is_not_supported(house):
    await house.add()
    async with house.station(booted=True):
        assert (await house.bus.command("CP1", Reset())).result is Result.NOT_SUPPORTED


async def test_an_answer_that_never_comes_times_out(build):
    house = await build(call_timeout_s=0.05)
    await house.add()
    async with house.station(booted=True):
        assert (await house.bus.command("CP1", ClearCache())).result is Result.TIMED_OUT

        assert (await house.logged())[-1]["outcome"] == "timed-out"


async def test_a_disconnect_ends_a_command_at_once(house):
    await house.add()
    async with asyncio.TaskGroup() as group, house.station(booted=True) as station:
        ordered = group.create_task(house.bus.command("CP1", ClearCache()))
        await station.frame()
        await station.socket.close()

        assert (await ordered).result is Result.OFFLINE


@pytest.mark.parametrize(
    ("code", "result"), [("NotImplemented", Result.NOT_SUPPORTED), ("InternalError", Result.ERROR)]
)
async def test_a_call_error_becomes_a_result_with_a_sentence(house, code, result):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(house.bus.command("CP1", ClearCache()))
        frame = await station.frame()
        await station.socket.send(json.dumps([4, frame[1], code, "no", {}]))

        answer = await ordered
        assert (answer.result, answer.detail) == (result, f"The station answered {code}: no")


async def test_only_so_many_commands_wait(build):
    house = await build(max_queued_calls=1)
    await house.add()
    async with asyncio.TaskGroup() as group, house.station(booted=True) as station:
        tasks = [group.create_task(house.bus.command("CP1", ClearCache())) for _ in range(3)]
        await house.until(lambda: any(task.done() for task in tasks))
        await station.socket.close()

        assert sorted([(await task).result for task in tasks]) == [
            Result.ERROR,
            Result.OFFLINE,
            Result.OFFLINE,
        ]


@pytest.mark.parametrize(
    "command",
    [StartCharging(token="T"), RawCall(action="RemoteStopTransaction", payload={"transactionId": 1})],
)
async def test_a_pending_station_is_not_told_to_start_or_stop(house, command):
    await house.add(boot="pending")
    async with house.station() as station:
        await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})

        assert (await house.bus.command("CP1", command)).result is Result.REJECTED


async def test_a_pending_station_may_be_asked_other_things(house):
    await house.add(boot="pending")
    async with house.station() as station, asyncio.TaskGroup() as group:
        await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        ordered = group.create_task(house.bus.command("CP1", Trigger(message="BootNotification")))
        await station.answer({"status": "Accepted"})

        assert (await ordered).result is Result.ACCEPTED


async def test_a_pending_station_that_a_person_lets_in_is_asked_to_boot_at_once(house):
    await house.add(boot="pending")
    async with house.station() as station:
        await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        await house.store.write(stations.change, "CP1", Fields(boot="accepted"), now=NOW)

        frame = await station.answer({"status": "Accepted"})
        assert frame[2:] == ["TriggerMessage", {"requestedMessage": "BootNotification"}]


async def test_a_rejected_station_is_sent_nothing(house):
    await house.add(boot="rejected")
    async with house.station() as station:
        await station.call("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})

        assert (await house.bus.command("CP1", ClearCache())).result is Result.REJECTED


# --- raw calls


async def test_a_raw_call_gives_the_answer_in_the_stations_words(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(
            house.bus.command("CP1", RawCall(action="Reset", payload={"type": "Soft"}))
        )
        frame = await station.answer({"status": "Accepted"})

        assert frame[2:] == ["Reset", {"type": "Soft"}]
        data = (await ordered).data
        assert data == {"outcome": "answered", "response": {"status": "Accepted"}}


async def test_a_raw_call_that_is_refused_tells_the_code(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(
            house.bus.command("CP1", RawCall(action="Reset", payload={"type": "Soft"}))
        )
        frame = await station.frame()
        await station.socket.send(json.dumps([4, frame[1], "FormationViolation", "what?", {"a": 1}]))

        assert (await ordered).data == {
            "outcome": "error",
            "code": "FormationViolation",
            "description": "what?",
            "details": {"a": 1},
        }


async def test_an_answer_to_a_raw_call_that_breaks_the_schema_is_shown_all_the_same(house):
    await house.add()
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        ordered = group.create_task(
            house.bus.command("CP1", RawCall(action="Reset", payload={"type": "Soft"}))
        )
        await station.answer({"state": "Accepted"})

        data = (await ordered).data
        assert (data["outcome"], data["code"]) == ("error", "OccurenceConstraintViolation")
        assert data["details"] == {"response": {"state": "Accepted"}}


async def test_a_raw_call_that_breaks_the_schema_is_not_sent(house):
    await house.add()
    async with house.station(booted=True):
        answer = await house.bus.command("CP1", RawCall(action="Reset", payload={"type": "Gentle"}))

        assert answer.result is Result.ERROR
        assert "Gentle" in answer.detail


async def test_a_raw_call_of_an_unknown_action_is_not_supported(house):
    await house.add()
    async with house.station(booted=True):
        answer = await house.bus.command("CP1", RawCall(action="Dance", payload={}))

        assert answer.result is Result.NOT_SUPPORTED


async def test_secrets_in_calls_of_ours_are_not_logged(house):
    await house.add()
    change = RawCall(action="ChangeConfiguration", payload={"key": "AuthorizationKey", "value": "6b6579"})
    async with house.station(booted=True) as station, asyncio.TaskGroup() as group:
        group.create_task(house.bus.command("CP1", change))
        frame = await station.answer({"status": "Accepted"})

        assert frame[3]["value"] == "6b6579"
    assert json.loads((await house.logged())[-1]["request"])["value"] == "***"


# --- presence


async def test_coming_and_going_is_stored_and_told(house):
    await house.add()
    async with house.station(booted=True):
        connected = await house.told(StationConnected)
        assert (connected.station, connected.version, connected.address) == ("CP1", "1.6", "127.0.0.1")
        assert house.bus.connected("CP1")
    gone = await house.told(StationDisconnected)
    assert (gone.station, gone.code) == ("CP1", 1000)

    record = await house.record()
    assert record.connected_at < record.disconnected_at
    assert (record.close_code, record.address, record.ocpp_version) == (1000, "127.0.0.1", "1.6")
    assert not house.bus.connected("CP1")


async def test_a_lost_connection_is_an_abnormal_close(house):
    await house.add()
    async with house.station(booted=True) as station:
        station.socket.transport.abort()
        gone = await house.told(StationDisconnected)

        assert gone.code == 1006


async def test_the_strict_switch_takes_effect_on_a_living_connection(house):
    await house.add()
    async with house.station(booted=True) as station:
        assert await station.call("StatusNotification", STATUS | {"errorCode": "Error"}) == {}
        await house.change("CP1", strict=True)

        assert await station.refused("StatusNotification", STATUS | {"errorCode": "Error"})


async def test_messages_are_counted_by_direction_action_and_outcome(house):
    await house.add()
    async with house.station(booted=True) as station:
        await station.call("Heartbeat")
        await station.refused("Dance")

        assert house.gateway.counters.messages == {
            ("in", "BootNotification", "answered"): 1,
            ("in", "Heartbeat", "answered"): 1,
            ("in", "", "error"): 1,
        }
