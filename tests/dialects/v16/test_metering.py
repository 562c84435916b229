from __future__ import annotations

import pytest

from ostler.domain.events import ConnectorChanged, TransactionUpdated


def ms(cp):
    return int(cp.now.timestamp() * 1000)


def latest(cp, key, evse=1):
    return cp.connector(evse)["measures"][key][0]


# --- samples ---


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({"value": "5"}, ["Energy.Active.Import.Register", 5, "Wh"]),
        ({"value": "30850.8733", "unit": "kWh"}, ["Energy.Active.Import.Register", 30850873.3, "Wh"]),
        (
            {"value": "20.7", "measurand": "Power.Active.Import", "unit": "kW"},
            ["Power.Active.Import", 20700, "W"],
        ),
        ({"value": "6000", "measurand": "Current.Import", "unit": "mA"}, ["Current.Import", 6, "A"]),
        ({"value": "15.630", "unit": "A"}, ["Current.Import", 15.63, "A"]),
        ({"value": "231", "unit": "V"}, ["Voltage", 231, "V"]),
        ({"value": "6", "unit": "AMP", "measurand": "Current.Import"}, ["Current.Import", 6, "A"]),
        ({"value": "67", "measurand": "SoC"}, ["SoC", 67, "Percent"]),
        ({"value": "20", "measurand": "Temperature", "unit": "Celcius"}, ["Temperature", 20, "Celsius"]),
        ({"value": "293.15", "measurand": "Temperature", "unit": "K"}, ["Temperature", 20, "Celsius"]),
        ({"value": "68", "measurand": "Temperature", "unit": "Fahrenheit"}, ["Temperature", 20, "Celsius"]),
        ({"value": "49.89", "measurand": "Frequency"}, ["Frequency", 49.89, "Hz"]),
        ({"value": "50", "measurand": "Frequency", "unit": "Hz"}, ["Frequency", 50, "Hz"]),
        ({"value": "0.9", "measurand": "Power.Factor"}, ["Power.Factor", 0.9, ""]),
        ({"value": "7", "measurand": "Bogus.Thing", "unit": "furlong"}, ["Bogus.Thing", 7, "furlong"]),
    ],
)
def test_a_sample_is_kept_in_our_units(cp, said, kept):
    cp.sample(said)

    assert cp.rows("meter_values")[0]["samples"][0][:3] == kept


@pytest.mark.parametrize(
    ("measurand", "said", "meant", "phase"),
    [
        ("Current.Import.L1", None, "Current.Import", "L1"),
        ("Voltage.L1-N", None, "Voltage", "L1-N"),
        ("Voltage", "L1-N", "Voltage", "L1-N"),
        ("Voltage", "L1-L2", "Voltage", "L1-L2"),
        ("Current.Import", "L2-N", "Current.Import", "L2"),
        ("Current.Import", "N", "Current.Import", "L1"),
        ("Voltage", "N", "Voltage", "N"),
    ],
)
def test_the_phase_of_a_sample_is_what_it_means(cp, measurand, said, meant, phase):
    cp.sample({"value": "6", "measurand": measurand} | ({"phase": said} if said else {}))

    [sample] = cp.rows("meter_values")[0]["samples"]
    assert (sample[0], sample[3]) == (meant, phase)


def test_a_current_on_the_neutral_beside_those_of_the_lines_is_the_neutrals(cp):
    cp.sample(*({"value": "6", "measurand": "Current.Import", "phase": phase} for phase in ("L1", "L2", "N")))

    assert [sample[3] for sample in cp.rows("meter_values")[0]["samples"]] == ["L1", "L2", "N"]


def test_signed_data_is_kept_and_never_read_as_a_number(cp):
    cp.sample({"value": "123456", "format": "SignedData"}, {"value": "1000"})

    row = cp.rows("meter_values")[0]
    assert row["samples"][0][1] == "123456"
    assert row["energy_wh"] == 1000


@pytest.mark.parametrize("value", ["", "abc", "NaN", "Infinity", "1e999"])
def test_what_is_no_number_is_kept_as_text_and_not_counted(cp, value):
    cp.sample({"value": value}, {"value": "230", "unit": "V"})

    row = cp.rows("meter_values")[0]
    assert row["energy_wh"] is None
    assert latest(cp, "Voltage") == 230


def test_a_decimal_comma_is_understood(cp):
    cp.sample({"value": "3,5", "measurand": "Power.Active.Import", "unit": "kW"})

    assert cp.connector()["power_w"] == 3500


