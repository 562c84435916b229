"""Meter values of OCPP 1.6 in our units."""

from __future__ import annotations

from collections.abc import Iterable

from ostler.domain import measures
from ostler.domain.measures import MeterHabits, Reading, Sample
from ostler.ocpp import v16


def readings(meter_values: Iterable[v16.MeterValue], habits: MeterHabits) -> list[Reading]:
    """Each MeterValue as a reading."""
    return [
        measures.reading(value.timestamp, [_sample(one, habits) for one in value.sampled_value])
        for value in meter_values
    ]


def _sample(one: v16.SampledValue, habits: MeterHabits) -> Sample:
    return measures.sample(
        one.value,
        measurand=one.measurand or "",
        unit=one.unit or "",
        phase=one.phase or "",
        location=one.location or "",
        context=one.context or "",
        signed=one.format == v16.ValueFormat.SIGNED_DATA,
        habits=habits,
    )
