"""Authorize (OCPP 1.6 §4.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ostler import quirks
from ostler.dialects.base import Inbound
from ostler.domain.words import Verdict
from ostler.ocpp import v16
from ostler.quirks import Quirks
from ostler.services import authorization, places
from ostler.services.authorization import Judged
from ostler.services.places import Station
from ostler.store.database import Db

LONGEST_PARENT = 20  # OCPP 1.6 §7.28


def authorize(db: Db, inbound: Inbound[v16.AuthorizeRequest]) -> v16.AuthorizeResponse:
    """Judge a token; one that is charging is welcome all the same, for it may be here to stop."""
    treated = treatment(places.station(db, inbound.pk))
    id_token = treated.token(inbound.request.id_tag)
    judged = authorization.present(db, inbound.pk, inbound.station, id_token, inbound.received_at)
    return v16.AuthorizeResponse(id_tag_info=id_tag_info(judged, treated, inbound.received_at))


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