def test_one_bad_sample_does_not_cost_the_others(cp):
    cp.sample({"value": {"a": 1}}, {"value": "1000"}, {"value": "230", "unit": ["V"], "measurand": "Voltage"})

    assert cp.connector()["register_wh"] == 1000


def test_default_location_and_context_are_not_repeated_in_every_sample(cp):
    cp.sample({"value": "1", "location": "Outlet", "context": "Sample.Periodic"})
    cp.sample({"value": "1", "location": "Body", "context": "Sample.Clock"})

    assert [row["samples"][0][4:] for row in cp.rows("meter_values")] == [["", ""], ["Body", "Sample.Clock"]]


# --- power ---


def power(cp, *samples):
    cp.sample(*samples)
    return cp.connector()["power_w"]


def p(value, phase=None, **more):
    return (
        {"value": str(value), "measurand": "Power.Active.Import"} | ({"phase": phase} if phase else {}) | more
    )


def amps(value, phase=None):
    return {"value": str(value), "measurand": "Current.Import"} | ({"phase": phase} if phase else {})


def volts(value, phase=None):
    return {"value": str(value), "measurand": "Voltage"} | ({"phase": phase} if phase else {})


def test_a_total_is_never_added_to_its_phases(cp):
    assert power(cp, p(0, "L1"), p(0, "L2"), p(0, "L3"), p(30)) == 30


def test_without_total_the_phases_are_added(cp):
    assert power(cp, p(1000, "L1"), p(2000, "L2"), p(3000, "L3")) == 6000


def test_the_grid_side_counts_only_where_nothing_else_is_reported(cp):
    assert power(cp, p(5000, location="Inlet"), p(4800)) == 4800
    assert power(cp, p(5000, location="Inlet")) == 5000


def test_power_without_samples_of_it_is_voltage_times_current(cp):
    lines = [amps(10, line) for line in ("L1", "L2", "L3")]

    assert power(cp, *lines, *(volts(230, f"{line}-N") for line in ("L1", "L2", "L3"))) == 6900


def test_one_voltage_serves_all_lines(cp):
    assert power(cp, amps(10, "L1"), amps(5, "L2"), volts(230)) == 3450
    assert power(cp, amps(10, "L1"), amps(5, "L2"), volts(230, "L1-N")) == 3450


def test_voltage_between_lines_is_not_taken_for_that_to_neutral(cp):
    pairs = [volts(400, pair) for pair in ("L1-L2", "L2-L3", "L3-L1")]

    assert power(cp, *(amps(10, line) for line in ("L1", "L2", "L3")), *pairs) == pytest.approx(
        6928.2, abs=0.1
    )


def test_direct_current_has_one_voltage_and_one_current(cp):
    assert power(cp, amps(37.3), volts(587.2)) == 21902.6


def test_current_without_voltage_gives_no_power(cp):
    assert power(cp, amps(10, "L1")) is None
    assert power(cp, amps(10)) is None


def test_as_a_last_resort_power_comes_from_the_registers(cp):
    cp.register(1000)
    cp.later(minutes=6)

    cp.register(2000)

    assert cp.connector()["power_w"] == 10000


def test_power_stays_zero_where_nothing_charges(cp):
    cp.status("Available")

    assert power(cp, p(7000)) == 0


def test_the_main_meter_has_power_without_any_transaction(cp):
    cp.status("Available", connector=0)
    cp.sample(p(7000), connector=0)

    assert cp.connector(0)["power_w"] == 7000


# --- live values and history ---


def test_the_latest_value_of_each_measurand_and_phase_is_shown(cp):
    cp.sample(volts(230, "L1-N"), amps(6, "L1"))
    cp.later(seconds=30)
    cp.sample(amps(7, "L1"))

    assert cp.connector()["measures"] == {
        "Voltage.L1-N": [230, ms(cp) - 30_000],
        "Current.Import.L1": [7, ms(cp)],
    }


def test_history_is_kept_under_its_time_and_overwrites_nothing(cp):
    cp.register(5000)
    before = cp.connector()

    cp.register(3000, at=cp.clock(hours=-2))

    assert cp.connector() == before
    assert [row["at"] for row in cp.rows("meter_values")] == [ms(cp), ms(cp) - 7200_000]


def test_a_clock_in_the_future_does_not_freeze_the_values(cp):
    cp.register(5000, at=cp.clock(days=400))
    cp.later(minutes=1)

    cp.register(5100)

    assert cp.connector()["register_wh"] == 5100


