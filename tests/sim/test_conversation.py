from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from harness.virtual import NOW, REFUSED, SILENT, Csms, boot_answer

from ostler.ocpp import v16
from ostler.ocpp.errors import ErrorCode
from ostler.ocpp.events import Cancelled, Failed
from ostler.ocpp.v16 import RegistrationStatus
from ostler.sim import charging
from ostler.sim.memory import Memory


def names(csms):
    return [request.action for request in csms.said]


def test_an_accepted_station_tells_the_status_of_connector_0_and_of_all_connectors(make):
    csms = make().connect()

    assert names(csms) == ["BootNotification", *["StatusNotification"] * 3]
    assert [each.connector_id for each in csms.heard(v16.StatusNotificationRequest)] == [0, 1, 2]


def test_boot_says_who_the_station_is(make):
    [boot] = make().connect().heard(v16.BootNotificationRequest)

    assert (boot.charge_point_vendor, boot.charge_point_model) == ("Ostler", "Virtual 22")
    assert boot.charge_point_serial_number == "CP1"


@pytest.mark.parametrize("status", [RegistrationStatus.PENDING, RegistrationStatus.REJECTED])
def test_a_station_that_is_not_accepted_says_nothing_but_boots_again_after_the_interval(make, status):
    csms = make()
    csms.answers[v16.BootNotificationRequest] = boot_answer(status, interval=30)
    csms.connect().plug().card().wait(29)
    assert names(csms) == ["BootNotification"]

    csms.wait(2)

    assert names(csms) == ["BootNotification"] * 2


def test_without_an_interval_the_station_chooses_a_minute(make):
    csms = make()
    csms.answers[v16.BootNotificationRequest] = boot_answer(RegistrationStatus.REJECTED, interval=0)

    csms.connect().wait(121)

    assert names(csms) == ["BootNotification"] * 3


def test_a_reconnect_does_not_shorten_the_wait(make):
    csms = make()
    csms.answers[v16.BootNotificationRequest] = boot_answer(RegistrationStatus.REJECTED, interval=100)
    csms.connect().wait(10).disconnect().connect().wait(10)

    assert names(csms) == ["BootNotification"]


def test_what_was_charged_before_the_station_was_accepted_is_told_afterwards(make):
    csms = make(AllowOfflineTxForUnknownId="true")
    csms.answers[v16.BootNotificationRequest] = boot_answer(RegistrationStatus.PENDING, interval=30)
    csms.connect().plug().card().wait(5)
    csms.answers[v16.BootNotificationRequest] = boot_answer()

    csms.wait(30)

    assert len(csms.heard(v16.StartTransactionRequest)) == 1


@pytest.mark.parametrize("outcome", [REFUSED, SILENT])
def test_a_boot_that_is_not_answered_is_repeated_after_a_minute(make, outcome):
    csms = make()
    csms.answers[v16.BootNotificationRequest] = outcome

    csms.connect().wait(61)

    assert names(csms) == ["BootNotification"] * 2


def test_heartbeats_come_at_the_interval_of_the_boot_answer(make):
    csms = make()
    csms.answers[v16.BootNotificationRequest] = boot_answer(interval=50)

    csms.connect().wait(160)

    assert len(csms.heard(v16.HeartbeatRequest)) == 3
    assert csms.station.configuration.text("HeartbeatInterval") == "50"


def test_after_a_mere_reconnect_there_is_no_boot_and_only_the_statuses_that_changed(csms):
    csms.disconnect().plug(2)

    csms.connect()

    assert names(csms) == ["StatusNotification"]
    assert csms.statuses(2) == ["Preparing"]


def test_a_central_system_that_forgot_the_station_is_told_again_who_it_is(csms):
    csms.answers[v16.HeartbeatRequest] = Failed(ErrorCode.SECURITY_ERROR, "", {}, b"")

    csms.wait(301)

    assert names(csms)[:2] == ["Heartbeat", "BootNotification"]


