from __future__ import annotations

from datetime import timedelta

import pytest
from harness.virtual import NOW
from hypothesis import given, settings
from hypothesis import strategies as st

from ostler.ocpp.v16 import Measurand, Phase, ReadingContext
from ostler.sim.meter import Car, Meter, samples

HOUR = NOW + timedelta(hours=1)


def metered(car: Car, offered_a: float = 32, **options) -> Meter:
    meter = Meter(**{"register_wh": 1000, "phases": 3, "now": NOW} | options)
    meter.plug(car, NOW)
    meter.offer(offered_a, NOW)
    return meter


def test_three_phases_of_16_a_give_11_kwh_in_an_hour():
    reading = metered(Car(max_a=16, phases=3, capacity_wh=80_000, soc=10)).read(HOUR)

    assert reading.register_wh == pytest.approx(1000 + 11_040)
    assert reading.power_w == pytest.approx(11_040)


def test_a_car_of_one_phase_loads_one_phase():
    reading = metered(Car(max_a=32, phases=1)).read(NOW)

    assert reading.current_a == (32, 0, 0)


def test_the_offer_bounds_the_current_on_each_phase():
    assert metered(Car(max_a=32, phases=3), offered_a=13).read(NOW).current_a == (13, 13, 13)


def test_below_6_a_a_car_draws_nothing():
    assert metered(Car(max_a=32, phases=3), offered_a=5.9).read(HOUR).register_wh == 1000


def test_a_full_car_stops_drawing():
    reading = metered(Car(max_a=32, phases=3, capacity_wh=10_000, soc=90)).read(HOUR)

    assert reading.soc == 100
    assert reading.power_w == 0
    assert reading.register_wh == pytest.approx(2000)


def test_a_nearly_full_car_draws_less():
    meter = metered(Car(max_a=32, phases=3, soc=90, taper_from=80))

    assert meter.read(NOW).current_a == (16, 16, 16)


def test_speed_multiplies_energy_and_not_power():
    meter = metered(Car(max_a=16, phases=3, soc=10), speed=60)

    reading = meter.read(NOW + timedelta(minutes=1))

    assert reading.register_wh == pytest.approx(1000 + 11_040)
    assert reading.power_w == pytest.approx(11_040)


def test_a_paused_car_draws_nothing_until_it_goes_on():
    meter = metered(Car(max_a=16, phases=3))
    meter.pause(NOW, paused=True)
    assert meter.read(HOUR).register_wh == 1000

    meter.pause(HOUR, paused=False)

    assert meter.read(HOUR).power_w > 0


def test_a_clock_that_goes_backwards_counts_nothing():
    meter = metered(Car())

    assert meter.read(NOW - timedelta(hours=5)).register_wh == 1000


@settings(deadline=None)  # a busy machine is no fault of the meter
@given(st.lists(st.tuples(st.floats(0, 4000), st.floats(0, 40)), max_size=12))
def test_the_register_never_falls_and_never_outruns_what_was_offered(steps):
    meter = metered(Car(max_a=32, phases=3, capacity_wh=50_000, soc=50), offered_a=0)
    at, most_wh = NOW, 1000.0
    before = 1000.0
    offered_a = 0.0
    for seconds, next_a in steps:
        at += timedelta(seconds=seconds)
        most_wh += seconds * offered_a * 690 / 3600
        reading = meter.read(at)
        assert before <= reading.register_wh <= most_wh + 0.1
        before = reading.register_wh
        meter.offer(next_a, at)
        offered_a = next_a


def test_samples_have_values_for_each_phase_and_the_context_asked_for():
    reading = metered(Car(max_a=16, phases=3, soc=40)).read(NOW)

    value = samples(reading, ["Current.Import", "SoC"], ReadingContext.SAMPLE_CLOCK)

    assert [(each.value, each.phase) for each in value.sampled_value] == [
        ("16.00", Phase.L1),
        ("16.00", Phase.L2),
        ("16.00", Phase.L3),
        ("40", None),
    ]
    assert {each.context for each in value.sampled_value} == {ReadingContext.SAMPLE_CLOCK}


def test_without_a_car_there_is_no_state_of_charge_and_the_register_stands_alone():
    reading = Meter(register_wh=5, phases=3, now=NOW).read(NOW)

    [sample] = samples(reading, ["SoC"], ReadingContext.TRIGGER).sampled_value

    assert (sample.value, sample.measurand) == ("5", Measurand.ENERGY_ACTIVE_IMPORT_REGISTER)


def test_every_measurand_of_the_model_can_be_sampled():
    reading = metered(Car()).read(NOW)
    names = ["Power.Offered", "Current.Offered", "Voltage", "Temperature", "Frequency", "Power.Active.Import"]

    found = {each.measurand for each in samples(reading, names, ReadingContext.OTHER).sampled_value}

    assert found == set(names)