def test_samples_of_a_clock_that_was_never_set_count_from_when_they_were_heard(cp):
    cp.register(5000, at="1970-01-01T00:10:00Z")

    assert cp.rows("meter_values")[0]["at"] == ms(cp)
    assert cp.connector()["register_wh"] == 5000


def test_a_station_cannot_fill_the_row_with_measurands(cp):
    cp.sample(*({"value": "1", "measurand": f"X{number}"} for number in range(200)))

    assert len(cp.connector()["measures"]) == 64


def test_of_a_first_and_a_last_value_in_one_moment_the_last_counts(cp):
    cp.sample({"value": "9", "context": "Transaction.End"}, {"value": "5", "context": "Transaction.Begin"})

    assert cp.rows("meter_values")[0]["energy_wh"] == 9


def test_live_measures_are_told_to_the_world(cp):
    number = cp.start(meter=1000)
    cp.db.events.clear()
    cp.later(minutes=1)

    cp.sample({"value": "1100"}, p(6000), transactionId=number)

    pk = cp.transaction(number)["pk"]
    [changed] = cp.events(ConnectorChanged)
    [updated] = cp.events(TransactionUpdated)
    assert (changed.power_w, changed.transaction_id) == (6000, pk)
    assert (updated.transaction_id, updated.energy_wh, updated.power_w) == (pk, 100, 6000)


# --- which transaction ---


def owner(cp):
    return cp.rows("meter_values")[-1]["transaction"]


def test_samples_belong_to_the_transaction_that_they_name(cp):
    number = cp.start()
    cp.later(minutes=1)
    cp.register(1100, transactionId=number)

    assert owner(cp) == cp.transaction(number)["pk"]
    assert cp.heard.transaction == str(number)


@pytest.mark.parametrize(
    "named", [{}, {"transactionId": 0}, {"transactionId": -1}, {"transactionId": 2**63 - 1}]
)
def test_samples_without_a_number_of_ours_belong_to_what_runs_there(cp, named):
    number = cp.start()
    cp.later(minutes=1)
    cp.register(1100, **named)

    assert owner(cp) == cp.transaction(number)["pk"]


def test_samples_without_number_before_the_start_do_not_belong_to_it(cp):
    cp.start()
    cp.register(900, at=cp.clock(hours=-1))

    assert owner(cp) is None


def test_samples_of_another_connector_do_not_belong_to_it(cp):
    cp.start(connector=1)
    cp.later(minutes=1)
    cp.register(1100, connector=2)
    cp.register(1100, connector=0)

    assert [row["transaction"] for row in cp.rows("meter_values")] == [None, None]


def test_the_number_of_another_stations_transaction_means_nothing_here(cp, cp2):
    number = cp.start(meter=1000)
    before = cp.transaction(number)
    cp2.later(minutes=1)

    cp2.register(9000, transactionId=number)

    assert owner(cp2) is None
    assert cp.transaction(number) == before


def test_samples_after_the_stop_belong_to_the_transaction_that_they_name(cp):
    number = cp.start()
    cp.later(minutes=10)
    cp.stop(number)
    settled = cp.transaction(number)
    cp.later(minutes=1)

    cp.register(2000, transactionId=number)

    assert owner(cp) == settled["pk"]
    assert cp.transaction(number) == settled


def test_samples_of_an_unknown_number_just_after_the_stop_belong_to_what_ran(cp):
    number = cp.start()
    cp.later(minutes=10)
    cp.stop(number)
    cp.later(minutes=1)
    cp.register(2000, transactionId=99)
    attached = owner(cp)
    cp.later(hours=1)
    cp.register(2000, transactionId=99)

    assert (attached, owner(cp)) == (cp.transaction(number)["pk"], None)


def test_history_without_number_belongs_to_what_ran_then(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)
    then = cp.clock(minutes=-5)
    cp.stop(number)
    cp.later(hours=1)

    cp.register(1500, at=then)

    assert owner(cp) == cp.transaction(number)["pk"]


# --- energy ---


def test_a_running_transaction_shows_its_energy(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)
    cp.register(2500, transactionId=number)

    row = cp.transaction(number)
    assert (row["energy_wh"], row["sampled_wh"], row["last_register_wh"]) == (1500, 1500, 2500)
    assert cp.connector()["session_wh"] == 1500


