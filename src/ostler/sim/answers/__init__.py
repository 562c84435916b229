"""What a station answers to a central system: one row a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from ostler.ocpp import v16
from ostler.ocpp.base import Request, Response
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.sim.answers import certificates, files, keys, operation, profiles, triggers
from ostler.sim.station import Station

Answer = Callable[[Station, Any, datetime], Response]

ANSWERS: Final[Mapping[type[Request[Any]], Answer]] = {
    v16.CancelReservationRequest: operation.cancel_reservation,
    v16.CertificateSignedRequest: certificates.certificate_signed,
    v16.ChangeAvailabilityRequest: operation.change_availability,
    v16.ChangeConfigurationRequest: keys.change_configuration,
    v16.ClearCacheRequest: keys.clear_cache,
    v16.ClearChargingProfileRequest: profiles.clear_charging_profile,
    v16.DataTransferRequest: keys.data_transfer,
    v16.DeleteCertificateRequest: certificates.delete_certificate,
    v16.ExtendedTriggerMessageRequest: triggers.extended_trigger_message,
    v16.GetCompositeScheduleRequest: profiles.get_composite_schedule,
    v16.GetConfigurationRequest: keys.get_configuration,
    v16.GetDiagnosticsRequest: files.get_diagnostics,
    v16.GetInstalledCertificateIdsRequest: certificates.get_installed_certificate_ids,
    v16.GetLocalListVersionRequest: keys.get_local_list_version,
    v16.GetLogRequest: files.get_log,
    v16.InstallCertificateRequest: certificates.install_certificate,
    v16.RemoteStartTransactionRequest: operation.remote_start,
    v16.RemoteStopTransactionRequest: operation.remote_stop,
    v16.ReserveNowRequest: operation.reserve_now,
    v16.ResetRequest: operation.reset,
    v16.SendLocalListRequest: keys.send_local_list,
    v16.SetChargingProfileRequest: profiles.set_charging_profile,
    v16.SignedUpdateFirmwareRequest: files.signed_update_firmware,
    v16.TriggerMessageRequest: triggers.trigger_message,
    v16.UnlockConnectorRequest: operation.unlock_connector,
    v16.UpdateFirmwareRequest: files.update_firmware,
}


def answer(station: Station, request: Request[Any], now: datetime) -> Response:
    """Return the answer; raises `OcppError` for what only stations send."""
    known = ANSWERS.get(type(request))
    if known is None:
        raise OcppError(ErrorCode.NOT_SUPPORTED, f"A station does not take {request.action}.")
    return known(station, request, now)
