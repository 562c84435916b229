from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ostler.domain.commands import (
    CommandResult,
    ParameterChange,
    ReadParameters,
    WriteParameters,
)
from ostler.domain.words import Result
from ostler.services import parameters
from ostler.services.parameters import Reading

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/api/v1/stations/CP1/parameters"
CHANGES = {"changes": [{"key": "HeartbeatInterval", "value": "60"}, {"key": "Colour", "value": "red"}]}


async def test_parameters_are_shown_as_last_read(viewer, store, station):
    await store.write(
        parameters.store, station, [Reading("HeartbeatInterval", "300", readonly=False)], ["Colour"], NOW
    )

    items = (await viewer.get(URL)).json()["items"]

    assert [(item["key"], item["value"], item["known"]) for item in items] == [
        ("Colour", None, False),
        ("HeartbeatInterval", "300", True),
    ]


async def test_each_change_has_its_own_result(operator, holder):
    rows = [
        {"key": "HeartbeatInterval", "result": "accepted", "detail": "Done.", "value": "60"},
        {"key": "Colour", "result": "not-supported", "detail": "Unknown key.", "extra": 1},
    ]
    holder.result = CommandResult(result=Result.ACCEPTED, detail="1 of 2.", data=rows)

    answer = await operator.patch(URL, json=CHANGES)

    assert answer.json() == {
        "result": "accepted",
        "detail": "1 of 2.",
        "items": [
            rows[0],
            {"key": "Colour", "result": "not-supported", "detail": "Unknown key.", "value": None},
        ],
    }
    assert holder.orders == [
        WriteParameters(
            changes=(
                ParameterChange(key="HeartbeatInterval", value="60"),
                ParameterChange(key="Colour", value="red"),
            )
        )
    ]


async def test_a_station_that_is_away_gives_each_change_that_result(operator, station):
    answer = (await operator.patch(URL, json=CHANGES)).json()

    assert answer["result"] == "offline"
    assert [item["result"] for item in answer["items"]] == ["offline", "offline"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "changes"),
        ({"changes": []}, "changes"),
        ({"changes": [{"key": "A", "value": 5}]}, "changes[0].value"),
        ({"changes": [{"key": "", "value": "5"}]}, "changes[0].key"),
    ],
)
async def test_bad_changes_are_refused(operator, holder, body, field):
    answer = await operator.patch(URL, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert holder.orders == []


async def test_all_parameters_or_some_are_read_anew(operator, holder):
    await operator.post(f"{URL}/read")
    await operator.post(f"{URL}/read", json={"keys": ["A"], "gently": True})

    assert holder.orders == [ReadParameters(), ReadParameters(keys=("A",), gently=True)]
