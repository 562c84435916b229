"""StartTransaction and StopTransaction (OCPP 1.6 §4.8, §4.10)."""

from __future__ import annotations

from ostler.dialects.base import Inbound
from ostler.dialects.v16.translate import id_tag_info, readings, spot, treatment
from ostler.domain.transactions import LARGEST_NUMBER
from ostler.ocpp import v16
from ostler.services import charging, places, stopping
from ostler.services.stopping import Stop
from ostler.store.database import Db


def start_transaction(db: Db, inbound: Inbound[v16.StartTransactionRequest]) -> v16.StartTransactionResponse:
    """Keep the transaction whatever its token; the verdict stands in the answer."""
    request = inbound.request
    treated = treatment(places.station(db, inbound.pk))
    started = charging.start(
        db,
        spot(inbound, request.connector_id),
        id_token=treated.token(request.id_tag),
        meter_start_wh=float(request.meter_start),
        said_at=request.timestamp,
        reservation=request.reservation_id,
    )
    inbound.connector, inbound.transaction = request.connector_id, started.ocpp_id
    return v16.StartTransactionResponse(
        id_tag_info=id_tag_info(started.judged, treated, inbound.received_at),
        transaction_id=int(started.ocpp_id),
    )


def stop_transaction(db: Db, inbound: Inbound[v16.StopTransactionRequest]) -> v16.StopTransactionResponse:
    """End the transaction that is meant. Without a reason it is Local (OCPP 1.6 §4.10)."""
    request = inbound.request
    treated = treatment(places.station(db, inbound.pk))
    said = Stop(
        number=request.transaction_id if 0 < request.transaction_id <= LARGEST_NUMBER else None,
        id_token=None if request.id_tag is None else treated.token(request.id_tag),
        meter_stop_wh=float(request.meter_stop),
        said_at=request.timestamp,
        reason=str(request.reason or v16.Reason.LOCAL),
        readings=readings(request.transaction_data or (), treated.meter),
    )
    stopped = stopping.stop(db, spot(inbound), said, treated.meter)
    inbound.transaction = stopped.ocpp_id
    if stopped.judged is None:
        return v16.StopTransactionResponse()
    return v16.StopTransactionResponse(id_tag_info=id_tag_info(stopped.judged, treated, inbound.received_at))
