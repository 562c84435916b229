from __future__ import annotations

import pytest

from ostler.domain import commands
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import parameters
from ostler.services.parameters import Reading

TAKEN = v16.SendLocalListResponse(status=v16.UpdateStatus.ACCEPTED)
MISMATCH = v16.SendLocalListResponse(status=v16.UpdateStatus.VERSION_MISMATCH)


def version(number):
    return v16.GetLocalListVersionResponse(list_version=number)


def sent_lists(played):
    return [
        (payload["listVersion"], payload["updateType"], tags(payload))
        for action, payload in played.sent
        if action == "SendLocalList"
    ]


def tags(payload):
    return [row["idTag"] for row in payload.get("localAuthorizationList", [])]


async def add_token(played, id_token, **columns):
    values = {"key": id_token.casefold(), "id_token": id_token, "created_at": 1} | columns
    marks = ", ".join("?" * len(values))
    await played.sql(f"INSERT INTO tokens ({', '.join(values)}) VALUES ({marks})", *values.values())


async def serves_all(played, *id_tokens):
    await played.sql("UPDATE stations SET authorization = 'all'")
    for id_token in id_tokens:
        await add_token(played, id_token)


async def knows(played, **values):
    rows = [Reading(key, value, False) for key, value in values.items()]
    await played.write(parameters.store, played.pk, rows, [], played.now())


@pytest.mark.parametrize(
    ("number", "result", "data"),
    [
        (-1, Result.NOT_SUPPORTED, None),
        (0, Result.ACCEPTED, {"version": 0}),
        (7, Result.ACCEPTED, {"version": 7}),
    ],
)
async def test_the_version_is_told(played, number, result, data):
    played.will(version(number))

    answer = await played.order(commands.GetLocalListVersion())

    assert (answer.result, answer.data) == (result, data)


async def test_the_list_holds_whom_the_station_authorises(played):
    await serves_all(played, "04AB", "CAFE")
    played.will(version(0), TAKEN)

    result = await played.order(commands.SendLocalList())

    assert (result.result, result.data) == (Result.ACCEPTED, {"version": 1})
    assert sent_lists(played) == [(1, "Full", ["04AB", "CAFE"])]
    assert await played.sql("SELECT local_list_version FROM stations") == [(1,)]


async def test_a_station_that_authorises_a_group_gets_that_group(played):
    await serves_all(played, "04AB", "CAFE")
    await played.sql("UPDATE stations SET authorization = 'groups'")
    await played.sql("INSERT INTO groups (pk, name, created_at) VALUES (1, 'Team', 1)")
    await played.sql("INSERT INTO station_groups (station, grp) VALUES (?, 1)", played.pk)
    await played.sql("INSERT INTO token_groups (token, grp) SELECT pk, 1 FROM tokens WHERE id_token = 'CAFE'")
    played.will(version(0), TAKEN)

    await played.order(commands.SendLocalList())

    assert sent_lists(played) == [(1, "Full", ["CAFE"])]


async def test_a_station_that_authorises_nobody_gets_an_empty_list(played):
    await add_token(played, "04AB")
    played.will(version(3), TAKEN)

    await played.order(commands.SendLocalList())

    assert sent_lists(played) == [(4, "Full", [])]


async def test_each_entry_says_status_group_and_expiry(played):
    await played.sql("UPDATE stations SET authorization = 'all'")
    await add_token(played, "A", status="Blocked", parent="G")
    await add_token(played, "B", expires_at=1_000)
    await add_token(played, "C", expires_at=1_800_000_000_500)
    played.will(version(0), TAKEN)

    await played.order(commands.SendLocalList())

    assert [row["idTagInfo"] for row in played.payloads[1]["localAuthorizationList"]] == [
        {"parentIdTag": "G", "status": "Blocked"},
        {"expiryDate": "1970-01-01T00:00:01Z", "status": "Expired"},
        {"expiryDate": "2027-01-15T08:00:00Z", "status": "Accepted"},
    ]


async def test_tokens_too_long_for_ocpp_1_6_are_left_out_and_told(played):
    await serves_all(played, "04AB", "X" * 21)
    played.will(version(0), TAKEN)

    result = await played.order(commands.SendLocalList())

    assert sent_lists(played) == [(1, "Full", ["04AB"])]
    assert "1 are too long" in result.detail


