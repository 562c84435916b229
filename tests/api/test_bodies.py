from __future__ import annotations

import pytest

from ostler.api.bodies import words_at
from ostler.api.problems import explain
from ostler.domain.commands import GetLog, Reset
from ostler.ocpp import v16
from ostler.services.stations import Fields
from ostler.services.tokens import TokenChange


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        (Reset, "kind", ("soft", "hard")),
        (GetLog, "kind", ("DiagnosticsLog", "SecurityLog")),
        (TokenChange, "status", ("Accepted", "Blocked", "Expired", "Invalid")),
        (Fields, "boot", ("accepted", "pending", "rejected")),
        (v16.SetChargingProfileRequest, "csChargingProfiles.chargingSchedule.chargingRateUnit", ("A", "W")),
        (
            v16.MeterValuesRequest,
            "meterValue[0].sampledValue[...].format",
            ("Raw", "SignedData"),
        ),
        (Reset, "nothing.there", ()),
        (v16.ResetRequest, "type[0]", ()),
    ],
)
def test_the_words_of_a_field_are_found_wherever_it_stands(wanted, field, words):
    assert words_at(wanted, field) == words


@pytest.mark.parametrize(
    ("message", "field", "detail"),
    [
        ("Expected `int`, got `str` - at `$.a.b`", "a.b", '"a.b" must be a whole number, not text.'),
        ("Object missing required field `b` - at `$.a`", "a.b", '"a.b" is missing.'),
        ("Expected `int` >= 1 - at `$.limit`", "limit", '"limit" must be at least 1.'),
        (
            "Expected `array` of length >= 1 - at `$.changes`",
            "changes",
            '"changes" must have a length of at least 1.',
        ),
        ("Expected `object`, got `array`", "", "The value must be an object, not a list."),
        ("Something new - at `$.a`", "a", '"a" does not fit: something new.'),
    ],
)
def test_faults_are_told_in_sentences(message, field, detail):
    problem = explain(message)

    assert (problem.field, problem.detail) == (field, detail)


async def test_the_words_that_can_be_used_are_named(operator, holder):
    answer = await operator.post("/api/v1/stations/CP1/commands/reset", json={"kind": "Soft"})

    assert answer.status_code == 422
    assert answer.json()["detail"] == '"kind" must be one of soft, hard.'


async def test_a_request_that_is_too_large_is_a_413(operator):
    answer = await operator.post("/api/v1/tokens", content=b" " * 6_000_001)

    assert answer.status_code == 413
    assert answer.json()["detail"] == "The request is too large."


async def test_another_method_is_a_405_with_a_sentence(operator):
    answer = await operator.put("/api/v1/tokens")

    assert answer.status_code == 405
    assert answer.json()["detail"] == "This address does not know this method."


async def test_what_should_not_happen_is_a_500_that_tells_nothing_of_the_inside(operator, monkeypatch):
    async def burst(*_, **__):
        text = "secret inside"
        raise RuntimeError(text)

    monkeypatch.setattr("ostler.store.store.Store.read", burst)

    answer = await operator.get("/livez")
    broken = await operator.get("/api/v1/setup")

    assert answer.status_code == 200
    assert broken.status_code == 500
    assert broken.json()["detail"] == "Ostler could not do this; its log says why."


@pytest.mark.parametrize("content", [b"[]", b"5", b"null", b'"x"', b"\xff", b"{}{}", b"[" * 5000])
async def test_whatever_the_body_is_the_answer_is_a_problem(operator, content):
    answer = await operator.post("/api/v1/tokens", content=content)

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize("number", ["9223372036854775808", "-9223372036854775808", "9" * 30, "9" * 5000])
async def test_a_number_that_no_database_holds_is_refused(administrator, number):
    listed = await administrator.get("/api/v1/transactions", params={"evse": number})
    exported = await administrator.get("/api/v1/transactions.csv", params={"evse": number})
    one = await administrator.get(f"/api/v1/transactions/{number}")

    assert [listed.status_code, exported.status_code] == [422, 422]
    assert listed.json()["errors"][0]["field"] == "evse"
    assert one.status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"id": "CP9", "heartbeat_interval_s": 9223372036854775808}', "heartbeat_interval_s"),
        (b'{"id": "CP9", "authorization": [1, 9999999999999999999999]}', "authorization[1]"),
    ],
)
async def test_a_number_in_a_body_that_no_database_holds_is_refused(administrator, body, field):
    answer = await administrator.post("/api/v1/stations", content=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_time_that_utc_has_no_name_for_is_refused(operator, time):
    listed = await operator.get("/api/v1/transactions", params={"from": time})
    made = await operator.post("/api/v1/tokens", json={"id_token": "A", "expires_at": time})

    assert [listed.status_code, made.status_code] == [422, 422]
    assert made.json()["errors"][0]["field"] == "expires_at"


async def test_a_database_that_cannot_be_written_is_a_503_that_says_to_try_again(operator, store):
    await store.write(lambda db: db._connection.execute("PRAGMA query_only = ON"))

    answer = await operator.post("/api/v1/tokens", json={"id_token": "A"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"].startswith("The database cannot be used")


async def test_a_server_that_is_about_to_end_answers_with_a_503(operator, store):
    store.writer._stopping = True

    answer = await operator.post("/api/v1/tokens", json={"id_token": "A"})

    assert answer.status_code == 503
