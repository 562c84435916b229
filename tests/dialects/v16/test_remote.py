from __future__ import annotations

import pytest

from ostler.domain import commands
from ostler.domain.words import Result
from ostler.ocpp import v16

ACCEPTED = v16.RemoteStartStopStatus.ACCEPTED
STARTED = v16.RemoteStartTransactionResponse(status=ACCEPTED)
STOPPED = v16.RemoteStopTransactionResponse(status=ACCEPTED)
TX_PROFILE = {
    "chargingProfileId": 7,
    "transactionId": 99,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.5}],
    },
}


async def transaction(played, *, station=None, ocpp_id="4711", ended=None):
    rows = await played.sql(
        "INSERT INTO transactions (station, ocpp_id, evse, connector, started_at, ended_at,"
        " start_key, received_at)"
        " VALUES (?, ?, 1, 1, 1, ?, 'k', 1) RETURNING pk",
        station or played.pk,
        ocpp_id,
        ended,
    )
    return rows[0][0]


async def other_station(played):
    return (await played.sql("INSERT INTO stations (id, created_at) VALUES ('CP2', 1) RETURNING pk"))[0][0]


async def test_a_start_names_token_and_connector(played):
    played.will(STARTED)

    result = await played.order(commands.StartCharging(token="04AB", connector=2))

    assert result.result is Result.ACCEPTED
    assert played.sent == [("RemoteStartTransaction", {"connectorId": 2, "idTag": "04AB"})]


async def test_a_start_anywhere_names_no_connector(played):
    played.will(STARTED)

    await played.order(commands.StartCharging(token="04AB"))

    assert played.payloads == [{"idTag": "04AB"}]


async def test_evse_2_connector_1_is_connector_2_of_ocpp_1_6(played):
    played.will(STARTED)

    await played.order(commands.StartCharging(token="04AB", evse=2, connector=1))

    assert played.payloads[0]["connectorId"] == 2


async def test_there_are_no_negative_connectors(played):
    assert (await played.order(commands.StartCharging(token="04AB", connector=-1))).result is Result.ERROR
    assert played.sent == []


async def test_the_profile_of_a_start_has_no_transaction_id(played):
    played.will(STARTED)

    await played.order(commands.StartCharging(token="04AB", connector=1, charging_profile=TX_PROFILE))

    assert "transactionId" not in played.payloads[0]["chargingProfile"]
    assert await played.sql("SELECT profile_id, evse, purpose FROM charging_profiles") == [
        (7, 1, "TxProfile")
    ]


async def test_a_start_takes_no_other_purpose_than_txprofile(played):
    profile = TX_PROFILE | {"chargingProfilePurpose": "TxDefaultProfile"}

    result = await played.order(commands.StartCharging(token="04AB", charging_profile=profile))

    assert result.result is Result.ERROR
    assert "TxProfile" in result.detail
    assert played.sent == []


async def test_a_profile_with_a_wrong_field_is_an_error_that_names_it(played):
    profile = TX_PROFILE | {"stackLevel": "high"}

    result = await played.order(commands.StartCharging(token="04AB", charging_profile=profile))

    assert result.result is Result.ERROR
    assert "stackLevel" in result.detail


async def test_a_token_too_long_for_ocpp_1_6_is_not_sent(played):
    result = await played.order(commands.StartCharging(token="X" * 21))

    assert result.result is Result.ERROR
    assert "idTag" in result.detail
    assert played.sent == []


async def test_a_refused_start_says_what_to_look_at(played):
    played.will(v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus.REJECTED))

    result = await played.order(commands.StartCharging(token="04AB"))

    assert result.result is Result.REJECTED
    assert "cable" in result.detail


async def test_a_stop_uses_the_number_that_the_station_knows(played):
    pk = await transaction(played, ocpp_id="4711")
    played.will(STOPPED)

    result = await played.order(commands.StopCharging(transaction_id=pk))

    assert result.result is Result.ACCEPTED
    assert played.sent == [("RemoteStopTransaction", {"transactionId": 4711})]


