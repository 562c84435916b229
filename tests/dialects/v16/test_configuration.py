from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ostler.dialects.base import CallFailed
from ostler.dialects.v16 import DIALECT
from ostler.dialects.v16.standard_keys import STANDARD_KEYS
from ostler.domain import commands
from ostler.domain.commands import ParameterChange
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import keys, parameters
from ostler.services.parameters import Reading

STATUS = v16.ConfigurationStatus
KEY = "00112233445566778899aabbccddeeff00112233"
TABLE = "SELECT key, value, readonly, known, reboot_required FROM parameters ORDER BY key"
BROKEN = CallFailed(Result.ERROR, "InternalError", "InternalError")


def holding(**values):
    """A station with these keys: answers any GetConfiguration as it should."""

    def answer(request):
        asked = request.key if request.key is not None else list(values)
        known = {key.casefold(): key for key in values}
        rows = [known[key.casefold()] for key in asked if key.casefold() in known]
        return v16.GetConfigurationResponse(
            configuration_key=[v16.KeyValue(key=key, readonly=False, value=values[key]) for key in rows],
            unknown_key=[key for key in asked if key.casefold() not in known],
        )

    return answer


def changed(status="Accepted"):
    return v16.ChangeConfigurationResponse(status=STATUS(status))


def change(key, value):
    return commands.WriteParameters(changes=(ParameterChange(key=key, value=value),))


async def knows(played, **values):
    rows = [Reading(key, value, False) for key, value in values.items()]
    await played.write(parameters.store, played.pk, rows, [], played.now())


async def test_all_parameters_are_asked_for_without_naming_any(played):
    played.will(holding(HeartbeatInterval="300", Vendor="x"))

    result = await played.order(commands.ReadParameters())

    assert result.result is Result.ACCEPTED
    assert played.sent == [("GetConfiguration", {})]
    assert await played.sql(TABLE) == [("HeartbeatInterval", "300", 0, 1, 0), ("Vendor", "x", 0, 1, 0)]


async def test_what_was_read_comes_in_the_answer(played):
    played.will(holding(HeartbeatInterval="300"))

    result = await played.order(commands.ReadParameters(keys=("HeartbeatInterval", "Nonsense")))

    assert result.data == {
        "parameters": [{"key": "HeartbeatInterval", "value": "300", "readonly": False}],
        "unknown": ["Nonsense"],
    }
    assert "does not know Nonsense" in result.detail


async def test_an_unknown_key_is_remembered_as_unknown(played):
    played.will(holding())

    await played.order(commands.ReadParameters(keys=("Nonsense",)))

    assert await played.sql(TABLE) == [("Nonsense", None, 0, 0, 0)]


async def test_a_key_that_the_station_says_nothing_of_is_told(played):
    played.will(v16.GetConfigurationResponse())

    result = await played.order(commands.ReadParameters(keys=("Silent",)))

    assert "nothing of Silent" in result.detail


async def test_named_keys_are_split_as_the_station_wants(played):
    await knows(played, GetConfigurationMaxKeys="2")
    played.will(holding(A="1", B="2", C="3"))

    await played.order(commands.ReadParameters(keys=("A", "B", "C")))

    assert played.payloads == [{"key": ["A", "B"]}, {"key": ["C"]}]


async def test_ten_keys_are_asked_at_once_where_no_number_is_known(played):
    played.will(holding())

    await played.order(commands.ReadParameters(keys=tuple(f"K{number}" for number in range(12))))

    assert [len(payload["key"]) for payload in played.payloads] == [10, 2]


async def test_a_refused_batch_is_asked_key_by_key(played):
    played.will(BROKEN, holding(A="1", B="2"))

    result = await played.order(commands.ReadParameters(keys=("A", "B")))

    assert played.payloads == [{"key": ["A", "B"]}, {"key": ["A"]}, {"key": ["B"]}]
    assert result.result is Result.ACCEPTED


