"""The words of OCPP 1.6 in ours, and the other way round."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from ostler import quirks
from ostler.dialects.base import Inbound
from ostler.domain import measures
from ostler.domain.measures import Forms, MeterHabits, Reading, Sample
from ostler.domain.words import Verdict
from ostler.ocpp import v16
from ostler.quirks import Quirks
from ostler.services.authorization import Judged
from ostler.services.places import Spot, Station

LONGEST_PARENT = 20  # OCPP 1.6 §7.28


def spot(inbound: Inbound[Any], connector_id: int = 0) -> Spot:
    """Where a report comes from: connector n is EVSE n, connector 1; 0 is the station (OCPP 1.6 §4.9)."""
    return Spot(inbound.pk, inbound.station, inbound.received_at, connector_id, 1 if connector_id else 0)


def treatment(station: Station) -> Quirks:
    """The quirks of a station's model."""
    return quirks.find(station.vendor, station.model, station.firmware)


def id_tag_info(judged: Judged, treated: Quirks, now: datetime) -> v16.IdTagInfo:
    """The verdict in the words of 1.6; a group that is too long for 1.6 is left out."""
    expires_at = judged.expires_at
    if expires_at is None and judged.verdict is Verdict.ACCEPTED and treated.token_expiry_h is not None:
        expires_at = now + timedelta(hours=treated.token_expiry_h)
    return v16.IdTagInfo(
        status=v16.AuthorizationStatus(judged.verdict.value),
        parent_id_tag=judged.parent if 0 < len(judged.parent) <= LONGEST_PARENT else None,
        expiry_date=None if expires_at is None else expires_at.replace(microsecond=0),
    )


def readings(meter_values: Iterable[v16.MeterValue], habits: MeterHabits) -> list[Reading]:
    """Each MeterValue as a reading in our units."""
    meant = measures.forms(habits)
    return [
        measures.reading(value.timestamp, [_sample(one, meant) for one in value.sampled_value])
        for value in meter_values
    ]


def _sample(one: v16.SampledValue, meant: Forms) -> Sample:
    words = (one.measurand, one.unit, one.phase, one.location, one.context)
    return measures.sample(one.value, words, meant, signed=one.format is v16.ValueFormat.SIGNED_DATA)
