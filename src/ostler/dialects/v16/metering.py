"""MeterValues (OCPP 1.6 §4.7)."""

from __future__ import annotations

from ostler.dialects.base import Inbound
from ostler.dialects.v16.translate import readings, spot, treatment
from ostler.ocpp import v16
from ostler.services import metering, places
from ostler.store.database import Db


def meter_values(db: Db, inbound: Inbound[v16.MeterValuesRequest]) -> v16.MeterValuesResponse:
    """Keep every sample; the answer is the same whatever they say (OCPP 1.6 §4.7)."""
    request = inbound.request
    here = spot(inbound, request.connector_id)
    place = places.find(db, here)
    habits = treatment(place.station).meter
    said_id = None if request.transaction_id is None else str(request.transaction_id)
    values = readings(request.meter_value, habits)
    transaction = metering.report(db, here, place, values, said_id=said_id, habits=habits)
    inbound.connector = request.connector_id
    inbound.transaction = None if transaction is None else transaction.ocpp_id
    return v16.MeterValuesResponse()
