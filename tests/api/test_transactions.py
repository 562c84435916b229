from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import bindparam, insert

from ostler.services import tokens
from ostler.services.tokens import NewToken
from ostler.store.schema import meter_values, transactions
from ostler.store.statements import Write

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/api/v1/transactions"


def put_row(db, table, **values):
    return db.insert(Write(insert(table).values({name: bindparam(name) for name in values})), **values)


@pytest.fixture
def begin(store, station):
    """Adds a transaction; gives its id."""

    async def add(ocpp_id="7", **values):
        row = {
            "station": station,
            "ocpp_id": ocpp_id,
            "evse": 1,
            "connector": 1,
            "id_token": "AB12",
            "started_at": NOW,
            "start_key": ocpp_id,
            "received_at": NOW,
            **values,
        }
        return await store.write(lambda db: put_row(db, transactions, **row))

    return add


@pytest.fixture
def meter(store, station):
    async def add(at, *samples, **values):
        row = {
            "station": station,
            "evse": 1,
            "connector": 1,
            "at": at,
            "samples": [[*sample, *[""] * (6 - len(sample))] for sample in samples],
            **values,
        }
        return await store.write(lambda db: put_row(db, meter_values, **row))

    return add


async def test_a_transaction_is_shown_with_whose_it_is(viewer, store, begin):
    await store.write(tokens.create_token, NewToken(id_token="ab12", name="Anna"), NOW)
    pk = await begin(energy_wh=1234.0, meter_start_wh=10.0, marks=["clock"], stop_reason="Local")

    shown = (await viewer.get(f"{URL}/{pk}")).json()

    assert shown["id"] == pk
    assert shown["ocpp_transaction_id"] == "7"
    assert shown["station"] == "CP1"
    assert shown["user"] == "Anna"
    assert shown["energy_wh"] == 1234.0
    assert shown["marks"] == ["clock"]
    assert shown["started_at"] == "2026-06-01T12:00:00Z"
    assert shown["ended_at"] is None


async def test_while_it_runs_the_energy_is_that_of_the_samples(viewer, begin):
    pk = await begin(sampled_wh=500.0)

    assert (await viewer.get(f"{URL}/{pk}")).json()["energy_wh"] == 500.0


