"""What real stations sent, as they sent it: answered as they need it, and kept as they mean it."""

from __future__ import annotations

import json

import jsonschema
import pytest
from harness import recorded
from harness.recorded import CALLS, FRAMES, NEWER, UNASKED, Recorded
from harness.schemas import judge_request, judge_response

BY_LINE = {one.line: one for one in FRAMES}


def frames_of(table) -> list:
    return [pytest.param(BY_LINE[line], said, id=str(BY_LINE[line])) for line, said in table.items()]


async def sent(house, one: Recorded) -> list | None:
    """Send a frame from a registered station of the recorded make; returns the answer, if any is due."""
    await house.add(one.identity)
    async with house.station(one.identity) as station:
        make = {"chargePointVendor": one.vendor, "chargePointModel": one.model}
        await station.call("BootNotification", make, id_="boot")
        await station.send(one.raw)
        answer = await station.answer_to(one.frame[1]) if one.is_call else None
        assert (await station.call("Heartbeat", id_="afterwards"))["currentTime"]
        return answer


def test_every_call_says_something_that_is_looked_up():
    told = {**recorded.BOOTS, **recorded.STATUSES, **recorded.STARTS, **recorded.STOPS, **recorded.METERED}
    told |= recorded.DATA_TRANSFERS

    silent = {one.action for one in CALLS if one.line not in told}

    assert silent == {"Heartbeat", "Authorize"}


@pytest.mark.parametrize("one", CALLS, ids=str)
async def test_a_call_is_answered_with_a_valid_result(house, one):
    answer = await sent(house, one)

    assert answer[0] == 3, answer
    judge_response(one.action, answer[2])


@pytest.mark.parametrize("one", CALLS, ids=str)
async def test_the_log_holds_the_text_and_where_it_breaks_the_schema(house, one):
    await sent(house, one)

    row = (await house.logged(one.identity))[1]
    assert (row["action"], row["message_id"], row["outcome"]) == (one.action, one.frame[1], "answered")
    assert row["request"] in one.raw
    assert json.loads(row["request"]) == one.payload
    assert bool(row["deviations"]) == (not is_valid(one))


def is_valid(one: Recorded) -> bool:
    try:
        judge_request(one.action, one.payload)
    except jsonschema.ValidationError:
        return False
    return True


@pytest.mark.parametrize("one", UNASKED, ids=str)
async def test_an_answer_that_nobody_asked_for_changes_nothing(house, one):
    await sent(house, one)

    row = (await house.logged(one.identity))[1]
    assert (row["outcome"], row["action"]) == ("ignored", "")
    assert row["request"] == one.raw


@pytest.mark.parametrize("one", NEWER, ids=str)
async def test_a_call_of_a_newer_version_is_refused_and_the_next_is_served(house, one):
    answer = await sent(house, one)

    assert answer[0] == 4
    assert await house.rows("SELECT * FROM connectors") == []


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.BOOTS))
async def test_a_boot_says_what_the_station_is(house, one, said):
    await sent(house, one)

    row = await house.one("SELECT vendor, model, serial, firmware FROM stations")
    assert tuple(row.values()) == said


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.STATUSES))
async def test_a_status_is_found(house, one, said):
    await sent(house, one)

    row = await house.one("SELECT evse, status, error_code, info FROM connectors")
    assert tuple(row.values()) == said


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.STARTS))
async def test_a_start_is_found(house, one, said):
    answer = await sent(house, one)

    row = await house.one(
        "SELECT evse, id_token, meter_start_wh, started_at, reservation, ocpp_id, marks FROM transactions"
    )
    marks = json.loads(row.pop("marks"))
    assert tuple(row.values()) == (*said, None, str(answer[2]["transactionId"]))
    assert marks == ["refused", "offline"]  # nobody knows the token, and it is long ago
    assert answer[2]["idTagInfo"]["status"] == "Invalid"


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.STOPS))
async def test_a_stop_without_its_start_is_kept(house, one, said):
    await sent(house, one)

    row = await house.one(
        "SELECT ocpp_id, stop_token, meter_stop_wh, ended_at, stop_reason, meter_start_wh, marks"
        " FROM transactions"
    )
    marks = json.loads(row.pop("marks"))
    assert tuple(row.values()) == (*said, None)
    assert marks == ["unknown-start", "offline"]


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.METERED))
async def test_meter_values_are_found_in_our_units(house, one, said):
    await sent(house, one)

    row = await house.one("SELECT evse, at, energy_wh, power_w, samples FROM meter_values")
    samples = json.loads(row.pop("samples"))
    *totals, values = said
    assert [*row.values()] == totals
    kept = {f"{name}.{phase}" if phase else name: value for name, value, _unit, phase, *_ in samples}
    assert values.items() <= kept.items()
    count = one.payload["meterValue"]
    count = count[0] if isinstance(count, list) else count
    assert len(samples) == len(count["sampledValue"])


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.DATA_TRANSFERS))
async def test_a_vendors_data_is_accepted(house, one, said):
    answer = await sent(house, one)

    assert answer[2] == {"status": "Accepted"}
    assert json.loads((await house.logged(one.identity))[1]["request"])["vendorId"] == said
