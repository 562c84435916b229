from __future__ import annotations

import ast
import inspect

from ostler.dialects.v16 import (
    certificates,
    configuration,
    local_list,
    maintenance,
    profiles,
    remote,
    reservations,
)
from ostler.dialects.v16.sends import SENDS
from ostler.domain.commands import Command, RawCall
from ostler.ocpp import v16

# OCPP 1.6 §5 and the security extension: what a central system may ask.
OURS = {
    "CancelReservation",
    "CertificateSigned",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "DeleteCertificate",
    "ExtendedTriggerMessage",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDiagnostics",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "InstallCertificate",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SignedUpdateFirmware",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
}


def test_every_order_has_a_sender_but_the_raw_call_which_the_gateway_sends():
    assert set(Command.__subclasses__()) - set(SENDS) == {RawCall}


def test_the_senders_together_say_every_request_of_a_central_system():
    said = set()
    for module in (certificates, configuration, local_list, maintenance, profiles, remote, reservations):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                request = getattr(v16, node.func.attr, None)
                said.add(getattr(request, "action", None))

    assert said - {None} == OURS