async def test_one_key_that_the_station_stumbles_over_does_not_take_others_with_it(played):
    played.will(BROKEN, BROKEN, holding(B="2"))

    result = await played.order(commands.ReadParameters(keys=("A", "B")))

    assert result.result is Result.ERROR
    assert await played.sql(TABLE) == [("B", "2", 0, 1, 0)]


async def test_gentle_reading_asks_one_known_key_at_a_time_and_never_for_all(played):
    await knows(played, Vendor="x")
    played.will(holding(Vendor="x"))

    await played.order(commands.ReadParameters(gently=True))

    assert [payload["key"] for payload in played.payloads] == [["Vendor"], *([key] for key in STANDARD_KEYS)]


async def test_a_model_that_crashes_when_asked_for_all_is_asked_gently(played):
    await played.sql("UPDATE stations SET vendor = 'ABB', model = 'Terra AC W22', firmware = 'V1.6.6'")
    played.will(holding())

    await played.order(commands.ReadParameters())

    assert played.payloads[0] == {"key": [STANDARD_KEYS[0]]}


async def test_gentle_reading_leaves_out_what_the_station_does_not_know(played):
    played.will(holding())
    await played.order(commands.ReadParameters(keys=("CpoName",)))
    played.sent.clear()

    await played.order(commands.ReadParameters(gently=True))

    assert {"key": ["CpoName"]} not in played.payloads


async def test_a_station_that_refuses_to_list_all_is_asked_key_by_key(played):
    played.will(BROKEN, holding(HeartbeatInterval="300"))

    result = await played.order(commands.ReadParameters())

    assert result.result is Result.ACCEPTED
    assert await played.sql("SELECT value FROM parameters WHERE known") == [("300",)]


async def test_a_station_that_lists_nothing_is_asked_by_name(played):
    played.will(v16.GetConfigurationResponse(), holding(HeartbeatInterval="300"))

    await played.order(commands.ReadParameters())

    assert len(played.payloads[1]["key"]) == 10


async def test_a_silent_station_is_asked_nothing_more(played, timed_out):
    played.will(timed_out)

    result = await played.order(commands.ReadParameters())

    assert result.result is Result.TIMED_OUT
    assert len(played.sent) == 1


async def test_after_a_time_out_no_further_key_is_asked_for_and_what_came_is_kept(played, timed_out):
    await knows(played, GetConfigurationMaxKeys="1")
    played.will(holding(A="1"), timed_out)

    result = await played.order(commands.ReadParameters(keys=("A", "B", "C")))

    assert (result.result, len(played.sent)) == (Result.TIMED_OUT, 2)
    assert result.detail.startswith("1 parameters were read, then: ")
    assert await played.sql("SELECT value FROM parameters WHERE key = 'A'") == [("1",)]


async def test_what_was_read_is_stored_before_the_next_question(played):
    await knows(played, GetConfigurationMaxKeys="1")
    seen = []

    def second(request):
        with closing(sqlite3.connect(played.store.data_dir / "ostler.db")) as connection:
            seen.extend(connection.execute("SELECT value FROM parameters WHERE key = 'A'").fetchall())
        return holding(B="2")(request)

    played.will(holding(A="1"), second)

    await played.order(commands.ReadParameters(keys=("A", "B")))

    assert seen == [("1",)]


async def test_a_new_spelling_replaces_the_old_one(played):
    await knows(played, heartbeatinterval="60")
    played.will(holding(HeartbeatInterval="300"))

    await played.order(commands.ReadParameters())

    assert await played.sql(TABLE) == [("HeartbeatInterval", "300", 0, 1, 0)]


async def test_secrets_are_masked_in_the_table_and_in_the_answer(played):
    played.will(holding(AuthorizationKey="geheim"))

    result = await played.order(commands.ReadParameters())

    assert await played.sql(TABLE) == [("AuthorizationKey", "***", 0, 1, 0)]
    assert result.data["parameters"][0]["value"] == "***"