def test_a_start_that_is_refused_is_sent_again_after_interval_times_attempts(csms):
    csms.answers[v16.StartTransactionRequest] = REFUSED
    csms.plug().card().wait(59)
    assert len(csms.heard(v16.StartTransactionRequest)) == 1

    csms.wait(2)
    assert len(csms.heard(v16.StartTransactionRequest)) == 2
    csms.wait(118)
    assert len(csms.heard(v16.StartTransactionRequest)) == 2
    csms.wait(3)

    first, *others = csms.heard(v16.StartTransactionRequest)
    assert others == [first, first]


def test_a_start_that_is_given_up_is_followed_by_a_stop_with_minus_one(make):
    csms = make(TransactionMessageAttempts="1").connect()
    csms.answers[v16.StartTransactionRequest] = SILENT

    csms.plug().card().wait(5).unplug()

    [stop] = csms.heard(v16.StopTransactionRequest)
    assert stop.transaction_id == -1


def test_a_transaction_held_offline_is_told_in_order_with_the_times_at_which_it_happened(csms):
    csms.card().wait(61).disconnect()
    csms.said.clear()
    csms.plug().card()
    began = csms.now
    csms.wait(130).unplug()
    ended = csms.now
    csms.wait(600)

    csms.connect()

    kept = [each for each in csms.said if not isinstance(each, v16.StatusNotificationRequest)]
    assert [each.action for each in kept] == [
        "StartTransaction",
        "MeterValues",
        "MeterValues",
        "StopTransaction",
    ]
    assert kept[0].timestamp == began
    assert kept[3].timestamp == ended
    assert {each.transaction_id for each in kept[1:]} == {101}


def test_after_a_power_cut_the_transaction_is_ended_and_everything_is_told(charging_csms):
    charging_csms.wait(60).disconnect().wait(60)
    remembered = msgspec.json.decode(msgspec.json.encode(charging_csms.memory), type=Memory)
    register_wh = charging_csms.connector().meter.register_wh

    revived = Csms(remembered)
    revived.now = charging_csms.now
    revived.connect()

    [stop] = revived.heard(v16.StopTransactionRequest)
    assert (stop.transaction_id, stop.reason) == (101, v16.Reason.POWER_LOSS)
    assert stop.meter_stop == int(register_wh)
    assert remembered.transactions == {}


def test_a_station_that_lost_connectors_forgets_their_transactions(charging_csms):
    small = msgspec.structs.replace(charging_csms.station.model, connectors=1)
    charging_csms.plug(2).card("BEN", 2)

    revived = Csms(charging_csms.memory, small)

    assert revived.memory.transactions == {}


def test_time_passes_over_a_restart_until_the_station_is_on_again(csms):
    csms.station.restart_at = csms.now
    csms.wait(0.5, 0.5)
    assert csms.conversation.hangs_up
    assert csms.conversation.take(csms.now) is None

    csms.disconnect().wait(3)

    assert not csms.conversation.hangs_up
    assert csms.connect().said[0].action == "BootNotification"


def test_who_watches_is_told_what_happens(make):
    csms = make().connect()

    assert csms.told[0].text == "connected"
    assert csms.told[0].at == NOW
    assert "boot Accepted, interval 300 s" in [each.text for each in csms.told]


def test_a_status_that_does_not_last_is_not_told(make):
    csms = make(MinimumStatusDuration="10").connect()
    csms.wait(20)
    csms.said.clear()

    csms.plug().wait(3).unplug().wait(15)
    assert csms.statuses() == []

    csms.plug().wait(15)

    assert csms.statuses() == ["Preparing"]
    [status] = csms.heard(v16.StatusNotificationRequest)
    assert status.timestamp == csms.now - timedelta(seconds=15)


def test_a_status_that_did_not_arrive_is_told_after_the_reconnect(csms):
    csms.memory.inoperative.add(0)
    csms.station.report_whole(csms.now)
    csms.disconnect()

    csms.connect()

    assert csms.statuses(0) == ["Unavailable"]


def test_a_message_that_is_cancelled_goes_first_on_the_next_connection(csms):
    csms.plug().wait(1)
    charging.begin(csms.station, csms.connector(), "ANNA", None, csms.now)
    request = csms.conversation.take(csms.now)
    csms.conversation.ended(Cancelled("gone"), csms.now)

    assert csms.conversation.take(csms.now) == request
