"""Whether a token may charge: asked of the central system, or answered from the local list and the cache."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ostler.ocpp import v16
from ostler.ocpp.events import Answered, Outcome
from ostler.ocpp.v16 import AuthorizationStatus, IdTagInfo
from ostler.sim.station import Station

Judged = Callable[[IdTagInfo, datetime], None]

_INVALID = IdTagInfo(status=AuthorizationStatus.INVALID)
_UNKNOWN_ACCEPTED = IdTagInfo(status=AuthorizationStatus.ACCEPTED)


def authorise(station: Station, id_tag: str, now: datetime, judged: Judged) -> None:
    """Find out about a token and call `judged`, at once or when the answer is there (OCPP 1.6 §3.5, §4.1)."""
    if not station.accepted:
        judged(_offline(station, id_tag, now), now)
        return
    known = known_locally(station, id_tag, now)
    if station.configuration.flag("LocalPreAuthorize") and known is not None and is_accepted(known):
        judged(known, now)
        return

    def ended(outcome: Outcome, at: datetime) -> None:
        if isinstance(outcome, Answered) and isinstance(outcome.response, v16.AuthorizeResponse):
            learn(station, id_tag, outcome.response.id_tag_info)
            judged(outcome.response.id_tag_info, at)
        else:
            judged(_offline(station, id_tag, at), at)

    station.outbox.say(v16.AuthorizeRequest(id_tag=id_tag), ended)


def is_accepted(info: IdTagInfo) -> bool:
    return info.status == AuthorizationStatus.ACCEPTED


def known_locally(station: Station, id_tag: str, now: datetime) -> IdTagInfo | None:
    """What local list or cache say; the list counts more (OCPP 1.6 §3.5.2)."""
    key = id_tag.casefold()
    info: IdTagInfo | None = None
    if station.configuration.flag("LocalAuthListEnabled"):
        info = station.memory.local_list.get(key)
    if info is None and station.configuration.flag("AuthorizationCacheEnabled"):
        info = station.memory.cache.get(key)
    if info is not None and info.expiry_date is not None and info.expiry_date <= now:
        return IdTagInfo(status=AuthorizationStatus.EXPIRED, parent_id_tag=info.parent_id_tag)
    return info


def learn(station: Station, id_tag: str, info: IdTagInfo | None) -> None:
    """Keep what the central system said, unless it says a word that we do not know."""
    # ConcurrentTx is about this start, not about the token.
    if info is None or not info.status.known or info.status is AuthorizationStatus.CONCURRENT_TX:
        return
    if station.configuration.flag("AuthorizationCacheEnabled"):
        station.memory.cache[id_tag.casefold()] = info


def _offline(station: Station, id_tag: str, now: datetime) -> IdTagInfo:
    if station.configuration.flag("LocalAuthorizeOffline"):
        known = known_locally(station, id_tag, now)
        if known is not None:
            return known
    # OCPP 1.6 §9.1.1: any token may start while nobody can be asked.
    return _UNKNOWN_ACCEPTED if station.configuration.flag("AllowOfflineTxForUnknownId") else _INVALID