async def test_a_written_parameter_is_read_back(played):
    played.will(changed(), holding(HeartbeatInterval="60"))

    result = await played.order(change("HeartbeatInterval", "60"))

    assert result.result is Result.ACCEPTED
    assert played.actions == ["ChangeConfiguration", "GetConfiguration"]
    assert [(row.key, row.result, row.value) for row in result.data] == [
        ("HeartbeatInterval", "accepted", "60")
    ]
    assert await played.sql(TABLE) == [("HeartbeatInterval", "60", 0, 1, 0)]


async def test_a_change_that_changed_nothing_is_told(played):
    played.will(changed(), holding(HeartbeatInterval="300"))

    result = await played.order(change("HeartbeatInterval", "60"))

    assert result.result is Result.REJECTED
    assert result.data[0].result == "unchanged"
    assert "300" in result.data[0].detail


@pytest.mark.parametrize("answer", [BROKEN, v16.GetConfigurationResponse()])
async def test_an_accepted_change_stands_when_it_cannot_be_read_back(played, answer):
    played.will(changed(), answer)

    assert (await played.order(change("HeartbeatInterval", "60"))).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("known", "sent"),
    [("True", "False"), ("TRUE", "FALSE"), ("true", "false"), (None, "FaLse"), ("1", "FaLse")],
)
async def test_booleans_are_written_in_the_stations_own_letter_case(played, known, sent):
    if known is not None:
        await knows(played, LocalPreAuthorize=known)
    played.will(changed(), holding())

    await played.order(change("LocalPreAuthorize", "FaLse"))

    assert played.payloads[0]["value"] == sent


async def test_keys_are_written_as_the_station_spells_them(played):
    await knows(played, heartbeatInterval="300")
    played.will(changed(), holding(heartbeatInterval="60"))

    await played.order(change("HEARTBEATINTERVAL", "60"))

    assert played.payloads[0] == {"key": "heartbeatInterval", "value": "60"}


async def test_a_change_that_needs_a_restart_waits_until_the_station_has_booted(played):
    await knows(played, HeartbeatInterval="300")
    played.will(changed("RebootRequired"))
    result = await played.order(change("HeartbeatInterval", "60"))
    played.will(holding(HeartbeatInterval="60"))
    await played.order(commands.ReadParameters())
    waiting = await played.sql("SELECT reboot_required FROM parameters")
    await played.sql("UPDATE stations SET booted_at = 9e12")
    await played.order(commands.ReadParameters())

    assert (result.result, result.data[0].result) == (Result.ACCEPTED, "reboot-required")
    assert "Reset" in result.detail
    assert waiting == [(1,)]
    assert await played.sql("SELECT reboot_required FROM parameters") == [(0,)]


async def test_a_restart_is_awaited_for_a_key_that_was_never_read(played):
    played.will(changed("RebootRequired"))

    await played.order(change("SecurityProfile", "1"))

    assert await played.sql(TABLE) == [("SecurityProfile", None, 0, 1, 1)]


async def test_a_key_that_the_station_does_not_know_is_not_supported(played):
    played.will(changed("NotSupported"))

    result = await played.order(change("Nonsense", "1"))

    assert (result.result, result.data[0].result) == (Result.NOT_SUPPORTED, "not-supported")
    assert await played.sql(TABLE) == [("Nonsense", None, 0, 0, 0)]


async def test_a_rejected_change_says_why_it_may_be(played):
    row = [Reading("NumberOfConnectors", "2", True)]
    await played.write(parameters.store, played.pk, row, [], played.now())
    played.will(changed("Rejected"))

    result = await played.order(change("NumberOfConnectors", "3"))

    assert result.result is Result.REJECTED
    assert (result.data[0].value, "cannot be changed" in result.data[0].detail) == ("2", True)


