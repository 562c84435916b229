from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from harness.virtual import profile

from ostler.ocpp import v16
from ostler.ocpp.v16 import (
    AvailabilityStatus,
    AvailabilityType,
    Reason,
    RemoteStartStopStatus,
    ReservationStatus,
    ResetType,
    UnlockStatus,
)
from ostler.sim.answers.operation import remote_start


def remote(csms, connector=1, **fields):
    request = v16.RemoteStartTransactionRequest(id_tag="ANNA", connector_id=connector, **fields)
    return csms.ask(request).status


def availability(csms, kind, connector=1):
    return csms.ask(v16.ChangeAvailabilityRequest(connector_id=connector, type=kind)).status


def test_a_remote_start_asks_about_the_token_and_starts(csms):
    assert remote(csms.plug()) == RemoteStartStopStatus.ACCEPTED
    assert [each.action for each in csms.said[1:3]] == ["Authorize", "StartTransaction"]


def test_a_remote_start_asks_nobody_where_the_key_says_so(make):
    csms = make(AuthorizeRemoteTxRequests="false").connect().plug()

    remote(csms)

    assert csms.heard(v16.AuthorizeRequest) == []
    assert len(csms.heard(v16.StartTransactionRequest)) == 1


def test_a_remote_start_without_a_cable_waits_for_one(csms):
    assert remote(csms) == RemoteStartStopStatus.ACCEPTED
    assert csms.statuses() == ["Preparing"]

    csms.plug()

    assert csms.statuses() == ["Preparing", "Charging"]


def test_a_remote_start_without_a_connector_takes_the_one_with_a_car(csms):
    remote(csms.plug(2), connector=None)

    assert [each.connector_id for each in csms.heard(v16.StartTransactionRequest)] == [2]


def test_a_remote_start_where_somebody_charges_is_rejected(charging_csms):
    assert remote(charging_csms) == RemoteStartStopStatus.REJECTED


def test_a_remote_start_before_the_station_is_accepted_is_rejected(csms):
    csms.station.registration = v16.RegistrationStatus.PENDING

    assert remote(csms.plug()) == RemoteStartStopStatus.REJECTED


def test_a_token_that_is_refused_starts_nothing_from_afar(csms):
    info = v16.IdTagInfo(status=v16.AuthorizationStatus.EXPIRED)
    csms.answers[v16.AuthorizeRequest] = v16.AuthorizeResponse(id_tag_info=info)

    remote(csms.plug())

    assert csms.heard(v16.StartTransactionRequest) == []


def test_the_profile_of_a_remote_start_bounds_its_transaction_alone(csms):
    wanted = profile(8, charging_profile_purpose=v16.ChargingProfilePurposeType.TX_PROFILE)
    remote(csms.plug(), charging_profile=wanted)
    assert csms.connector().meter.read(csms.now).offered_a == 8

    csms.unplug().plug().card()

    assert csms.connector().meter.read(csms.now).offered_a == 32


def test_a_remote_start_with_a_profile_that_is_no_tx_profile_is_rejected(csms):
    assert remote(csms.plug(), charging_profile=profile(8)) == RemoteStartStopStatus.REJECTED


def test_the_answer_to_a_remote_start_comes_before_what_follows_from_it(csms):
    csms.plug()
    csms.said.clear()

    remote_start(csms.station, v16.RemoteStartTransactionRequest(id_tag="ANNA"), csms.now)

    assert csms.talk().said == []


def test_a_remote_stop_ends_the_transaction_that_it_names(charging_csms):
    answer = charging_csms.ask(v16.RemoteStopTransactionRequest(transaction_id=101))

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    assert answer.status == RemoteStartStopStatus.ACCEPTED
    assert (stop.transaction_id, stop.reason) == (101, Reason.REMOTE)


def test_a_remote_stop_of_an_unknown_transaction_is_rejected(charging_csms):
    answer = charging_csms.ask(v16.RemoteStopTransactionRequest(transaction_id=9))

    assert answer.status == RemoteStartStopStatus.REJECTED


