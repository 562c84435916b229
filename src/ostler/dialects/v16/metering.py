"""MeterValues (OCPP 1.6 §4.7)."""

from __future__ import annotations

from ostler.dialects.base import Inbound
from ostler.dialects.v16.authorize import treatment
from ostler.dialects.v16.readings import readings
from ostler.ocpp import v16
from ostler.services import metering, places
from ostler.store.database import Db

ANSWER = v16.MeterValuesResponse()


def meter_values(db: Db, inbound: Inbound[v16.MeterValuesRequest]) -> v16.MeterValuesResponse:
    """Keep every sample; the answer is always the same (OCPP 1.6 §4.7)."""
    request = inbound.request
    evse = request.connector_id
    connector = places.connector_of(evse)
    place = places.find(db, inbound.pk, evse, connector)
    habits = treatment(place.station).meter
    transaction = metering.report(
        db,
        inbound.pk,
        inbound.station,
        inbound.received_at,
        evse=evse,
        connector=connector,
        readings=readings(request.meter_value, habits),
        said_id=None if request.transaction_id is None else str(request.transaction_id),
        place=place,
        habits=habits,
    )
    inbound.connector = evse
    inbound.transaction = None if transaction is None else transaction.ocpp_id
    return ANSWER
