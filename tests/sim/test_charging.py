from __future__ import annotations

from datetime import UTC, datetime

import pytest
from harness.virtual import profile

from ostler.ocpp import v16
from ostler.ocpp.v16 import AuthorizationStatus, IdTagInfo, ReadingContext, Reason
from ostler.sim import charging, faults
from ostler.sim.answers.profiles import install


def answered(status, parent=None):
    info = IdTagInfo(status=status, parent_id_tag=parent)
    return v16.StartTransactionResponse(id_tag_info=info, transaction_id=101)


def test_a_visit_is_told_as_it_happens(csms):
    csms.plug().card().wait(30).card().wait(1).unplug()

    assert [each.action for each in csms.said] == [
        "StatusNotification",
        "Authorize",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
        "StatusNotification",
        "StatusNotification",
    ]
    assert csms.statuses() == ["Preparing", "Charging", "Finishing", "Available"]


def test_the_energy_of_a_transaction_is_what_flowed(charging_csms):
    charging_csms.wait(60).unplug()

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    assert stop.meter_stop - 1000 == pytest.approx(32 * 690 / 60, abs=1)


def test_a_card_before_the_cable_starts_as_soon_as_it_is_plugged(csms):
    csms.card().wait(10)
    assert csms.statuses() == ["Preparing"]

    csms.plug()

    assert len(csms.heard(v16.StartTransactionRequest)) == 1


def test_a_card_without_a_cable_is_forgotten_after_the_connection_time_out(csms):
    csms.card().wait(61)
    assert csms.statuses() == ["Preparing", "Available"]

    csms.plug()

    assert csms.heard(v16.StartTransactionRequest) == []


def test_a_refused_card_starts_nothing(csms):
    info = IdTagInfo(status=AuthorizationStatus.BLOCKED)
    csms.answers[v16.AuthorizeRequest] = v16.AuthorizeResponse(id_tag_info=info)

    csms.plug().card()

    assert csms.heard(v16.StartTransactionRequest) == []


def test_the_same_card_ends_the_transaction_with_reason_local_left_out(charging_csms):
    charging_csms.card("anna")

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    assert (stop.id_tag, stop.reason) == ("anna", None)


def test_another_card_does_not_end_the_transaction(charging_csms):
    charging_csms.card("BEN")

    assert charging_csms.heard(v16.StopTransactionRequest) == []


def test_a_card_of_the_same_group_ends_the_transaction(csms):
    info = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="FAMILY")
    csms.answers[v16.AuthorizeRequest] = v16.AuthorizeResponse(id_tag_info=info)
    csms.plug().card("ANNA").card("BEN")

    [stop] = csms.heard(v16.StopTransactionRequest)
    assert stop.id_tag == "BEN"


def test_samples_come_at_the_interval_with_the_transaction(charging_csms):
    charging_csms.wait(125)

    values = charging_csms.heard(v16.MeterValuesRequest)
    assert [each.transaction_id for each in values] == [101, 101]
    assert values[0].meter_value[0].sampled_value[0].context is ReadingContext.SAMPLE_PERIODIC


def test_clock_aligned_samples_carry_the_start_of_their_interval(make):
    csms = make(ClockAlignedDataInterval="900").connect()

    csms.wait(905, 5)

    values = csms.heard(v16.MeterValuesRequest)
    assert [each.connector_id for each in values] == [1, 2]
    assert values[0].meter_value[0].timestamp == datetime(2026, 3, 1, 8, 15, tzinfo=UTC)
    assert values[0].meter_value[0].sampled_value[0].context is ReadingContext.SAMPLE_CLOCK


def test_the_stop_carries_the_readings_of_begin_and_end(charging_csms):
    charging_csms.wait(10).unplug()

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    contexts = [each.sampled_value[0].context for each in stop.transaction_data]
    assert contexts == [ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END]


def test_pulling_the_cable_ends_the_transaction(charging_csms):
    charging_csms.unplug()

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    assert stop.reason is Reason.EV_DISCONNECTED
    assert charging_csms.statuses() == ["Available"]


def test_pulling_the_cable_only_suspends_it_where_the_key_says_so(make):
    csms = make(StopTransactionOnEVSideDisconnect="false").connect()
    csms.plug().card().unplug()
    assert csms.statuses()[-1] == "SuspendedEV"

    csms.plug()

    assert csms.statuses()[-1] == "Charging"
    assert csms.heard(v16.StopTransactionRequest) == []


def test_a_token_that_the_start_does_not_accept_ends_the_transaction(csms):
    csms.answers[v16.StartTransactionRequest] = answered(AuthorizationStatus.INVALID)

    csms.plug().card()

    [stop] = csms.heard(v16.StopTransactionRequest)
    assert stop.reason is Reason.DE_AUTHORIZED


def test_a_token_that_the_start_does_not_accept_gets_the_energy_that_the_key_allows(make):
    csms = make(StopTransactionOnInvalidId="false", MaxEnergyOnInvalidId="100").connect()
    csms.answers[v16.StartTransactionRequest] = answered(AuthorizationStatus.BLOCKED)
    csms.plug().card()
    assert csms.statuses()[-1] == "Charging"

    csms.wait(60)

    assert csms.statuses()[-1] == "SuspendedEVSE"
    assert csms.heard(v16.StopTransactionRequest) == []


def test_a_car_that_pauses_is_suspended_by_the_ev(charging_csms):
    station, connector = charging_csms.station, charging_csms.connector()
    charging.pause(station, connector, charging_csms.now, paused=True)
    charging.pause(station, connector, charging_csms.now, paused=False)
    charging_csms.talk()

    assert charging_csms.statuses() == ["SuspendedEV", "Charging"]


def test_an_offer_of_nothing_prevails_over_a_car_that_pauses(charging_csms):
    station, connector = charging_csms.station, charging_csms.connector()
    charging.pause(station, connector, charging_csms.now, paused=True)
    install(station, 1, profile(0), charging_csms.now)

    charging_csms.wait(1)

    assert charging_csms.statuses() == ["SuspendedEV", "SuspendedEVSE"]


def test_a_fault_ends_the_transaction_and_is_told_with_its_code(charging_csms):
    station, connector = charging_csms.station, charging_csms.connector()

    faults.break_down(station, connector, v16.ChargePointErrorCode.GROUND_FAILURE, charging_csms.now)
    charging_csms.talk()

    [status] = charging_csms.heard(v16.StatusNotificationRequest)
    assert (status.status, status.error_code) == (
        v16.ChargePointStatus.FAULTED,
        v16.ChargePointErrorCode.GROUND_FAILURE,
    )
    assert len(charging_csms.heard(v16.StopTransactionRequest)) == 1


def test_the_register_is_written_down_now_and_then_and_whenever_it_is_told(charging_csms):
    remembered = charging_csms.memory.registers_wh
    charging_csms.wait(5)
    assert remembered[1] == 1000
    charging_csms.wait(6)
    assert remembered[1] > 1000

    charging_csms.wait(3).unplug()

    assert remembered[1] == charging_csms.connector().meter.register_wh
