from __future__ import annotations

import pytest

from ostler.domain.events import ConnectorChanged, TransactionEnded, TransactionStarted


def status_of(answer):
    return answer["idTagInfo"]["status"]


def start_answer(cp, token="TAG", **more):
    said = {"connectorId": 1, "idTag": token, "meterStart": 0, "timestamp": cp.clock()}
    return cp.say("StartTransaction", said | more)


# --- start ---


def test_a_start_is_answered_with_a_random_number_of_31_bits(cp):
    numbers = []
    for _ in range(20):
        numbers.append(cp.start())
        cp.later(minutes=1)

    assert len(set(numbers)) == 20
    assert all(0 < number < 2**31 for number in numbers)
    assert max(numbers) > 2**24


def test_a_start_is_kept_as_it_came(cp):
    row = cp.transaction(cp.start("tag", meter=4265924))

    assert (row["evse"], row["connector"], row["id_token"], row["meter_start_wh"]) == (1, 1, "tag", 4265924)
    assert row["started_at"] == row["start_said_at"] == int(cp.now.timestamp() * 1000)
    assert (row["verdict"], row["marks"], row["ended_at"]) == ("Accepted", [], None)


@pytest.mark.parametrize(("token", "status"), [("STRANGER", "Invalid"), ("BAD", "Blocked")])
def test_a_refused_token_is_told_so_and_its_transaction_kept_and_marked(cp, token, status):
    cp.token("BAD", status="Blocked")

    answer = start_answer(cp, token)

    assert status_of(answer) == status
    assert cp.transaction(answer["transactionId"])["marks"] == ["refused"]


def test_the_same_start_again_gets_the_same_number_and_verdict(cp):
    first = start_answer(cp, timestamp=cp.clock())
    again = start_answer(cp, "tag", timestamp=cp.clock())

    assert again == first
    assert len(cp.rows("transactions")) == 1


def test_a_start_repeated_hours_later_still_finds_its_first_answer(cp):
    said = cp.clock()
    first = start_answer(cp, timestamp=said)
    cp.stop(first["transactionId"])
    cp.later(hours=5)

    assert start_answer(cp, timestamp=said) == first


def test_the_same_start_of_another_station_is_another_transaction(cp, cp2):
    assert start_answer(cp)["transactionId"] != start_answer(cp2)["transactionId"]


def test_with_a_clock_that_was_never_set_the_next_session_is_no_repetition(cp):
    first = start_answer(cp, timestamp="1970-01-01T00:00:05Z")
    cp.stop(first["transactionId"])

    assert start_answer(cp, timestamp="1970-01-01T00:00:05Z")["transactionId"] != first["transactionId"]


def test_a_token_that_charges_elsewhere_is_concurrent(cp, cp2):
    cp.start("TAG")

    assert status_of(start_answer(cp2, "TAG")) == "ConcurrentTx"
    assert status_of(start_answer(cp, "TAG", connectorId=2)) == "ConcurrentTx"


def test_a_repeated_start_is_never_concurrent_with_itself(cp):
    start_answer(cp)

    assert status_of(start_answer(cp)) == "Accepted"


def test_a_token_for_parallel_use_is_never_concurrent(cp, cp2):
    cp.token("FLEET", parallel=1)
    cp.start("FLEET")

    assert status_of(start_answer(cp2, "FLEET")) == "Accepted"


def test_a_forgotten_transaction_on_the_same_connector_does_not_make_its_token_concurrent(cp):
    cp.start("TAG")
    cp.later(hours=1)

    assert status_of(start_answer(cp, "TAG")) == "Accepted"


def test_the_next_start_on_a_connector_closes_what_was_forgotten_there(cp):
    number = cp.start("TAG", meter=1000)
    cp.later(minutes=10)
    cp.register(2500)
    sampled_at = int(cp.now.timestamp() * 1000)
    cp.later(minutes=10)

    cp.start("OTHER", meter=3000)

    row = cp.transaction(number)
    assert row["marks"] == ["closed-by-next"]
    assert (row["meter_stop_wh"], row["energy_wh"], row["ended_at"]) == (2500, 1500, sampled_at)