async def test_each_row_has_its_own_result(played):
    played.will(changed(), holding(A="1"), changed("Rejected"))
    changes = (ParameterChange(key="A", value="1"), ParameterChange(key="B", value="2"))

    result = await played.order(commands.WriteParameters(changes=changes))

    assert [row.result for row in result.data] == ["accepted", "rejected"]
    assert result.detail == "1 of 2 parameters were changed."


async def test_after_a_time_out_no_further_row_is_sent(played, timed_out):
    played.will(timed_out)
    changes = (ParameterChange(key="A", value="1"), ParameterChange(key="B", value="2"))

    result = await played.order(commands.WriteParameters(changes=changes))

    assert result.result is Result.TIMED_OUT
    assert [row.result for row in result.data] == ["timed-out", "timed-out"]
    assert len(played.sent) == 1


async def test_a_station_that_cannot_change_anything_says_not_supported(played, not_known):
    played.will(not_known)

    assert (await played.order(change("A", "1"))).result is Result.NOT_SUPPORTED


async def test_a_value_too_long_is_an_error_of_its_row_only(played):
    played.will(changed(), holding(B="2"))
    changes = (ParameterChange(key="A", value="x" * 501), ParameterChange(key="B", value="2"))

    result = await played.order(commands.WriteParameters(changes=changes))

    assert [row.result for row in result.data] == ["error", "accepted"]


async def test_a_secret_is_not_read_back(played):
    played.will(changed())

    await played.order(change("WifiPassword", "geheim"))

    assert played.actions == ["ChangeConfiguration"]


async def test_the_key_of_the_connection_is_not_a_parameter_like_others(played):
    result = await played.order(change("authorizationkey", KEY))

    assert result.result is Result.REJECTED
    assert played.sent == []


async def stored_key(played):
    return (await played.sql("SELECT key_salt, key_hash FROM stations"))[0]


@pytest.mark.parametrize("status", ["Accepted", "RebootRequired"])
async def test_a_key_that_the_station_took_replaces_the_old_one(played, status):
    played.will(changed(status))

    result = await played.order(commands.SetKey(key=KEY))

    assert result.result in {Result.ACCEPTED, Result.SCHEDULED}
    assert played.payloads == [{"key": "AuthorizationKey", "value": KEY}]
    assert keys.matches(bytes.fromhex(KEY), *await stored_key(played))
    assert await played.sql("SELECT key_shown FROM stations") == [(0,)]


@pytest.mark.parametrize("status", ["Rejected", "NotSupported"])
async def test_a_refused_key_leaves_the_old_one(played, status):
    played.will(changed(status))

    result = await played.order(commands.SetKey(key=KEY))

    assert result.result is not Result.ACCEPTED
    assert "old one stays" in result.detail
    assert await stored_key(played) == (None, None)


async def test_a_key_of_letters_is_sent_as_hexadecimal_digits(played):
    played.will(changed())

    await played.order(commands.SetKey(key="wallbox-key-0123"))

    assert played.payloads[0]["value"] == b"wallbox-key-0123".hex()
    assert keys.matches(b"wallbox-key-0123", *await stored_key(played))


async def test_a_key_too_short_is_not_sent(played):
    assert (await played.order(commands.SetKey(key="short"))).result is Result.ERROR
    assert played.sent == []


@pytest.mark.parametrize(
    ("key", "status", "is_kept"),
    [
        ("authorizationKey", "Accepted", True),
        ("AuthorizationKey", "Rejected", False),
        ("WifiPassword", "Accepted", False),
    ],
)
async def test_a_key_that_was_sent_as_a_raw_call_is_kept_too(played, key, status, is_kept):
    keep = DIALECT.aftermath[v16.ChangeConfigurationRequest]

    await keep(played, v16.ChangeConfigurationRequest(key=key, value=KEY), changed(status))

    assert (await stored_key(played) != (None, None)) is is_kept
