from __future__ import annotations

import pytest
from harness.virtual import NOW, boot_answer

from ostler.ocpp import v16
from ostler.ocpp.v16 import MessageTrigger, MessageTriggerEnumType, ReadingContext, RegistrationStatus
from ostler.sim.answers.triggers import trigger_message


def trigger(csms, message, connector=None):
    request = v16.TriggerMessageRequest(requested_message=MessageTrigger.of(message), connector_id=connector)
    return csms.ask(request).status.value


def extended(csms, message):
    request = v16.ExtendedTriggerMessageRequest(requested_message=MessageTriggerEnumType(message))
    return csms.ask(request).status.value


@pytest.mark.parametrize(
    "message", ["Heartbeat", "DiagnosticsStatusNotification", "FirmwareStatusNotification"]
)
def test_the_message_that_is_asked_for_is_sent_once(csms, message):
    assert trigger(csms, message) == "Accepted"
    assert [each.action for each in csms.said] == [message]


def test_the_answer_comes_before_the_message(csms):
    request = v16.TriggerMessageRequest(requested_message=MessageTrigger.HEARTBEAT)

    trigger_message(csms.station, request, NOW)

    assert csms.said == []
    assert csms.talk().said[0].action == "Heartbeat"


def test_the_status_of_one_connector_or_of_all(csms):
    trigger(csms, "StatusNotification", 2)
    trigger(csms, "StatusNotification")

    assert [each.connector_id for each in csms.said] == [2, 0, 1, 2]


def test_meter_values_of_one_connector_with_its_transaction(charging_csms):
    trigger(charging_csms, "MeterValues", 1)

    [values] = charging_csms.heard(v16.MeterValuesRequest)
    assert values.transaction_id == 101
    assert values.meter_value[0].sampled_value[0].context is ReadingContext.TRIGGER


def test_a_station_that_is_accepted_does_not_boot_again(csms):
    assert trigger(csms, "BootNotification") == "Rejected"


def test_a_pending_station_sends_what_it_is_asked_for(make):
    csms = make()
    csms.answers[v16.BootNotificationRequest] = boot_answer(RegistrationStatus.PENDING, 600)
    csms.connect()

    assert trigger(csms, "StatusNotification", 1) == "Accepted"
    assert trigger(csms, "BootNotification") == "Accepted"
    assert [each.action for each in csms.said] == [
        "BootNotification",
        "StatusNotification",
        "BootNotification",
    ]


def test_an_unknown_message_is_not_implemented(csms):
    assert trigger(csms, "Nonsense") == "NotImplemented"


def test_an_unknown_connector_is_rejected(csms):
    assert trigger(csms, "MeterValues", 9) == "Rejected"


@pytest.mark.parametrize(
    ("message", "sent"),
    [
        ("Heartbeat", "Heartbeat"),
        ("LogStatusNotification", "LogStatusNotification"),
        ("FirmwareStatusNotification", "SignedFirmwareStatusNotification"),
        ("SignChargePointCertificate", "SignCertificate"),
    ],
)
def test_the_security_extension_asks_for_its_own_messages(csms, message, sent):
    assert extended(csms, message) == "Accepted"
    assert [each.action for each in csms.said] == [sent]