def test_a_start_on_another_connector_closes_nothing(cp):
    number = cp.start("TAG", connector=1)

    cp.start("OTHER", connector=2)

    assert cp.transaction(number)["ended_at"] is None


def test_a_start_out_of_the_offline_queue_does_not_close_a_newer_one(cp):
    newer = cp.start("TAG")

    older = start_answer(cp, "OTHER", timestamp=cp.clock(hours=-3))["transactionId"]

    assert cp.transaction(newer)["ended_at"] is None
    assert cp.connector()["transaction"] == cp.transaction(newer)["pk"]
    assert cp.transaction(older)["marks"] == ["offline"]


def test_the_late_stop_of_a_closed_transaction_completes_it(cp):
    number = cp.start("TAG", meter=1000)
    cp.later(minutes=30)
    stopped_at = cp.clock()
    cp.later(minutes=30)
    newer = cp.start("OTHER", meter=3000)
    cp.later(minutes=1)

    cp.stop(number, meter=2800, timestamp=stopped_at)

    row = cp.transaction(number)
    assert (row["energy_wh"], row["marks"]) == (1800, ["offline"])
    assert cp.connector()["transaction"] == cp.transaction(newer)["pk"]


def test_a_start_on_connector_0_is_kept_and_closes_nothing(cp):
    first = cp.start(connector=0)
    cp.later(minutes=1)

    cp.start("OTHER", connector=0)

    assert cp.transaction(first)["ended_at"] is None


def test_a_start_with_a_clock_that_was_never_set_counts_from_when_it_was_heard(cp):
    row = cp.transaction(start_answer(cp, timestamp="1970-01-01T00:00:00Z")["transactionId"])

    assert row["marks"] == ["clock"]
    assert (row["started_at"], row["start_said_at"]) == (int(cp.now.timestamp() * 1000), 0)


@pytest.mark.parametrize("year", ["0001", "222222017"])
def test_a_start_with_an_impossible_year_is_answered_and_marked(cp, year):
    number = start_answer(cp, timestamp=f"{year}-05-03T10:00:00Z")["transactionId"]

    assert cp.transaction(number)["marks"] == ["clock"]


def test_local_time_with_a_z_is_a_wrong_clock(cp):
    number = start_answer(cp, timestamp=cp.clock(hours=2))["transactionId"]

    assert cp.transaction(number)["marks"] == ["clock"]


def test_reservation_0_is_none(cp):
    number = start_answer(cp, reservationId=0)["transactionId"]

    assert cp.transaction(number)["reservation"] is None


def reserve(cp, token="TAG", *, evse=1, station=None, hours=1, parent=""):
    expires = int(cp.now.timestamp() * 1000) + hours * 3600_000
    names = "station, evse, connector, id_token, parent, expires_at, status, created_at"
    text = f"INSERT INTO reservations ({names}) VALUES (?, ?, 1, ?, ?, ?, 'active', 0)"
    cp.sql(text, station or cp.pk, evse, token, parent, expires)
    return cp.rows("reservations")[-1]["pk"]


def reservation_status(cp, pk):
    return cp.rows("reservations", f"pk = {pk}")[0]["status"]


def test_a_start_consumes_the_reservation_that_it_names(cp):
    pk = reserve(cp, "OTHER", evse=2)

    number = start_answer(cp, reservationId=pk)["transactionId"]

    assert reservation_status(cp, pk) == "used"
    assert cp.transaction(number)["reservation"] == pk


@pytest.mark.parametrize("evse", [0, 1])
def test_a_start_without_a_number_consumes_the_reservation_of_its_token(cp, evse):
    pk = reserve(cp, "tag", evse=evse)

    start_answer(cp, "TAG")

    assert reservation_status(cp, pk) == "used"


def test_a_start_consumes_the_reservation_of_its_group(cp):
    pk = reserve(cp, "SOMEBODY", parent="fam")

    start_answer(cp, "MATE")

    assert reservation_status(cp, pk) == "used"


