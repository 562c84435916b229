"""Conversations played move by move; the clock is a number."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from ostler.ocpp import frames, v16, v21, v201
from ostler.ocpp.base import Version
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.events import (
    Answered,
    CallEnded,
    CallReceived,
    CallRefused,
    Cancelled,
    Failed,
    FrameIgnored,
    SendReceived,
    TimedOut,
)
from ostler.ocpp.peer import Peer, QueueFullError

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
RESET = v16.ResetRequest(type=v16.ResetType.SOFT)
CLEAR = v16.ClearCacheRequest()
ACCEPTED = b'{"status":"Accepted"}'


def make(version=Version.V16, **options):
    return Peer(version, id_prefix="p", **options)


def one(events):
    [event] = events
    return event


def error_of(event):
    assert isinstance(event, CallRefused)
    return json.loads(event.frame)


def test_a_call_is_received_typed_with_its_payload_as_it_came():
    event = one(make().receive(b'[2,"a","Authorize",{ "idTag": "T" }]', 0))

    assert event == CallReceived("a", "Authorize", v16.AuthorizeRequest(id_tag="T"), b'{ "idTag": "T" }', ())


def test_text_is_taken_like_bytes():
    assert isinstance(one(make().receive('[2,"a","Heartbeat",{}]', 0)), CallReceived)


def test_several_calls_of_the_other_side_may_be_open():
    peer = make()
    events = [one(peer.receive(b'[2,"%d","Heartbeat",{}]' % number, 0)) for number in range(3)]

    assert [event.id for event in events] == ["0", "1", "2"]


def test_both_roles_talk_to_each_other():
    csms, station = make(), Peer(Version.V16, id_prefix="s")
    csms.call(RESET, 0, key="k")
    asked = one(station.receive(csms.take(), 0))
    assert isinstance(asked.request, v16.ResetRequest)
    answer = station.answer(asked.id, v16.ResetResponse(status=v16.ResetStatus.ACCEPTED))
    ended = one(csms.receive(answer, 1))

    assert ended == CallEnded("k", Answered(v16.ResetResponse(status=v16.ResetStatus.ACCEPTED), ACCEPTED, ()))


def test_what_a_handler_refuses_is_spelt_for_the_version():
    error = OcppError(ErrorCode.FORMAT_VIOLATION, "no")

    assert make().refuse("a", error) == b'[4,"a","FormationViolation","no",{}]'
    assert make(Version.V21).refuse("a", error) == b'[4,"a","FormatViolation","no",{}]'


def test_an_unknown_action_is_not_implemented():
    event = one(make().receive(b'[2,"a","Fly",{}]', 0))

    assert error_of(event)[:3] == [4, "a", "NotImplemented"]
    assert (event.action, event.raw) == ("Fly", b"{}")


def test_an_action_in_another_case_is_understood_and_marked():
    event = one(make().receive(b'[2,"a","heartBeat",{}]', 0))

    assert isinstance(event, CallReceived)
    assert event.action == "Heartbeat"
    assert [deviation.path for deviation in event.deviations] == ["[2]"]


def test_bytes_that_are_not_utf8_are_replaced_in_message_and_log():
    event = one(make().receive(b'[2,"a","Authorize",{"idTag":"\xff"}]', 0))

    assert event.request.id_tag == "\N{REPLACEMENT CHARACTER}"
    assert json.loads(event.raw) == {"idTag": "\N{REPLACEMENT CHARACTER}"}
    assert [deviation.rule for deviation in event.deviations] == ["not-json"]


def test_deviations_of_frame_and_payload_stand_together():
    event = one(make().receive(b'[2,5,"StatusNotification",{"connectorId":"1","status":"Available"}]', 0))

    assert [deviation.rule for deviation in event.deviations] == [
        "message-id",
        "wrong-type",
        "missing",
        "defaulted",
    ]


def test_a_payload_without_usable_meaning_is_refused_naming_the_field():
    event = one(make().receive(b'[2,"a","StatusNotification",{"connectorId":1,"errorCode":"NoError"}]', 0))

    assert error_of(event) == [4, "a", "OccurenceConstraintViolation", "'status': missing", {}]


def test_strict_refuses_what_deviates():
    peer = make(strict=True)

    assert error_of(one(peer.receive(b'[2,"a","Heartbeat",{"more":1}]', 0)))[2] == "FormationViolation"
    assert error_of(one(peer.receive(b'[2,5,"Heartbeat",{}]', 0)))[:3] == [4, 5, "FormationViolation"]
    assert error_of(one(peer.receive(b'[2,"a","heartbeat",{}]', 0)))[2] == "NotImplemented"
    assert isinstance(one(peer.receive(b'[2,"a","Heartbeat",{}]', 0)), CallReceived)


def test_strict_may_be_switched_while_the_connection_lives():
    peer = make()
    peer.strict = True

    assert isinstance(one(peer.receive(b'[2,"a","Heartbeat",{"more":1}]', 0)), CallRefused)


def test_a_mended_frame_without_strict_is_served():
    assert isinstance(one(make().receive(b'[2,5,"Heartbeat",{}]', 0)), CallReceived)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"\xff\x00",
        b"{}",
        b"[]",
        b"[2]",
        b'[2,null,"Heartbeat",{}]',
        b'[1,"a","b",{}]',
        b'[9,"a"]',
        b'[null,"a"]',
        b'[5,"a","GenericError","",{}]',
        b'[6,"a","NotifyPeriodicEventStream",{}]',
        b'[6,"a"',
        b'[5,"a"',
    ],
)
def test_ocpp_16_ignores_what_has_no_id_or_an_unknown_type(data):
    assert isinstance(one(make().receive(data, 0)), FrameIgnored)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b'[2,"a","StopTransaction",{"transactionId":,}]', [4, "a", "FormationViolation"]),
        (b'[2,"a"]', [4, "a", "FormationViolation"]),
        (b'[2,17,"Heartbeat",{', [4, 17, "FormationViolation"]),
    ],
)
def test_ocpp_16_answers_a_broken_call_whose_id_can_be_found(data, answer):
    assert error_of(one(make().receive(data, 0)))[:3] == answer


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"x", [4, "-1", "FormatViolation"]),
        (b"[]", [4, "-1", "FormatViolation"]),
        (b'[2,null,"Heartbeat",{}]', [4, "-1", "FormatViolation"]),
        (b'[2,"a","Heartbeat",{', [4, "a", "FormatViolation"]),
        (b'[1,"a","b",{}]', [4, "a", "MessageTypeNotSupported"]),
        (b'[6,"a","NotifyPeriodicEventStream",{}]', [4, "a", "MessageTypeNotSupported"]),
        (b'[5,"a","GenericError","",{}]', [4, "a", "MessageTypeNotSupported"]),
        (b'[7,"a"', [4, "a", "MessageTypeNotSupported"]),
    ],
)
def test_ocpp_201_answers_what_it_cannot_read(data, answer):
    assert error_of(one(make(Version.V201).receive(data, 0)))[:3] == answer


@pytest.mark.parametrize(
    "data", [b'[3,"a",{', b'[4,"a"', b'[4,"-1","FormatViolation","",{}]', b'[3,"a",{}]', b"", b"[3,null,{}]"]
)
@pytest.mark.parametrize("version", list(Version))
def test_an_answer_is_never_answered(version, data):
    assert isinstance(one(make(version).receive(data, 0)), FrameIgnored)


def test_one_call_is_open_at_a_time_and_the_others_wait():
    peer = make()
    peer.call(RESET, 0, key=1)
    peer.call(CLEAR, 0, key=2)

    assert peer.take() == b'[2,"p-1","Reset",{"type":"Soft"}]'
    assert peer.take() is None
    assert one(peer.receive(b'[3,"p-1",{"status":"Accepted"}]', 5)).key == 1
    assert peer.take() == b'[2,"p-2","ClearCache",{}]'
    assert peer.take() is None


def test_a_full_queue_refuses_further_calls():
    peer = make(max_queue=2)
    for key in range(3):
        peer.call(CLEAR, 0, key=key)

    with pytest.raises(QueueFullError, match="2 calls wait"):
        peer.call(CLEAR, 0, key=3)


def test_a_call_times_out_and_the_next_one_gets_its_full_time():
    peer = make(call_timeout_s=30)
    peer.call(RESET, 100, key=1)
    peer.call(CLEAR, 100, key=2)

    assert peer.deadline == 130
    assert peer.tick(129.9) == ()
    assert one(peer.tick(130)) == CallEnded(1, TimedOut())
    assert peer.deadline == 160
    assert one(peer.tick(160)) == CallEnded(2, TimedOut())
    assert peer.deadline is None
    assert peer.tick(1000) == ()


def test_a_call_may_have_a_time_out_of_its_own():
    peer = make(call_timeout_s=30)
    peer.call(RESET, 0, key=1, timeout_s=5)

    assert peer.deadline == 5


def test_late_doubled_and_unsolicited_answers_end_nothing():
    peer = make(call_timeout_s=30)
    peer.call(RESET, 0, key=1)
    peer.call(CLEAR, 0, key=2)
    peer.tick(30)

    assert isinstance(one(peer.receive(b'[3,"p-1",{"status":"Accepted"}]', 31)), FrameIgnored)
    assert isinstance(one(peer.receive(b'[4,"p-1","GenericError","",{}]', 31)), FrameIgnored)
    assert isinstance(one(peer.receive(b'[3,"other",{}]', 31)), FrameIgnored)
    assert one(peer.receive(b'[3,"p-2",{"status":"Accepted"}]', 32)).key == 2
    assert isinstance(one(peer.receive(b'[3,"p-2",{"status":"Accepted"}]', 33)), FrameIgnored)


def test_a_callerror_ends_the_call_with_its_code_in_either_spelling():
    peer = make()
    peer.call(RESET, 0, key=1)
    data = b'[4,"p-1","FormatViolation","no",{"a":1}]'

    assert one(peer.receive(data, 1)) == CallEnded(
        1, Failed(ErrorCode.FORMAT_VIOLATION, "no", {"a": 1}, data)
    )


def test_an_answer_that_deviates_is_mended():
    peer = make()
    peer.call(RESET, 0, key=1)
    outcome = one(peer.receive(b'[3,"p-1",{"status":"accepted","more":1}]', 1)).outcome

    assert outcome.response.status is v16.ResetStatus.ACCEPTED
    assert [deviation.rule for deviation in outcome.deviations] == ["unknown-property", "misspelt-word"]


def test_an_answer_without_usable_meaning_ends_the_call():
    peer = make()
    peer.call(RESET, 0, key=1)
    outcome = one(peer.receive(b'[3,"p-1",{}]', 1)).outcome

    assert (outcome.code, outcome.refused) == (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, False)
    assert peer.take() is not None
    assert peer.take() is None


def test_a_broken_answer_ends_the_call_at_once():
    peer = make()
    peer.call(RESET, 0, key=1)
    outcome = one(peer.receive(b'[3,"p-1",{"status":', 1)).outcome

    assert (outcome.code, outcome.refused) == (ErrorCode.FORMAT_VIOLATION, False)


def test_ocpp_21_tells_that_an_answer_cannot_be_read():
    peer = make(Version.V21)
    peer.call(v21.ClearCacheRequest(), 0, key=1)
    peer.take()
    peer.receive(b'[3,"p-1",{}]', 1)

    assert json.loads(peer.take())[:3] == [5, "p-1", "OccurrenceConstraintViolation"]


def test_ocpp_21_keeps_a_callresulterror_for_the_log_only():
    event = one(make(Version.V21).receive(b'[5,"a","GenericError","text",{}]', 0))

    assert event.reason == "our answer was not understood: GenericError text"


def test_ocpp_21_sends_travel_without_answer():
    sender, receiver = make(Version.V21), make(Version.V21)
    message = v21.NotifyPeriodicEventStream(
        id=1, pending=0, basetime=NOON, data=[v21.StreamDataElementType(t=1, v="2")]
    )
    sender.send(message)
    event = one(receiver.receive(sender.take(), 0))

    assert isinstance(event, SendReceived)
    assert event.message == message
    assert sender.deadline is None
    assert receiver.take() is None


@pytest.mark.parametrize(
    "data", [b'[6,"a","Fly",{}]', b'[6,"a","NotifyPeriodicEventStream",{}]', b'[6,"a"', b'[5,"a"']
)
def test_ocpp_21_ignores_a_send_that_it_cannot_read(data):
    assert isinstance(one(make(Version.V21).receive(data, 0)), FrameIgnored)


def test_closing_ends_the_open_call_and_all_that_wait():
    peer = make()
    for key in range(3):
        peer.call(CLEAR, 0, key=key)

    assert peer.close("gone") == [CallEnded(key, Cancelled("gone")) for key in range(3)]
    assert (peer.close("gone"), peer.take(), peer.deadline) == ([], None, None)


def test_ids_of_two_connections_differ():
    first, second = Peer(Version.V16), Peer(Version.V16)
    first.call(CLEAR, 0, key=1)
    second.call(CLEAR, 0, key=1)
    ids = {json.loads(peer.take())[1] for peer in (first, second)}

    assert len(ids) == 2
    assert all(len(id_) <= frames.MAX_ID for id_ in ids)


def test_each_version_has_its_own_messages():
    payload = {
        "timestamp": "2024-05-01T12:00:00Z",
        "connectorStatus": "Available",
        "evseId": 1,
        "connectorId": 1,
    }
    data = json.dumps([2, "a", "StatusNotification", payload])

    assert isinstance(one(make(Version.V201).receive(data, 0)).request, v201.StatusNotificationRequest)
    assert isinstance(one(make(Version.V21).receive(data, 0)).request, v21.StatusNotificationRequest)
    assert isinstance(one(make().receive(data, 0)), CallRefused)
