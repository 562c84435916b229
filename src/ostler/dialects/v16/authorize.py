"""Authorize (OCPP 1.6 §4.1)."""

from __future__ import annotations

from ostler.dialects.base import Inbound
from ostler.dialects.v16.translate import id_tag_info, spot, treatment
from ostler.ocpp import v16
from ostler.services import authorization, places
from ostler.store.database import Db


def authorize(db: Db, inbound: Inbound[v16.AuthorizeRequest]) -> v16.AuthorizeResponse:
    """Judge a token; one that is charging is welcome all the same, for it may be here to stop."""
    treated = treatment(places.station(db, inbound.pk))
    judged = authorization.present(db, spot(inbound), treated.token(inbound.request.id_tag))
    return v16.AuthorizeResponse(id_tag_info=id_tag_info(judged, treated, inbound.received_at))