def test_a_start_leaves_the_reservations_of_others_alone(cp, cp2):
    others = [
        reserve(cp, "OTHER"),
        reserve(cp, "TAG", evse=2),
        reserve(cp2, "TAG"),
        reserve(cp, "TAG", hours=-1),
    ]

    start_answer(cp, "TAG")

    assert {reservation_status(cp, pk) for pk in others} == {"active"}


def test_a_reservation_of_another_station_cannot_be_named(cp, cp2):
    pk = reserve(cp2, "TAG")

    start_answer(cp, reservationId=pk)

    assert reservation_status(cp, pk) == "active"


def test_a_start_is_told_to_the_world(cp):
    row = cp.transaction(cp.start("TAG"))

    [event] = cp.events(TransactionStarted)
    assert (event.transaction_id, event.id_token, event.verdict) == (row["pk"], "TAG", "Accepted")
    assert cp.events(ConnectorChanged)[-1].transaction_id == row["pk"]


def test_the_message_log_learns_connector_and_transaction(cp):
    number = cp.start(connector=2)

    assert (cp.heard.connector, cp.heard.transaction) == (2, str(number))


# --- stop ---


def test_a_stop_settles_energy_end_and_reason(cp):
    number = cp.start(meter=1000)
    cp.later(hours=1)

    cp.stop(number, meter=8000, idTag="TAG", reason="EVDisconnected")

    row = cp.transaction(number)
    assert (row["energy_wh"], row["meter_stop_wh"], row["stop_reason"]) == (7000, 8000, "EVDisconnected")
    assert row["ended_at"] == row["stop_said_at"] == int(cp.now.timestamp() * 1000)
    assert row["marks"] == []


def test_a_stop_gives_the_connector_free_and_its_power_is_gone(cp):
    number = cp.start()
    cp.later(minutes=1)
    cp.sample({"value": "11", "unit": "kW"}, transactionId=number)
    cp.later(minutes=1)

    cp.stop(number)

    row = cp.connector()
    assert (row["transaction"], row["power_w"]) == (None, 0)


def test_a_stop_without_token_is_answered_without_verdict(cp):
    assert cp.stop(cp.start()) == {}


def test_a_stop_without_reason_was_local(cp):
    number = cp.start()
    cp.stop(number)

    assert cp.transaction(number)["stop_reason"] == "Local"


def test_an_unknown_reason_is_kept(cp):
    number = cp.start()
    cp.stop(number, reason="CarBored")

    assert cp.transaction(number)["stop_reason"] == "CarBored"


def test_stopping_with_the_token_that_charges_is_never_concurrent(cp, cp2):
    number = cp.start("TAG")
    cp2.start("TAG")

    assert status_of(cp.stop(number, idTag="TAG")) == "Accepted"


def test_a_repeated_stop_is_answered_alike_and_counted_once(cp):
    number = cp.start(meter=1000)
    cp.later(hours=1)
    first = cp.stop(number, meter=8000, idTag="TAG")
    kept = cp.transaction(number)
    cp.db.events.clear()
    cp.later(minutes=1)

    assert cp.stop(number, meter=8000, idTag="TAG", timestamp=cp.clock(minutes=-1)) == first
    assert cp.transaction(number) == kept
    assert cp.events(TransactionEnded) == []


def test_another_stop_of_an_ended_transaction_changes_nothing(cp):
    number = cp.start(meter=1000)
    cp.later(hours=1)
    cp.stop(number, meter=8000)
    kept = cp.transaction(number)
    cp.later(hours=1)

    cp.stop(number, meter=9000)

    assert cp.transaction(number) == kept


def test_a_stop_of_a_number_that_was_never_given_is_kept_and_ends_nothing(cp):
    running = cp.start("TAG")
    cp.later(minutes=1)

    assert status_of(cp.stop(4711, idTag="TAG")) == "Accepted"
    assert cp.transaction(running)["ended_at"] is None
    row = cp.transaction(4711)
    assert (row["marks"], row["meter_stop_wh"], row["energy_wh"]) == (["unknown-start"], 2000, None)


def test_an_unknown_number_is_counted_once(cp):
    cp.stop(4711)
    cp.stop(4711)

    assert len(cp.rows("transactions")) == 1


