"""Configuration keys, local list, cache, and vendors' own messages."""

from __future__ import annotations

from datetime import datetime

from ostler.ocpp import v16
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.v16 import AuthorizationData, ClearCacheStatus, DataTransferStatus, UpdateStatus
from ostler.sim.station import Station


def get_configuration(
    station: Station, request: v16.GetConfigurationRequest, _now: datetime
) -> v16.GetConfigurationResponse:
    """OCPP 1.6 §5.8; more names than GetConfigurationMaxKeys are refused."""
    most = station.configuration.number("GetConfigurationMaxKeys")
    if most and len(request.key or ()) > most:
        raise OcppError(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"At most {most} keys may be asked for.")
    found, unknown = station.configuration.read(request.key)
    return v16.GetConfigurationResponse(configuration_key=found, unknown_key=unknown or None)


def change_configuration(
    station: Station, request: v16.ChangeConfigurationRequest, _now: datetime
) -> v16.ChangeConfigurationResponse:
    return v16.ChangeConfigurationResponse(status=station.configuration.write(request.key, request.value))


def clear_cache(station: Station, _request: v16.ClearCacheRequest, _now: datetime) -> v16.ClearCacheResponse:
    if not station.configuration.flag("AuthorizationCacheEnabled"):
        return v16.ClearCacheResponse(status=ClearCacheStatus.REJECTED)
    station.memory.cache.clear()
    return v16.ClearCacheResponse(status=ClearCacheStatus.ACCEPTED)


def data_transfer(
    station: Station, request: v16.DataTransferRequest, _now: datetime
) -> v16.DataTransferResponse:
    """Known vendors get their data back."""
    if request.vendor_id not in station.model.data_transfer_vendors:
        return v16.DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
    return v16.DataTransferResponse(status=DataTransferStatus.ACCEPTED, data=request.data)


def get_local_list_version(
    station: Station, _request: v16.GetLocalListVersionRequest, _now: datetime
) -> v16.GetLocalListVersionResponse:
    """Errata 3.52: 0 for an empty list, -1 where lists are not supported."""
    if not station.configuration.flag("LocalAuthListEnabled"):
        return v16.GetLocalListVersionResponse(list_version=-1)
    return v16.GetLocalListVersionResponse(list_version=station.memory.list_version)


def send_local_list(
    station: Station, request: v16.SendLocalListRequest, _now: datetime
) -> v16.SendLocalListResponse:
    """OCPP 1.6 §5.15; a differential list needs a higher version than the one that is here."""
    return v16.SendLocalListResponse(status=_update_list(station, request))


def _update_list(station: Station, request: v16.SendLocalListRequest) -> UpdateStatus:
    memory = station.memory
    entries = request.local_authorization_list or []
    if not station.configuration.flag("LocalAuthListEnabled"):
        return UpdateStatus.NOT_SUPPORTED
    full = request.update_type == v16.UpdateType.FULL
    names = [entry.id_tag.casefold() for entry in entries]
    odd = any(entry.id_tag_info and not entry.id_tag_info.status.known for entry in entries)
    too_many = len(entries) > station.configuration.number("SendLocalListMaxLength", len(entries))
    if request.list_version <= 0 or too_many or odd or len(set(names)) != len(names):
        return UpdateStatus.FAILED
    if full and any(entry.id_tag_info is None for entry in entries):
        return UpdateStatus.FAILED
    if not full and request.list_version <= memory.list_version:
        return UpdateStatus.VERSION_MISMATCH
    updated = _updated({} if full else memory.local_list, entries)
    if len(updated) > station.configuration.number("LocalAuthListMaxLength", len(updated)):
        return UpdateStatus.FAILED
    memory.local_list.clear()
    memory.local_list.update(updated)
    memory.list_version = request.list_version if updated or not full else 0
    return UpdateStatus.ACCEPTED


def _updated(before: dict[str, v16.IdTagInfo], entries: list[AuthorizationData]) -> dict[str, v16.IdTagInfo]:
    """An entry without idTagInfo is removed (OCPP 1.6 §7.2)."""
    after = dict(before)
    for entry in entries:
        if entry.id_tag_info is None:
            after.pop(entry.id_tag.casefold(), None)
        else:
            after[entry.id_tag.casefold()] = entry.id_tag_info
    return after
