from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, insert, update

from ostler.services import keys, stations
from ostler.services.stations import Fields
from ostler.store.schema import connectors, transactions
from ostler.store.statements import Write

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/api/v1/stations"


def put_row(db, table, **values):
    db.insert(Write(insert(table).values({name: bindparam(name) for name in values})), **values)


async def test_stations_are_listed_in_pages_by_identity(administrator, store):
    for identity in ("B", "A", "C"):
        await store.write(stations.create, identity, Fields(), now=NOW)

    first = (await administrator.get(f"{URL}?limit=2")).json()
    second = (await administrator.get(URL, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [item["id"] for item in first["items"]] == ["A", "B"]
    assert [item["id"] for item in second["items"]] == ["C"]
    assert second["next_cursor"] is None


async def test_a_station_that_is_away_shows_offline_and_remembers_what_it_last_said(viewer, store, station):
    def charging(db):
        put_row(
            db,
            transactions,
            station=station,
            ocpp_id="7",
            evse=1,
            connector=1,
            id_token="AB12",
            started_at=NOW,
            start_key="k",
            received_at=NOW,
        )
        put_row(
            db,
            connectors,
            station=station,
            evse=1,
            connector=1,
            status="Charging",
            transaction=1,
            power_w=7400.0,
            session_wh=1200.0,
            lifetime_wh=90_000.0,
        )

    await store.write(charging)

    [connector] = (await viewer.get(f"{URL}/CP1")).json()["connectors"]

    assert connector["status"] == "Offline"
    assert connector["last_status"] == "Charging"
    assert connector["power_w"] is None
    assert connector["transaction_id"] == 1
    assert connector["id_token"] == "AB12"
    assert connector["session_energy_wh"] == 1200.0
    assert connector["energy_wh"] == 90_000.0


async def test_a_connected_station_shows_what_its_connectors_do(viewer, store, station, holder):
    await store.write(
        lambda db: put_row(
            db, connectors, station=station, evse=1, connector=1, status="Charging", power_w=7400.0
        )
    )

    shown = (await viewer.get(f"{URL}/CP1")).json()

    assert shown["connected"] is True
    assert shown["connectors"][0]["status"] == "Charging"
    assert shown["connectors"][0]["power_w"] == 7400.0


async def test_a_new_station_authorises_nobody(administrator, audit):
    answer = await administrator.post(URL, json={"id": "CP 1é", "name": "Yard"})

    assert answer.status_code == 201
    assert answer.json()["authorization"] == "none"
    assert (await administrator.get(f"{URL}/CP%201%C3%A9")).json()["name"] == "Yard"
    assert await audit() == [("token:administrator", "station.create", "CP 1é")]


async def test_a_station_can_be_made_for_a_group(administrator):
    group = (await administrator.post("/api/v1/authorization-groups", json={"name": "Staff"})).json()["id"]

    made = await administrator.post(URL, json={"id": "CP2", "authorization": [group]})

    assert made.json()["authorization"] == [group]


@pytest.mark.parametrize("identity", ["", "a/b", "a:b", "x" * 49, "a\nb", "..", " "])
async def test_what_is_no_identity_is_refused(administrator, identity):
    answer = await administrator.post(URL, json={"id": identity})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "id"


async def test_an_identity_of_many_digits_is_no_number(administrator):
    identity = "9" * 48

    assert (await administrator.post(URL, json={"id": identity})).status_code == 201
    assert (await administrator.get(f"{URL}/{identity}")).json()["id"] == identity


async def test_an_identity_is_given_once(administrator, station):
    assert (await administrator.post(URL, json={"id": "CP1"})).status_code == 409


async def test_the_misspelt_field_is_named_with_the_right_one(administrator):
    answer = await administrator.post(URL, json={"id": "CP1", "autorization": "all"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "autorization",
            "detail": 'The field "autorization" is not known. Did you mean "authorization"?',
        }
    ]


async def test_a_station_is_changed_field_by_field(operator, station):
    answer = await operator.patch(f"{URL}/CP1", json={"authorization": "all"})

    assert answer.json()["authorization"] == "all"
    assert answer.json()["name"] == "Garage"


async def test_an_operator_cannot_change_the_security_profile(operator, station):
    answer = await operator.patch(f"{URL}/CP1", json={"security_profile": 0})

    assert answer.status_code == 403


async def test_a_station_that_is_deleted_is_gone(administrator, station):
    deleted = await administrator.delete(f"{URL}/CP1")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await administrator.get(f"{URL}/CP1")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {}),
        ("DELETE", "", None),
        ("PUT", "/password", {"generate": True}),
        ("GET", "/parameters", None),
        ("PATCH", "/parameters", {"changes": [{"key": "a", "value": "b"}]}),
        ("GET", "/charging-profiles", None),
        ("POST", "/commands/clear-cache", {}),
        ("POST", "/commands/nonsense", {}),
        ("POST", "/calls/Reset", {"type": "Soft"}),
    ],
)
async def test_an_unknown_station_is_a_404_with_its_name(administrator, method, path, body):
    answer = await administrator.request(method, f"{URL}/nobody{path}", json=body)

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no station nobody."


async def test_a_generated_password_is_shown_once_and_works(administrator, store, station):
    shown = (await administrator.put(f"{URL}/CP1/password", json={"generate": True})).json()["password"]

    record = await store.read(stations.record, "CP1")
    assert keys.matches(shown.encode(), record.key_salt, record.key_hash)
    assert record.key_shown
    assert shown not in (await administrator.get(f"{URL}/CP1")).text
    assert shown not in (await administrator.get("/api/v1/audit")).text


async def test_a_given_password_is_kept_as_a_hash(administrator, store, station):
    await administrator.put(f"{URL}/CP1/password", json={"password": "long enough: 1234"})

    record = await store.read(stations.record, "CP1")
    assert keys.matches(b"long enough: 1234", record.key_salt, record.key_hash)


@pytest.mark.parametrize(
    "body", [{}, {"password": "x", "generate": True}, {"password": ""}, {"password": "é" * 40}]
)
async def test_a_password_that_cannot_be_is_refused(administrator, station, body):
    assert (await administrator.put(f"{URL}/CP1/password", json=body)).status_code == 422


async def test_text_of_stations_stays_data(viewer, store, station):
    text = "<script>alert(1)</script>"
    await store.write(
        lambda db: db.run(Write(update(stations.stations).values(vendor=bindparam("text"))), text=text)
    )

    answer = await viewer.get(f"{URL}/CP1")

    assert answer.json()["vendor"] == text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