def test_a_number_that_a_station_made_up_is_never_given_to_anybody(cp):
    cp.stop(4711)

    assert cp.rows("transaction_numbers") == [{"number": 4711}]


def test_the_number_of_another_stations_transaction_never_touches_it(cp, cp2):
    number = cp.start("TAG")
    before = cp.transaction(number)
    cp2.later(minutes=1)

    cp2.stop(number, idTag="TAG", meter=5000)

    assert cp.transaction(number) == before
    assert cp2.transaction(number)["marks"] == ["unknown-start"]


@pytest.mark.parametrize("number", [-1, 0, 2**63 - 1])
def test_a_stop_without_number_ends_the_open_transaction_of_its_token(cp, number):
    other = cp.start("OTHER", connector=2)
    mine = cp.start("TAG", connector=1, meter=1000)
    cp.later(minutes=10)

    cp.stop(number, idTag="tag", meter=3000)

    assert cp.transaction(mine)["energy_wh"] == 2000
    assert cp.transaction(other)["ended_at"] is None
    assert len(cp.rows("transactions")) == 2


def test_a_stop_without_number_of_the_same_group_ends_it(cp):
    mine = cp.start("MATE", meter=1000)
    cp.later(minutes=10)

    cp.stop(-1, idTag="FRIEND", meter=3000)

    assert cp.transaction(mine)["energy_wh"] == 2000


@pytest.mark.parametrize(
    "said",
    [
        {"idTag": "OTHER"},
        {"idTag": "TAG", "meterStop": 999},
        {"idTag": "TAG", "timestamp": "2026-06-01T11:00:00Z"},
        {},
    ],
    ids=["other token", "meter before start", "time before start", "no token while charging"],
)
def test_a_stop_without_number_that_does_not_fit_stands_alone(cp, said):
    running = cp.start("TAG", meter=1000)
    cp.status("Charging")
    cp.later(minutes=10)

    cp.stop(-1, **said)

    assert cp.transaction(running)["ended_at"] is None
    assert cp.rows("transactions")[-1]["marks"][0] == "unknown-start"


def test_a_stop_without_number_and_token_ends_what_the_station_itself_calls_over(cp):
    running = cp.start("TAG", meter=1000)
    cp.later(minutes=10)
    cp.status("Available")

    cp.stop(0, meter=3000)

    assert cp.transaction(running)["energy_wh"] == 2000


def test_a_stop_without_number_is_counted_once(cp):
    cp.stop(-1, idTag="TAG")
    cp.stop(-1, idTag="TAG")

    assert len(cp.rows("transactions")) == 1


def test_a_stop_that_is_repeated_with_minus_one_is_the_same_stop(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)
    cp.stop(number, idTag="TAG", meter=3000)

    cp.stop(-1, idTag="TAG", meter=3000)

    assert len(cp.rows("transactions")) == 1


def test_the_real_stop_overrules_an_assigned_one(cp):
    number = cp.start("TAG", meter=1000)
    cp.later(minutes=10)
    cp.stop(-1, idTag="TAG", meter=3000)
    cp.later(minutes=10)

    cp.stop(number, idTag="TAG", meter=4000)

    assert cp.transaction(number)["energy_wh"] == 3000


def test_a_stop_without_number_finds_the_lost_transaction_that_it_belongs_to(cp):
    lost = cp.start("TAG", meter=1000)
    cp.later(minutes=30)
    stopped_at = cp.clock()
    cp.later(minutes=30)
    running = cp.start("TAG", meter=3000)

    cp.stop(-1, idTag="TAG", meter=2900, timestamp=stopped_at)

    assert cp.transaction(lost)["energy_wh"] == 1900
    assert cp.transaction(running)["ended_at"] is None