def test_availability_changes_at_once_where_nobody_charges(csms):
    assert availability(csms, AvailabilityType.INOPERATIVE) == AvailabilityStatus.ACCEPTED
    assert availability(csms, AvailabilityType.OPERATIVE) == AvailabilityStatus.ACCEPTED
    assert csms.statuses() == ["Unavailable", "Available"]


def test_availability_is_scheduled_while_somebody_charges(charging_csms):
    assert availability(charging_csms, AvailabilityType.INOPERATIVE) == AvailabilityStatus.SCHEDULED
    assert charging_csms.statuses() == []

    charging_csms.card()

    assert charging_csms.statuses() == ["Finishing", "Unavailable"]


def test_a_schedule_is_withdrawn_by_making_the_connector_operative_again(charging_csms):
    availability(charging_csms, AvailabilityType.INOPERATIVE)
    assert availability(charging_csms, AvailabilityType.OPERATIVE) == AvailabilityStatus.ACCEPTED

    charging_csms.unplug()

    assert charging_csms.statuses() == ["Available"]


def test_connector_0_stands_for_the_station_and_all_its_connectors(csms):
    availability(csms, AvailabilityType.INOPERATIVE, 0)

    assert [csms.statuses(number) for number in (0, 1, 2)] == [["Unavailable"]] * 3


def test_availability_outlives_a_restart(csms, make):
    availability(csms, AvailabilityType.INOPERATIVE, 2)

    revived = make(csms.memory).connect()

    assert revived.statuses(2) == ["Unavailable"]


def test_an_operative_connector_with_a_cable_in_is_preparing(csms):
    csms.plug()
    availability(csms, AvailabilityType.INOPERATIVE)
    availability(csms, AvailabilityType.OPERATIVE)

    assert csms.statuses() == ["Preparing", "Available", "Unavailable", "Available", "Preparing"]


def test_an_unknown_connector_cannot_change_its_availability(csms):
    assert availability(csms, AvailabilityType.OPERATIVE, 7) == AvailabilityStatus.REJECTED


def test_unlocking_ends_the_transaction_first(charging_csms):
    answer = charging_csms.ask(v16.UnlockConnectorRequest(connector_id=1))

    assert answer.status == UnlockStatus.UNLOCKED
    assert charging_csms.heard(v16.StopTransactionRequest)[0].reason is Reason.UNLOCK_COMMAND


def test_unlocking_an_unknown_connector_is_not_supported(csms):
    answer = csms.ask(v16.UnlockConnectorRequest(connector_id=3))

    assert answer.status == UnlockStatus.NOT_SUPPORTED


def test_unlocking_fails_where_the_lock_is_broken(csms):
    csms.connector().error = v16.ChargePointErrorCode.CONNECTOR_LOCK_FAILURE

    assert csms.ask(v16.UnlockConnectorRequest(connector_id=1)).status == UnlockStatus.UNLOCK_FAILED


def test_a_soft_reset_tells_the_end_of_the_transaction_before_the_restart(charging_csms):
    charging_csms.ask(v16.ResetRequest(type=ResetType.SOFT))

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    assert stop.reason is Reason.SOFT_RESET
    charging_csms.wait(2)
    assert charging_csms.conversation.hangs_up


def test_a_soft_reset_waits_for_answers_only_so_long(charging_csms):
    charging_csms.conversation.answer(v16.ResetRequest(type=ResetType.SOFT), charging_csms.now)
    charging_csms.station.online = False

    charging_csms.wait(20)

    assert any(each.text == "restarts" for each in charging_csms.told)
    charging_csms.said.clear()
    charging_csms.connect()
    assert len(charging_csms.heard(v16.StopTransactionRequest)) == 1


def test_a_hard_reset_restarts_at_once_and_the_transaction_is_told_afterwards(charging_csms):
    charging_csms.conversation.answer(v16.ResetRequest(type=ResetType.HARD), charging_csms.now)
    charging_csms.wait(1)
    assert charging_csms.conversation.hangs_up

    charging_csms.disconnect().wait(3).connect()

    [stop] = charging_csms.heard(v16.StopTransactionRequest)
    assert stop.reason is Reason.HARD_RESET
    assert "BootNotification" in [each.action for each in charging_csms.said]


