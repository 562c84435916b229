from __future__ import annotations

import csv
import io
import json

import pytest

from ostler.store.database import LogRow

URL = "/api/v1/messages"
AT_MS = 1_780_315_200_000  # 2026-06-01T12:00:00Z


@pytest.fixture
def log(store):
    """Logs a message with an answer."""

    async def add(**values):
        row = {
            "station": "CP1",
            "epoch": 1,
            "direction": "in",
            "action": "Heartbeat",
            "message_id": "m",
            "at_ms": AT_MS,
            "latency_us": 1500,
            "outcome": "answered",
            "request": "{}",
            "response": '{"currentTime":"x"}',
            **values,
        }
        await store.write(lambda db: db.log(LogRow(**row)))

    return add


async def test_a_message_is_shown_with_its_answer_and_how_long_it_took(viewer, log):
    await log(deviations='[{"path":"a","rule":"b","got":"c"}]', connector=1, transaction="7")

    [shown] = (await viewer.get(URL)).json()["items"]

    assert shown == {
        "id": shown["id"],
        "at": "2026-06-01T12:00:00Z",
        "station": "CP1",
        "direction": "in",
        "action": "Heartbeat",
        "message_id": "m",
        "outcome": "answered",
        "error_code": "",
        "latency_ms": 1.5,
        "request": "{}",
        "response": '{"currentTime":"x"}',
        "deviations": 1,
        "deviation_list": [{"path": "a", "rule": "b", "got": "c"}],
        "connector": 1,
        "transaction": "7",
        "epoch": 1,
    }
    assert (await viewer.get(f"{URL}/{shown['id']}")).json() == shown


async def test_an_unknown_message_is_a_404(viewer):
    assert (await viewer.get(f"{URL}/7")).status_code == 404


async def test_the_latest_comes_first_in_pages(viewer, log):
    for number in range(5):
        await log(message_id=str(number))
    seen, cursor = [], None
    while True:
        answer = (await viewer.get(URL, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item["message_id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "filters",
    [
        {"station": "CP2"},
        {"direction": "out"},
        {"action": "Reset"},
        {"outcome": "timed-out"},
        {"connector": 2},
        {"transaction": "8"},
        {"q": "100%"},
        {"deviating": "true"},
        {"from": "2026-06-01T13:00:00Z"},
    ],
)
async def test_messages_are_filtered(viewer, log, filters):
    await log(message_id="other", connector=1, transaction="7", request='{"a":"1000"}')
    await log(
        message_id="wanted",
        station="CP2",
        direction="out",
        action="Reset",
        outcome="timed-out",
        connector=2,
        transaction="8",
        request='{"a":"100%"}',
        deviations="[]",
        at_ms=AT_MS + 3_600_000,
    )

    items = (await viewer.get(URL, params=filters)).json()["items"]

    assert [item["message_id"] for item in items] == ["wanted"]


async def test_messages_before_a_time_are_found(viewer, log):
    await log()

    assert (await viewer.get(URL, params={"to": "2026-06-01T12:00:00Z"})).json()["items"] == []


async def test_an_unknown_direction_is_refused(viewer):
    answer = await viewer.get(URL, params={"direction": "up"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "direction"


async def test_all_messages_are_exported_as_json_lines(viewer, log, monkeypatch):
    monkeypatch.setattr("ostler.api.messages.CHUNK", 2)
    for number in range(5):
        await log(message_id=str(number))

    answer = await viewer.get(f"{URL}.jsonl")

    assert [json.loads(line)["message_id"] for line in answer.text.splitlines()] == list("01234")
    assert answer.headers["content-disposition"].startswith('attachment; filename="messages.jsonl"')


async def test_all_messages_are_exported_as_csv_without_formulas(viewer, log):
    await log(station="=1+1", request='{"a":"é,\\"\\n"}')

    answer = await viewer.get(f"{URL}.csv", params={"station": "=1+1"})

    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["station"] == "'=1+1"
    assert row["request"] == '{"a":"é,\\"\\n"}'
    assert row["latency_ms"] == "1.5"