@pytest.mark.parametrize(
    ("starter", "stopper", "marks"),
    [
        ("TAG", "tag", []),
        ("MATE", "FRIEND", []),
        ("MATE", "FAM", []),
        ("TAG", "OTHER", ["other-token"]),
        ("TAG", "STRANGER", ["other-token"]),
        ("TAG", "FRIEND", ["other-token"]),
    ],
)
def test_a_stop_by_a_token_without_right_to_it_is_kept_and_marked(cp, starter, stopper, marks):
    number = cp.start(starter)
    cp.later(minutes=1)

    cp.stop(number, idTag=stopper)

    row = cp.transaction(number)
    assert (row["marks"], row["stop_token"]) == (marks, stopper)
    assert row["ended_at"] is not None


def test_a_meter_that_stops_before_it_started_is_kept_and_marked(cp):
    number = cp.start(meter=5000)
    cp.later(minutes=10)

    cp.stop(number, meter=100)

    row = cp.transaction(number)
    assert (row["meter_stop_wh"], row["energy_wh"], row["marks"]) == (100, None, ["energy"])


def test_a_stop_before_its_start_is_kept_and_marked(cp):
    number = cp.start(meter=0)
    cp.later(minutes=10)

    cp.stop(number, meter=40330, timestamp=cp.clock(hours=-6))

    row = cp.transaction(number)
    assert row["marks"] == ["offline", "clock"]
    assert row["ended_at"] == int(cp.now.timestamp() * 1000)
    assert row["energy_wh"] == 40330


def test_an_offline_transaction_keeps_its_own_times(cp):
    said = cp.clock(hours=-3), cp.clock(hours=-2)
    number = start_answer(cp, timestamp=said[0])["transactionId"]
    cp.stop(number, meter=5000, timestamp=said[1])

    row = cp.transaction(number)
    assert row["ended_at"] - row["started_at"] == 3600_000
    assert row["marks"] == ["offline"]


def data(at, wh, context="Transaction.End"):
    return {"timestamp": at, "sampledValue": [{"value": str(wh), "context": context}]}


def test_samples_of_a_stop_are_kept_with_their_context(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)

    cp.stop(number, meter=3000, transactionData=[data(cp.clock(), 3000)])

    [row] = cp.rows("meter_values")
    assert row["transaction"] == cp.transaction(number)["pk"]
    assert row["samples"] == [["Energy.Active.Import.Register", 3000, "Wh", "", "", "Transaction.End"]]


def test_samples_that_agree_with_start_and_stop_leave_no_mark(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)
    cp.register(2500, transactionId=number)
    cp.later(minutes=10)

    cp.stop(number, meter=4020, transactionData=[data(cp.clock(), 4000)])

    row = cp.transaction(number)
    assert (row["energy_wh"], row["sampled_wh"], row["marks"]) == (3020, 3000, [])


@pytest.mark.parametrize("sampled", [3500, 9000])
def test_samples_that_contradict_start_and_stop_leave_a_mark(cp, sampled):
    number = cp.start(meter=1000)
    cp.later(minutes=10)

    cp.stop(number, meter=5000, transactionData=[data(cp.clock(), sampled)])

    row = cp.transaction(number)
    assert (row["energy_wh"], row["sampled_wh"], row["marks"]) == (4000, sampled - 1000, ["energy"])


def test_energy_after_the_last_sample_is_no_contradiction(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=15)
    cp.register(3700, transactionId=number)
    cp.later(minutes=14)

    cp.stop(number, meter=6200)

    assert cp.transaction(number)["marks"] == []


def test_where_the_stop_reading_makes_no_sense_the_samples_count(cp):
    number = cp.start(meter=4000000)
    cp.later(minutes=10)
    cp.register(4001000, transactionId=number)
    cp.later(minutes=1)

    cp.stop(number, meter=0)

    row = cp.transaction(number)
    assert (row["energy_wh"], row["marks"]) == (1000, ["energy"])


def test_an_end_is_told_to_the_world(cp):
    number = cp.start("TAG", meter=1000)
    cp.later(minutes=10)
    cp.stop(number, meter=1500, reason="Remote")

    [event] = cp.events(TransactionEnded)
    assert (event.id_token, event.energy_wh, event.reason, event.evse) == ("TAG", 500, "Remote", 1)
    assert cp.events(ConnectorChanged)[-1].transaction_id is None
