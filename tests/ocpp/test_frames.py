from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from ostler.ocpp import frames, v16, v21
from ostler.ocpp.base import Version
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.frames import (
    CallFrame,
    ErrorFrame,
    Ignored,
    Malformed,
    NumberId,
    ResultErrorFrame,
    ResultFrame,
    SendFrame,
)

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
DEEP = b"[" * 5000 + b"]" * 5000


def rules(frame):
    return [deviation.rule for deviation in frame.deviations]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'[2,"a","Heartbeat",{}]', CallFrame),
        (b'[3,"a",{}]', ResultFrame),
        (b'[4,"a","GenericError","",{}]', ErrorFrame),
        (b'[5,"a","GenericError","",{}]', ResultErrorFrame),
        (b'[6,"a","NotifyPeriodicEventStream",{}]', SendFrame),
        (b'\r\n[ 2 ,\n"a",\t"Heartbeat",\n{ }\n]\n', CallFrame),
    ],
)
def test_a_flawless_frame_is_read_without_deviations(data, kind):
    frame = frames.parse(data)

    assert type(frame) is kind
    assert frame.id == "a"
    assert frame.deviations == ()


@pytest.mark.parametrize(
    ("data", "action", "payload", "deviations"),
    [
        (b'[2,"a","Heartbeat"]', "Heartbeat", None, ["frame"]),
        (b'[2,"a","Heartbeat",{},{}]', "Heartbeat", {}, ["frame"]),
        (b'["2","a","Heartbeat",{}]', "Heartbeat", {}, ["wrong-type"]),
        (b'\xef\xbb\xbf[2,"a","Heartbeat",{}]', "Heartbeat", {}, ["not-json"]),
        (b'[2,"a","X",{"b":NaN}]', "X", {"b": None}, ["not-json"]),
        (
            b'[2,"a","X",{"b":"\\ud800"}]',
            "X",
            {"b": "\N{REPLACEMENT CHARACTER}"},
            ["not-json", "unstorable-text"],
        ),
        (
            b'[2,"a","X\\u0000",{"b":1}, 0]',
            "X\N{REPLACEMENT CHARACTER}",
            {"b": 1},
            ["unstorable-text", "frame"],
        ),
        (b'[2,"a","X",{"b":"x\ty"}]', "X", {"b": "x\ty"}, ["not-json"]),
    ],
)
def test_a_call_with_a_clear_meaning_is_read(data, action, payload, deviations):
    frame = frames.parse(data)

    assert isinstance(frame, CallFrame)
    assert (frame.id, frame.action, json.loads(bytes(frame.payload))) == ("a", action, payload)
    assert rules(frame) == deviations


def test_bytes_that_are_not_utf8_stay_in_the_payload_for_the_decoder():
    frame = frames.parse(b'[2,"a","Authorize",{"idTag":"\xff"}]')

    assert isinstance(frame, CallFrame)


@pytest.mark.parametrize("length", [37, 255])
def test_an_overlong_id_is_echoed_and_marked(length):
    frame = frames.parse(b'[2,"%b","Heartbeat",{}]' % (b"x" * length))

    assert isinstance(frame, CallFrame)
    assert frame.id == "x" * length
    assert rules(frame) == ["message-id"]


def test_a_number_as_id_is_echoed_as_a_number():
    frame = frames.parse(b'[2,17,"Heartbeat",{}]')

    assert isinstance(frame, CallFrame)
    assert rules(frame) == ["message-id"]
    assert frames.encode_result(frame.id, v16.StatusNotificationResponse()) == b"[3,17,{}]"


@pytest.mark.parametrize(
    ("data", "code", "description", "details"),
    [
        (b'[4,"a","FormationViolation",""]', "FormationViolation", "", {}),
        (b'[4,"a","GenericError"]', "GenericError", "", {}),
        (b'[4,"a","GenericError",null,""]', "GenericError", "", {}),
        (b'[4,"a","GenericError","text",{"b":1},5]', "GenericError", "text", {"b": 1}),
    ],
)
def test_an_error_with_missing_or_odd_parts_is_read(data, code, description, details):
    frame = frames.parse(data)

    assert isinstance(frame, ErrorFrame)
    assert (frame.code, frame.description, frame.details) == (code, description, details)
    assert rules(frame) == ["frame"]


@pytest.mark.parametrize("data", [b"", b" ", b"\n", b"\0", b"\xef\xbb\xbf"])
def test_an_empty_message_is_ignored(data):
    assert isinstance(frames.parse(data), Ignored)


