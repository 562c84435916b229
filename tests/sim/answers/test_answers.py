"""Every request that a central system may send is answered, by an idle station and a busy one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from harness import schemas
from harness.virtual import NOW, profile

from ostler.ocpp import v16
from ostler.ocpp.base import Request
from ostler.ocpp.errors import OcppError
from ostler.sim.answers import ANSWERS

FROM_STATIONS = {
    "Authorize",
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "LogStatusNotification",
    "MeterValues",
    "SecurityEventNotification",
    "SignCertificate",
    "SignedFirmwareStatusNotification",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
}
HASHES = v16.CertificateHashDataType(
    hash_algorithm=v16.HashAlgorithmEnumType.SHA256,
    issuer_name_hash="a",
    issuer_key_hash="b",
    serial_number="1",
)
FIRMWARE = v16.FirmwareType(
    location="ftp://host/f.bin", retrieve_date_time=NOW, signing_certificate="-", signature="-"
)
ROOT = v16.CertificateUseEnumType.CENTRAL_SYSTEM_ROOT_CERTIFICATE
ASKED: list[Request[Any]] = [
    v16.CancelReservationRequest(reservation_id=1),
    v16.CertificateSignedRequest(certificate_chain="-"),
    v16.ChangeAvailabilityRequest(connector_id=0, type=v16.AvailabilityType.INOPERATIVE),
    v16.ChangeConfigurationRequest(key="HeartbeatInterval", value="5"),
    v16.ClearCacheRequest(),
    v16.ClearChargingProfileRequest(),
    v16.DataTransferRequest(vendor_id="Ostler", data="x"),
    v16.DeleteCertificateRequest(certificate_hash_data=HASHES),
    v16.ExtendedTriggerMessageRequest(requested_message=v16.MessageTriggerEnumType.HEARTBEAT),
    v16.GetCompositeScheduleRequest(connector_id=1, duration=60),
    v16.GetConfigurationRequest(),
    v16.GetDiagnosticsRequest(location="ftp://host/"),
    v16.GetInstalledCertificateIdsRequest(certificate_type=ROOT),
    v16.GetLocalListVersionRequest(),
    v16.GetLogRequest(
        log=v16.LogParametersType(remote_location="ftp://host/"),
        log_type=v16.LogEnumType.SECURITY_LOG,
        request_id=1,
    ),
    v16.InstallCertificateRequest(certificate_type=ROOT, certificate="-"),
    v16.RemoteStartTransactionRequest(id_tag="A", connector_id=1),
    v16.RemoteStopTransactionRequest(transaction_id=101),
    v16.ReserveNowRequest(connector_id=1, expiry_date=NOW, id_tag="A", reservation_id=1),
    v16.ResetRequest(type=v16.ResetType.HARD),
    v16.SendLocalListRequest(list_version=1, update_type=v16.UpdateType.FULL),
    v16.SetChargingProfileRequest(connector_id=0, cs_charging_profiles=profile()),
    v16.SignedUpdateFirmwareRequest(request_id=1, firmware=FIRMWARE),
    v16.TriggerMessageRequest(requested_message=v16.MessageTrigger.HEARTBEAT),
    v16.UnlockConnectorRequest(connector_id=1),
    v16.UpdateFirmwareRequest(location="ftp://host/f.bin", retrieve_date=NOW),
]


def as_json(message):
    return json.loads(msgspec.json.encode(message), parse_float=Decimal)


def test_every_message_is_either_from_stations_or_answered_by_them():
    assert {kind.action for kind in ANSWERS} | FROM_STATIONS == set(v16.REQUESTS)
    assert {type(request) for request in ASKED} == set(ANSWERS)


@pytest.mark.parametrize("request_", ASKED, ids=lambda request: request.action)
@pytest.mark.parametrize("state", ["csms", "charging_csms"])
def test_the_answer_and_all_that_follows_keep_to_the_schemas(request_, state, request):
    csms = request.getfixturevalue(state)

    answer = csms.ask(request_)
    csms.wait(30)

    assert isinstance(answer, request_.response_type)
    schemas.judge_response(request_.action, as_json(answer))
    for said in csms.said:
        schemas.judge_request(said.action, as_json(said))


def test_what_only_stations_send_is_refused(csms):
    with pytest.raises(OcppError, match="NotSupported"):
        csms.ask(v16.HeartbeatRequest())