async def test_an_unknown_transaction_is_not_stopped(played):
    result = await played.order(commands.StopCharging(transaction_id=5))

    assert (result.result, result.detail) == (Result.ERROR, "There is no transaction 5.")
    assert played.sent == []


async def test_a_transaction_of_another_station_is_not_stopped(played):
    pk = await transaction(played, station=await other_station(played))

    result = await played.order(commands.StopCharging(transaction_id=pk))

    assert result.result is Result.ERROR
    assert "another station" in result.detail
    assert played.sent == []


async def test_an_ended_transaction_is_not_stopped(played):
    pk = await transaction(played, ended=2)

    result = await played.order(commands.StopCharging(transaction_id=pk))

    assert result.result is Result.ERROR
    assert "ended" in result.detail


async def test_a_transaction_that_the_station_has_no_number_for_is_not_stopped(played):
    pk = await transaction(played, ocpp_id="lost-1")

    result = await played.order(commands.StopCharging(transaction_id=pk))

    assert result.result is Result.ERROR
    assert played.sent == []


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (v16.UnlockStatus.UNLOCKED, Result.ACCEPTED),
        (v16.UnlockStatus.UNLOCK_FAILED, Result.REJECTED),
        (v16.UnlockStatus.NOT_SUPPORTED, Result.NOT_SUPPORTED),
    ],
)
async def test_each_answer_to_unlock_has_its_result(played, status, result):
    played.will(v16.UnlockConnectorResponse(status=status))

    assert (await played.order(commands.Unlock(connector=2))).result is result
    assert played.payloads == [{"connectorId": 2}]


async def test_the_whole_station_cannot_be_unlocked(played):
    assert (await played.order(commands.Unlock(connector=0))).result is Result.ERROR


def triggered(status):
    return v16.TriggerMessageResponse(status=v16.TriggerMessageStatus(status))


def extended(status):
    return v16.ExtendedTriggerMessageResponse(status=v16.TriggerMessageStatusEnumType(status))


async def test_a_trigger_names_the_connector(played):
    played.will(triggered("Accepted"))

    result = await played.order(commands.Trigger(message="metervalues", connector=1))

    assert result.result is Result.ACCEPTED
    assert played.sent == [("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})]


async def test_a_trigger_never_names_connector_0(played):
    played.will(triggered("Accepted"))

    await played.order(commands.Trigger(message="MeterValues", connector=0))

    assert played.payloads == [{"requestedMessage": "MeterValues"}]


async def test_a_message_of_the_security_extension_is_triggered_with_its_message(played):
    played.will(extended("Accepted"))

    result = await played.order(commands.Trigger(message="SignChargePointCertificate"))

    assert result.result is Result.ACCEPTED
    assert played.actions == ["ExtendedTriggerMessage"]


@pytest.mark.parametrize("way", ["status", "error"])
async def test_what_triggermessage_does_not_implement_is_tried_with_the_extended_one(played, not_known, way):
    played.will(triggered("NotImplemented") if way == "status" else not_known, extended("Accepted"))

    result = await played.order(commands.Trigger(message="Heartbeat"))

    assert result.result is Result.ACCEPTED
    assert played.actions == ["TriggerMessage", "ExtendedTriggerMessage"]


async def test_a_trigger_that_neither_message_knows_is_not_supported(played, not_known):
    played.will(not_known)

    assert (await played.order(commands.Trigger(message="Heartbeat"))).result is Result.NOT_SUPPORTED


async def test_a_trigger_that_is_not_answered_is_not_tried_again(played, timed_out):
    played.will(timed_out)

    assert (await played.order(commands.Trigger(message="Heartbeat"))).result is Result.TIMED_OUT
    assert len(played.sent) == 1


async def test_a_rejected_trigger_is_rejected(played):
    played.will(triggered("Rejected"))

    assert (await played.order(commands.Trigger(message="BootNotification"))).result is Result.REJECTED


async def test_an_unknown_message_is_answered_with_the_nearest(played):
    result = await played.order(commands.Trigger(message="MeterValue"))

    assert result.result is Result.ERROR
    assert '"MeterValues"' in result.detail