@pytest.mark.parametrize(
    ("data", "id_", "type_id"),
    [
        (b"hello", None, None),
        (b"\x00\x01\x02\xff", None, None),
        (b"{}", None, None),
        (b"null", None, None),
        (b"[]", None, None),
        (b"[2]", None, 2),
        (b'[null,"a"]', "a", None),
        (b'[true,"a"]', "a", None),
        (b'[2.5,"a"]', "a", None),
        (b'[2,null,"Heartbeat",{}]', None, 2),
        (b'[2,true,"Heartbeat",{}]', None, 2),
        (b'[2,1.5,"Heartbeat",{}]', None, 2),
        (b'[2,["a"],"Heartbeat",{}]', None, 2),
        (b'[2,"' + b"x" * 256 + b'","Heartbeat",{}]', None, 2),
        (b'[2,"a"]', "a", 2),
        (b'[2,"a",5,{}]', "a", 2),
        (b'[2,"a",null,{}]', "a", 2),
        (b'[4,"a"]', "a", 4),
        (b'[4,"a",5]', "a", 4),
        (b'[2,"a","StopTransaction",{"transactionId":,"meterStop":1}]', "a", 2),
        (b'[2,"a","BootNotification",{"configurationKey":[]', "a", 2),
        (b'[3,"a",{"configurationKey":[]', "a", 3),
        (b'[2,17,"Heartbeat",{', "17", 2),
        (b'[2,"a","X",' + DEEP + b"]", "a", 2),
        (b'[4,"a","GenericError","",{"b":' + b"[" * 90 + b"]" * 90 + b"}]", "a", 4),
        (b'[2,"' + b"x" * 256 + b'","Heartbeat",{', None, 2),
        (b'[2,"","Heartbeat",{', None, 2),
        (b"[2,17", None, 2),
        (b"[2", None, 2),
        (DEEP, None, None),
    ],
)
def test_what_is_no_frame_is_malformed_with_what_can_be_told(data, id_, type_id):
    frame = frames.parse(data)

    assert isinstance(frame, Malformed)
    assert (frame.id, frame.type_id, frame.code) == (id_, type_id, ErrorCode.FORMAT_VIOLATION)
    assert frame.description


def test_the_number_that_stands_for_an_id_stays_one_in_a_broken_frame():
    frame = frames.parse(b'[2,17,"Heartbeat",{')

    assert isinstance(frame.id, NumberId)


@pytest.mark.parametrize("type_id", [0, 1, 7, -2, 10**30])
def test_an_unknown_message_type_is_told_as_such(type_id):
    frame = frames.parse(json.dumps([type_id, "a", "Heartbeat", {}]).encode())

    assert isinstance(frame, Malformed)
    assert (frame.id, frame.code) == ("a", ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED)


def test_huge_numbers_and_double_keys_are_left_to_the_payload_decoder():
    frame = frames.parse(b'[2,"a","X",{"b":' + b"9" * 6000 + b',"b":1}]')

    assert isinstance(frame, CallFrame)


def test_a_call_is_written_compactly():
    request = v16.AuthorizeRequest(id_tag='A"B')

    assert frames.encode_call("x-1", request) == b'[2,"x-1","Authorize",{"idTag":"A\\"B"}]'


def test_an_id_is_written_as_json():
    assert frames.encode_result('a"\\', v16.StatusNotificationResponse()) == b'[3,"a\\"\\\\",{}]'


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (Version.V16, "FormationViolation"),
        (Version.V201, "FormatViolation"),
        (Version.V21, "FormatViolation"),
    ],
)
def test_an_error_is_spelt_as_the_version_wants_it(version, code):
    error = OcppError(ErrorCode.FORMAT_VIOLATION, "why", {"a": 1})

    assert json.loads(frames.encode_error("x", error, version)) == [4, "x", code, "why", {"a": 1}]


def test_the_frames_of_ocpp_21_are_written():
    error = OcppError(ErrorCode.FORMAT_VIOLATION, "why")
    message = v21.NotifyPeriodicEventStream(
        id=1, pending=0, basetime=NOON, data=[v21.StreamDataElementType(t=1, v="2")]
    )

    assert json.loads(frames.encode_result_error("x", error)) == [5, "x", "FormatViolation", "why", {}]
    assert json.loads(frames.encode_send("x", message))[:3] == [6, "x", "NotifyPeriodicEventStream"]


def test_times_are_sent_without_microseconds():
    response = v16.HeartbeatResponse(current_time=NOON.replace(microsecond=123456))

    assert frames.encode_result("x", response) == b'[3,"x",{"currentTime":"2024-05-01T12:00:00.123Z"}]'


def test_whole_seconds_and_other_text_with_points_are_sent_as_they_are():
    request = v16.DataTransferRequest(vendor_id="a.b", data="12:00:00.123456")

    assert frames.encode_result("x", v16.HeartbeatResponse(current_time=NOON)).endswith(
        b'"2024-05-01T12:00:00Z"}]'
    )
    assert b'"12:00:00.123456"' in frames.encode_call("x", request)


def test_a_struct_made_by_hand_is_checked():
    frames.validate(v16.AuthorizeRequest(id_tag="A"))

    with pytest.raises(msgspec.ValidationError, match="idTag"):
        frames.validate(v16.AuthorizeRequest(id_tag="x" * 21))