async def test_a_long_list_goes_in_parts_of_which_only_the_first_replaces(played):
    await serves_all(played, "A", "B", "C", "D", "E")
    await knows(played, SendLocalListMaxLength="2")
    played.will(version(9), TAKEN)

    result = await played.order(commands.SendLocalList())

    assert sent_lists(played) == [
        (10, "Full", ["A", "B"]),
        (11, "Differential", ["C", "D"]),
        (12, "Differential", ["E"]),
    ]
    assert result.data == {"version": 12}


async def test_only_changes_are_sent_where_the_list_is_known(played):
    await serves_all(played, "A", "B")
    played.will(version(0), TAKEN)
    await played.order(commands.SendLocalList())
    await played.sql("DELETE FROM tokens WHERE id_token = 'A'")
    await add_token(played, "C")
    played.sent.clear()
    played.will(version(1), TAKEN)

    await played.order(commands.SendLocalList(full=False))

    assert sent_lists(played) == [(2, "Differential", ["C"]), (3, "Differential", ["A"])]
    assert "idTagInfo" not in played.payloads[2]["localAuthorizationList"][0]
    assert await played.sql("SELECT id_token FROM local_list_entries ORDER BY key") == [("B",), ("C",)]


async def test_nothing_is_sent_when_nothing_changed(played):
    await serves_all(played, "A")
    played.will(version(0), TAKEN)
    await played.order(commands.SendLocalList())
    played.sent.clear()
    played.will(version(1))

    result = await played.order(commands.SendLocalList(full=False))

    assert (result.result, played.actions) == (Result.ACCEPTED, ["GetLocalListVersion"])


async def test_a_station_with_another_version_gets_the_whole_list(played):
    await serves_all(played, "A")
    played.will(version(0), TAKEN)
    await played.order(commands.SendLocalList())
    played.sent.clear()
    played.will(version(5), TAKEN)

    await played.order(commands.SendLocalList(full=False))

    assert sent_lists(played) == [(6, "Full", ["A"])]


async def test_after_a_version_mismatch_the_whole_list_is_sent(played):
    await serves_all(played, "A")
    played.will(version(0), TAKEN)
    await played.order(commands.SendLocalList())
    await add_token(played, "B")
    played.sent.clear()
    played.will(version(1), MISMATCH, TAKEN)

    result = await played.order(commands.SendLocalList(full=False))

    assert sent_lists(played) == [(2, "Differential", ["B"]), (3, "Full", ["A", "B"])]
    assert result.data == {"version": 3}


async def test_a_station_without_a_list_is_sent_nothing(played):
    played.will(version(-1))

    assert (await played.order(commands.SendLocalList())).result is Result.NOT_SUPPORTED
    assert played.actions == ["GetLocalListVersion"]


async def test_a_station_that_cannot_tell_its_version_is_sent_the_list(played, not_known):
    await serves_all(played, "A")
    played.will(not_known, TAKEN)

    assert (await played.order(commands.SendLocalList())).result is Result.ACCEPTED


async def test_a_station_that_does_not_answer_is_sent_no_list(played, timed_out):
    played.will(timed_out)

    assert (await played.order(commands.SendLocalList())).result is Result.TIMED_OUT


async def test_a_list_that_the_station_cannot_hold_is_not_sent(played):
    await serves_all(played, "A", "B")
    await knows(played, LocalAuthListMaxLength="1")
    played.will(version(0))

    result = await played.order(commands.SendLocalList())

    assert result.result is Result.ERROR
    assert "LocalAuthListMaxLength" in result.detail


@pytest.mark.parametrize(
    ("status", "result"), [("Failed", Result.REJECTED), ("NotSupported", Result.NOT_SUPPORTED)]
)
async def test_a_refused_list_is_not_noted(played, status, result):
    await serves_all(played, "A")
    played.will(version(0), v16.SendLocalListResponse(status=v16.UpdateStatus(status)))

    assert (await played.order(commands.SendLocalList())).result is result
    assert await played.sql("SELECT local_list_version FROM stations") == [(None,)]