async def test_the_latest_start_comes_first_and_pages_do_not_overlap(viewer, begin):
    for number in range(5):
        await begin(str(number), started_at=NOW + timedelta(minutes=number // 2))
    seen, cursor = [], None
    while True:
        answer = (await viewer.get(URL, params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen += [item["ocpp_transaction_id"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"station": "CP1"}, ["3", "2", "1"]),
        ({"station": "CP2"}, []),
        ({"connector": 2}, ["2"]),
        ({"evse": 2}, ["2"]),
        ({"id_token": "ab12"}, ["3", "1"]),
        ({"active": "true"}, ["3", "2"]),
        ({"active": "false"}, ["1"]),
        ({"mark": "clock"}, ["2"]),
        ({"from": "2026-06-01T12:02:00Z"}, ["3", "2"]),
        ({"to": "2026-06-01T12:02:00Z"}, ["1"]),
    ],
)
async def test_transactions_are_filtered(viewer, begin, filters, found):
    await begin("1", started_at=NOW + timedelta(minutes=1), ended_at=NOW + timedelta(minutes=9))
    await begin(
        "2", started_at=NOW + timedelta(minutes=2), evse=2, connector=2, id_token="X", marks=["clock"]
    )
    await begin("3", started_at=NOW + timedelta(minutes=3), marks=["clock-like"])

    items = (await viewer.get(URL, params=filters)).json()["items"]

    assert [item["ocpp_transaction_id"] for item in items] == found


async def test_transactions_of_a_group_are_found(viewer, operator, store, begin):
    token = await store.write(tokens.create_token, NewToken(id_token="ab12"), NOW)
    group = await operator.post("/api/v1/authorization-groups", json={"name": "G", "tokens": [token.id]})
    await begin("1")
    await begin("2", id_token="X")

    items = (await viewer.get(URL, params={"group": group.json()["id"]})).json()["items"]

    assert [item["ocpp_transaction_id"] for item in items] == ["1"]


@pytest.mark.parametrize(
    "params",
    [
        {"from": "2026-06-01T12:00:00"},
        {"to": "yesterday"},
        {"to": ""},
        {"from": "2026-06-01T12:00:00 02:00"},
        {"mark": "odd"},
        {"begin": "x"},
    ],
)
async def test_a_filter_that_cannot_be_read_is_refused(viewer, params):
    answer = await viewer.get(URL, params=params)

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(('"', "The parameter"))


async def test_an_unknown_transaction_is_a_404(viewer):
    assert (await viewer.get(f"{URL}/7")).status_code == 404
    assert (await viewer.get(f"{URL}/7/meter-values")).status_code == 404


async def test_all_transactions_are_exported_without_formulas(viewer, begin, monkeypatch):
    monkeypatch.setattr("ostler.api.transactions.CHUNK", 1)
    await begin("1", id_token="=HYPERLINK()", marks=["clock", "offline"], started_at=NOW)
    await begin("2", energy_wh=5.5)

    answer = await viewer.get(f"{URL}.csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["ocpp_transaction_id"] for row in rows] == ["2", "1"]
    assert rows[0]["energy_wh"] == "5.5"
    assert rows[1]["id_token"] == "'=HYPERLINK()"
    assert rows[1]["marks"] == "clock offline"
    assert rows[1]["started_at"] == "2026-06-01T12:00:00Z"
    assert answer.headers["content-disposition"].startswith('attachment; filename="transactions.csv"')


class TestMeterValues:
    async def test_readings_come_in_the_order_of_time(self, viewer, meter, begin):
        pk = await begin()
        await meter(NOW + timedelta(minutes=1), ("Voltage", 231.0, "V", "L1"), transaction=pk, power_w=7.5)
        await meter(NOW, ("Voltage", 230.0, "V", "L1"), ("Voltage", 229.0, "V", "L2"), transaction=pk)
        await meter(NOW, ("Voltage", 1.0, "V", "L1"))

        items = (await viewer.get(f"{URL}/{pk}/meter-values")).json()["items"]

        assert [item["at"] for item in items] == ["2026-06-01T12:00:00Z", "2026-06-01T12:01:00Z"]
        assert items[0]["samples"][1] == {
            "measurand": "Voltage",
            "value": 229.0,
            "unit": "V",
            "phase": "L2",
            "location": "",
            "context": "",
        }
        assert items[1]["power_w"] == 7.5
        assert items[1]["transaction_id"] == pk

    async def test_one_measurand_and_phase_can_be_chosen(self, viewer, meter):
        await meter(NOW, ("Voltage", 230.0, "V", "L1"), ("Voltage", 229.0, "V", "L2"))
        await meter(NOW, ("SoC", 50.0, "Percent"))

        params = {"station": "CP1", "measurand": "Voltage", "phase": "L2"}
        items = (await viewer.get("/api/v1/meter-values", params=params)).json()["items"]

        assert [[sample["value"] for sample in item["samples"]] for item in items] == [[229.0]]

    async def test_readings_are_summed_up_over_time(self, viewer, meter):
        for second in range(0, 120, 10):
            await meter(NOW + timedelta(seconds=second), ("Voltage", 200.0 + second, "V", "L1"))
        await meter(NOW, ("Voltage", "unreadable", "V", "L1"))

        params = {"station": "CP1", "resolution": "1m", "from": NOW.isoformat()}
        items = (await viewer.get("/api/v1/meter-values", params=params)).json()["items"]

        assert items[0] == {
            "at": "2026-06-01T12:00:00Z",
            "measurand": "Voltage",
            "phase": "L1",
            "location": "",
            "unit": "V",
            "min": 200.0,
            "mean": 225.0,
            "max": 250.0,
            "count": 6,
        }
        assert [item["at"] for item in items] == ["2026-06-01T12:00:00Z", "2026-06-01T12:01:00Z"]

    async def test_power_that_was_worked_out_is_summed_up_too(self, viewer, meter):
        await meter(NOW, power_w=1000.0)
        await meter(NOW, power_w=3000.0)

        params = {"station": "CP1", "resolution": "1d", "measurand": "power_w", "to": "2026-06-02T00:00:00Z"}
        [item] = (await viewer.get("/api/v1/meter-values", params=params)).json()["items"]

        assert (item["at"], item["mean"], item["unit"]) == ("2026-06-01T00:00:00Z", 2000.0, "W")

    @pytest.mark.parametrize("resolution", ["raw", "1m"])
    async def test_pages_follow_one_another(self, viewer, meter, resolution):
        for minute in range(5):
            await meter(NOW + timedelta(minutes=minute), ("SoC", float(minute), "Percent"), ("A", 1.0, "V"))
        params = {"station": "CP1", "resolution": resolution, "from": NOW.isoformat(), "measurand": "SoC"}
        params |= {"limit": 2, "connector": 1, "to": "2026-06-01T13:00:00Z"}
        seen, cursor = [], None
        while True:
            page = {**params, **({"cursor": cursor} if cursor else {})}
            answer = (await viewer.get("/api/v1/meter-values", params=page)).json()
            seen += [item["at"][14:16] for item in answer["items"]]
            cursor = answer["next_cursor"]
            if cursor is None:
                break

        assert seen == ["00", "01", "02", "03", "04"]

    async def test_without_a_start_the_last_ones_are_summed_up(self, viewer, meter, clock):
        await meter(NOW - timedelta(minutes=1), ("SoC", 2.0, "Percent"))
        await meter(NOW - timedelta(days=1), ("SoC", 1.0, "Percent"))

        params = {"station": "CP1", "resolution": "1m", "limit": 10}
        items = (await viewer.get("/api/v1/meter-values", params=params)).json()["items"]

        assert [item["mean"] for item in items] == [2.0]

    async def test_a_transaction_can_be_summed_up(self, viewer, meter, begin):
        pk = await begin()
        await meter(NOW, ("SoC", 2.0, "Percent"), transaction=pk)

        items = (await viewer.get(f"{URL}/{pk}/meter-values?resolution=15m")).json()["items"]

        assert [item["mean"] for item in items] == [2.0]

    async def test_it_must_be_said_of_what(self, viewer):
        assert (await viewer.get("/api/v1/meter-values")).status_code == 422

    async def test_an_unknown_resolution_is_refused(self, viewer):
        answer = await viewer.get("/api/v1/meter-values", params={"station": "CP1", "resolution": "2m"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "resolution"
