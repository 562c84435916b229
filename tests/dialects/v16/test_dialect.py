from __future__ import annotations

import typing

import pytest

from ostler.dialects.base import Inbound
from ostler.dialects.v16 import DIALECT
from ostler.ocpp import v16

# What a central system sends (OCPP 1.6 §5 and the security whitepaper) has a sender or goes as a raw call.
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


@pytest.mark.parametrize("action", sorted(set(v16.REQUESTS) - OURS | {"DataTransfer"}))
def test_every_request_of_a_station_is_answered_or_refused_with_a_reason(action):
    answered = v16.REQUESTS[action] in DIALECT.answers

    assert answered or DIALECT.refused.get(action)


def test_what_only_we_may_send_is_not_answered():
    answered = {request.action for request in DIALECT.answers}

    assert answered & OURS == {"DataTransfer"}


@pytest.mark.parametrize("request_type", DIALECT.answers, ids=lambda one: one.action)
def test_a_handler_takes_the_request_that_it_is_listed_for_and_gives_its_answer(request_type):
    hints = typing.get_type_hints(DIALECT.answers[request_type])

    assert hints["inbound"] == Inbound[request_type]
    assert hints["return"] is request_type.response_type


def test_transaction_messages_are_kept_whatever_the_state_of_the_station():
    assert DIALECT.kept_actions == {"StartTransaction", "StopTransaction", "MeterValues"}