def reserve(csms, connector=1, id_=1, tag="ANNA", minutes=30, **fields):
    request = v16.ReserveNowRequest(
        connector_id=connector,
        expiry_date=csms.now + timedelta(minutes=minutes),
        id_tag=tag,
        reservation_id=id_,
        **fields,
    )
    return csms.ask(request).status


def test_a_reserved_connector_is_for_its_token_alone(csms):
    assert reserve(csms) == ReservationStatus.ACCEPTED
    csms.plug().card("BEN")
    assert csms.heard(v16.StartTransactionRequest) == []

    csms.card("anna")

    [start] = csms.heard(v16.StartTransactionRequest)
    assert start.reservation_id == 1
    assert csms.memory.reservations == {}
    assert csms.statuses() == ["Reserved", "Preparing", "Charging"]


def test_a_reservation_is_for_the_group_of_its_token_too(csms):
    info = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED, parent_id_tag="FAMILY")
    csms.answers[v16.AuthorizeRequest] = v16.AuthorizeResponse(id_tag_info=info)
    reserve(csms, parent_id_tag="FAMILY")

    csms.plug().card("BEN")

    assert csms.heard(v16.StartTransactionRequest)[0].reservation_id == 1


def test_a_reservation_expires(csms):
    reserve(csms, minutes=1)

    csms.wait(61)

    assert csms.statuses() == ["Reserved", "Available"]


def test_a_reservation_can_be_cancelled_once(csms):
    reserve(csms)
    first, second = (csms.ask(v16.CancelReservationRequest(reservation_id=1)).status for _ in range(2))

    assert (first.value, second.value) == ("Accepted", "Rejected")


def test_the_same_id_replaces_the_reservation(csms):
    reserve(csms, connector=1)

    assert reserve(csms, connector=2) == ReservationStatus.ACCEPTED
    assert csms.statuses(1)[-1] == "Available"
    assert csms.statuses(2)[-1] == "Reserved"


@pytest.mark.parametrize(
    ("connector", "expected"), [(1, ReservationStatus.OCCUPIED), (9, ReservationStatus.REJECTED)]
)
def test_what_is_in_use_or_unknown_cannot_be_reserved(charging_csms, connector, expected):
    assert reserve(charging_csms, connector) == expected


def test_what_is_out_of_service_cannot_be_reserved(csms):
    availability(csms, AvailabilityType.INOPERATIVE)

    assert reserve(csms) == ReservationStatus.UNAVAILABLE


def test_a_reservation_of_any_connector_keeps_the_last_free_one(charging_csms):
    assert reserve(charging_csms, connector=0, tag="CLARA") == ReservationStatus.ACCEPTED
    assert reserve(charging_csms, connector=0, id_=2) == ReservationStatus.OCCUPIED
    charging_csms.card("BEN", 2)
    assert charging_csms.statuses(2) == []

    charging_csms.card("CLARA", 2).plug(2)

    assert charging_csms.heard(v16.StartTransactionRequest)[0].reservation_id == 1


def test_no_connector_0_where_the_key_says_so(make):
    csms = make(ReserveConnectorZeroSupported="false").connect()

    assert reserve(csms, connector=0) == ReservationStatus.REJECTED


def test_a_reservation_outlives_a_restart(csms, make):
    reserve(csms)

    assert make(csms.memory).connect().statuses() == ["Reserved"]


def test_a_reserved_connector_that_breaks_down_is_no_longer_reserved(csms):
    reserve(csms)
    availability(csms, AvailabilityType.INOPERATIVE)
    csms.wait(1)

    assert csms.memory.reservations == {}


def test_a_reserved_connector_whose_driver_does_not_plug_in_is_reserved_again(csms):
    reserve(csms)
    csms.card()

    csms.wait(61)

    assert csms.statuses() == ["Reserved", "Preparing", "Available", "Reserved"]


def test_a_model_without_unlocking_says_so(make, csms):
    model = msgspec.structs.replace(csms.station.model, unlocks=False)

    answer = make(model=model).connect().ask(v16.UnlockConnectorRequest(connector_id=1))

    assert answer.status == UnlockStatus.NOT_SUPPORTED
