from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.domain import measures
from ostler.domain.measures import PLAIN, MeterHabits, Sample

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def read_as(value, measurand=None, unit=None, phase=None, *, context=None, habits=PLAIN):
    return measures.sample(value, (measurand, unit, phase, None, context), measures.forms(habits))


def test_habits_rename_measurands():
    habits = MeterHabits(measurands=(("Power.Active.Export", "Power.Active.Import"),))

    assert read_as("5", "Power.Active.Export", "W", habits=habits).measurand == "Power.Active.Import"


def test_habits_read_a_measurand_from_a_context():
    habits = MeterHabits(contexts=(("CurrentMax", "Current.Offered"),))

    read = read_as("16", unit="A", context="CurrentMax", habits=habits)

    assert (read.measurand, read.context) == ("Current.Offered", "CurrentMax")


def test_untrusted_values_do_not_count():
    samples = [Sample("Current.Import", 5.0, "A"), Sample("Current.Import", 4.0, "A", "L1")]

    assert measures.values(samples, ("Current.Import",)) == {"Current.Import.L1": 4.0}


@pytest.mark.parametrize(
    ("unit", "ours", "value"),
    [
        ("WH", "Wh", 5),
        ("kwh", "Wh", 5000),
        ("MWh", "Wh", 5e6),
        ("mWh", "Wh", 0.005),
        ("KW", "W", 5000),
        ("mW", "W", 0.005),
    ],
)
def test_units_are_understood_in_any_case_where_case_means_nothing(unit, ours, value):
    read = read_as("5", "Energy.Active.Import.Register", unit)

    assert (read.unit, read.value) == (ours, value)


@pytest.mark.parametrize(
    ("measurand", "unit"),
    [
        ("Energy.Reactive.Import.Register", "varh"),
        ("Power.Offered", "W"),
        ("Power.Reactive.Import", "var"),
        ("Current.Offered", "A"),
        ("Something.Else", ""),
    ],
)
def test_a_measurand_without_unit_has_its_usual_one(measurand, unit):
    assert read_as("5", measurand).unit == unit


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=10), st.text(max_size=5))
def test_whatever_a_station_writes_becomes_a_sample(value, measurand, unit, phase):
    read = read_as(value, measurand, unit, phase)

    found = measures.values([read])
    assert measures.register_wh(found) is None or isinstance(read.value, float)
    measures.power_w(found)


def test_two_currents_of_which_one_is_the_neutrals_stay_as_they_are():
    samples = [Sample("Current.Import", 5.0, "A", "N"), Sample("Current.Import", 5.0, "A")]

    assert measures.reading(NOW, samples).samples is samples


def test_words_that_a_station_makes_up_do_not_fill_the_memory():
    for number in range(5000):
        read_as("1", f"M{number}")
    read_as("1", "x" * 100_000)

    known = measures.forms(PLAIN)._known
    assert len(known) <= 4096
    assert max(len(words[0] or "") for words in known) < 1000