def test_a_register_that_falls_within_a_transaction_goes_on_from_there_and_is_marked(cp):
    number = cp.start(meter=100000)
    for wh in (101000, 200, 700):
        cp.later(minutes=10)
        cp.register(wh, transactionId=number)

    row = cp.transaction(number)
    assert (row["sampled_wh"], row["marks"]) == (1700, ["register-reset"])


def test_samples_that_count_from_the_begin_of_the_session_agree_with_lifetime_start_and_stop(cp):
    cp.say("BootNotification", {"chargePointVendor": "United Chargers", "chargePointModel": "GRS-*"})
    number = cp.start(meter=4000000)
    for wh in (10, 500, 1000):
        cp.later(minutes=5)
        cp.register(wh, transactionId=number)
    cp.later(seconds=10)
    cp.stop(number, meter=4001000)

    row = cp.transaction(number)
    assert (row["energy_wh"], row["sampled_wh"], row["marks"]) == (1000, 1000, [])
    assert cp.connector()["lifetime_wh"] == 4001000


def test_intervals_are_added_where_no_register_is_reported(cp):
    number = cp.start(meter=0)
    for _ in range(3):
        cp.later(minutes=1)
        cp.sample({"value": "4.5", "measurand": "Energy.Active.Import.Interval"}, transactionId=number)
    cp.stop(number, meter=16)

    row = cp.transaction(number)
    assert (row["sampled_wh"], row["energy_wh"], row["marks"]) == (13.5, 16, [])


def test_lifetime_energy_begins_with_the_first_register_and_survives_its_reset(cp):
    for wh in (50000, 51000, 300, 1300):
        cp.register(wh)
        cp.later(minutes=15)

    row = cp.connector()
    assert (row["register_wh"], row["lifetime_wh"]) == (1300, 52300)


def test_lifetime_energy_adds_up_over_sessions_that_each_begin_at_zero(cp):
    for _ in range(3):
        number = cp.start(meter=0)
        cp.later(hours=1)
        cp.register(6000, transactionId=number)
        cp.later(minutes=30)
        cp.stop(number, meter=9000)
        cp.later(hours=1)

    assert cp.connector()["lifetime_wh"] == 27000


def test_lifetime_energy_needs_no_samples(cp):
    number = cp.start(meter=100000)
    cp.later(hours=1)
    cp.stop(number, meter=107000)

    assert cp.connector()["lifetime_wh"] == 107000


def test_jitter_of_a_register_is_no_reset(cp):
    number = cp.start(meter=1000)
    for wh in (2000, 1999.5, 2001):
        cp.later(minutes=5)
        cp.register(wh, transactionId=number)

    row = cp.transaction(number)
    assert (row["sampled_wh"], row["marks"]) == (1001, [])


def test_a_leap_that_no_connector_could_deliver_is_not_energy(cp):
    cp.register(1000)
    cp.later(minutes=15)

    cp.register(4000000)

    assert cp.connector()["lifetime_wh"] == 1000


def test_no_energy_is_lost_where_power_is_reported_more_often_than_the_register(cp):
    cp.register(1000)
    for _ in range(15):
        cp.later(minutes=1)
        cp.sample(p(22000))
    cp.register(6500)

    assert cp.connector()["lifetime_wh"] == 6500


def test_the_register_of_a_single_line_counts_where_no_total_is_reported(cp):
    cp.sample({"value": "1000", "phase": "L1"}, {"value": "500", "phase": "L2"})

    assert cp.connector()["register_wh"] == 1500


def test_an_older_sample_does_not_change_the_account_of_a_transaction(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)
    cp.register(3000, transactionId=number)

    cp.register(2000, transactionId=number, at=cp.clock(minutes=-5))

    assert cp.transaction(number)["sampled_wh"] == 2000


def test_several_moments_in_one_message_are_taken_in_the_order_of_time(cp):
    number = cp.start(meter=1000)
    cp.later(minutes=10)
    moments = [
        {"timestamp": cp.clock(), "sampledValue": [{"value": "3000"}]},
        {"timestamp": cp.clock(minutes=-5), "sampledValue": [{"value": "2000"}]},
    ]

    cp.say("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": moments})

    assert cp.connector()["register_wh"] == 3000
    assert len(cp.rows("meter_values")) == 2


def test_an_answer_is_given_even_when_no_sample_could_be_read(cp):
    assert cp.say("MeterValues", {"connectorId": 1, "meterValue": []}) == {}
    assert cp.rows("meter_values") == []
