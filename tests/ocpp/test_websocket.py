from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.ocpp.masking import masked
from ostler.ocpp.websocket import (
    ABNORMAL,
    NO_STATUS,
    Binary,
    Close,
    Deflate,
    Event,
    Failed,
    FrameReader,
    Ping,
    Pong,
    Role,
    Text,
    close_frame,
    ping_frame,
    pong_frame,
    text_frame,
)

KEY = bytes.fromhex("37fa213d")


def frame(first: int, payload: bytes = b"", *, mask: bool = True, length: int | None = None) -> bytes:
    """One frame of any kind, right or wrong, with the shortest form of its (claimed) length."""
    claimed = len(payload) if length is None else length
    mask_bit = 0x80 if mask else 0
    if claimed < 126:
        head = bytes((first, mask_bit | claimed))
    elif claimed < 65536:
        head = bytes((first, mask_bit | 126)) + claimed.to_bytes(2, "big")
    else:
        head = bytes((first, mask_bit | 127)) + claimed.to_bytes(8, "big")
    return head + KEY + masked(payload, KEY) if mask else head + payload


def read(data: bytes, role: Role = Role.SERVER, **options) -> list[Event]:
    return FrameReader(role, **options).feed(data)


# RFC 6455 §5.7, byte for byte; a client reads what is not masked, a server what is.
RFC_EXAMPLES = [
    ("unmasked text", Role.CLIENT, "810548656c6c6f", [Text(b"Hello")]),
    ("masked text", Role.SERVER, "818537fa213d7f9f4d5158", [Text(b"Hello")]),
    ("fragmented text", Role.CLIENT, "010348656c80026c6f", [Text(b"Hello")]),
    ("unmasked ping", Role.CLIENT, "890548656c6c6f", [Ping(b"Hello")]),
    ("masked pong", Role.SERVER, "8a8537fa213d7f9f4d5158", [Pong(b"Hello")]),
    ("256 bytes", Role.CLIENT, "827e0100" + "00" * 256, [Binary(bytes(256))]),
    ("64 KiB", Role.CLIENT, "827f0000000000010000" + "00" * 65536, [Binary(bytes(65536))]),
]


@pytest.mark.parametrize(
    ("role", "data", "events"), [row[1:] for row in RFC_EXAMPLES], ids=[row[0] for row in RFC_EXAMPLES]
)
def test_the_examples_of_the_rfc_are_read(role, data, events):
    assert read(bytes.fromhex(data), role) == events


@pytest.mark.parametrize(
    ("encoded", "data"),
    [
        (text_frame(b"Hello"), "810548656c6c6f"),
        (ping_frame(b"Hello"), "890548656c6c6f"),
        (pong_frame(b"Hello"), "8a0548656c6c6f"),
        (close_frame(1000), "880203e8"),
        (close_frame(1001, "bye"), "880503e9627965"),
        (close_frame(NO_STATUS), "8800"),
        (text_frame(bytes(126))[:4], "817e007e"),
        (text_frame(bytes(65535))[:4], "817effff"),
        (text_frame(bytes(65536))[:10], "817f0000000000010000"),
    ],
)
def test_frames_are_written_byte_for_byte_as_the_rfc_says(encoded, data):
    assert encoded.hex() == data


LARGE = bytes(65536)
# What breaks the protocol, as a server sees it: the bytes and the close code that follows.
VIOLATIONS = [
    ("unmasked", frame(0x81, b"Hello", mask=False), 1002),
    ("unmasked, short form with 16 bit length", frame(0x81, bytes(200), mask=False), 1002),
    ("RSV1 not agreed on", frame(0xC1, b"Hello"), 1002),
    ("RSV2", frame(0xA1, b"Hello"), 1002),
    ("RSV3", frame(0x91, b"Hello"), 1002),
    ("opcode 3", frame(0x83), 1002),
    ("opcode 11", frame(0x8B), 1002),
    ("continuation of nothing", frame(0x80, b"lo"), 1002),
    ("text inside a fragmented text", frame(0x01, b"He") + frame(0x81, b"llo"), 1002),
    ("binary inside a fragmented text", frame(0x01, b"He") + frame(0x82, b"llo"), 1002),
    ("fragmented ping", frame(0x09), 1002),
    ("ping of 126 bytes", frame(0x89, bytes(126)), 1002),
    ("close of 126 bytes", frame(0x88, bytes(126)), 1002),
    ("close with half a code", frame(0x88, b"\x03"), 1002),
    ("close with code 999", frame(0x88, b"\x03\xe7"), 1002),
    ("close with code 1004", frame(0x88, b"\x03\xec"), 1002),
    ("close with code 1005", frame(0x88, b"\x03\xed"), 1002),
    ("close with code 1006", frame(0x88, b"\x03\xee"), 1002),
    ("close with code 1015", frame(0x88, b"\x03\xf7"), 1002),
    ("close with code 2999", frame(0x88, b"\x0b\xb7"), 1002),
    ("close with code 5000", frame(0x88, b"\x13\x88"), 1002),
    ("close with a reason that is not UTF-8", frame(0x88, b"\x03\xe8\xff"), 1007),
    ("larger than allowed", frame(0x81, bytes(1001)), 1009),
    ("larger than allowed, short form", frame(0x82, bytes(1001)), 1009),
    ("a length of 2^63", frame(0x81, length=1 << 63), 1009),
]


@pytest.mark.parametrize(
    ("data", "code"), [row[1:] for row in VIOLATIONS], ids=[row[0] for row in VIOLATIONS]
)
def test_what_breaks_the_protocol_fails_with_its_close_code(data, code):
    *before, last = read(data, max_message_bytes=1000)

    assert before == []
    assert isinstance(last, Failed)
    assert last.code == code


def test_a_masked_frame_from_a_server_fails():
    [failed] = read(frame(0x81, b"Hello there"), Role.CLIENT)

    assert failed == Failed(1002, "a frame is masked")


def test_what_came_before_a_violation_is_still_delivered():
    events = read(frame(0x81, b"a") + frame(0x89, b"b") + frame(0x83))

    assert events == [Text(b"a"), Ping(b"b"), Failed(1002, "opcode 3 is unknown")]


def test_nothing_is_read_after_a_violation():
    reader = FrameReader(Role.SERVER)
    reader.feed(frame(0x83) + frame(0x81, b"a"))

    assert reader.feed(frame(0x81, b"Hello")) == []


def test_nothing_is_read_after_a_close():
    reader = FrameReader(Role.SERVER)

    assert reader.feed(frame(0x88, b"\x03\xe8done") + frame(0x81, b"a")) == [Close(1000, "done")]
    assert reader.feed(frame(0x81, b"Hello")) == []


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1011, 1012, 1014, 3000, 4999])
def test_close_codes_that_may_travel_are_read(code):
    assert read(frame(0x88, code.to_bytes(2, "big"))) == [Close(code, "")]


def test_a_close_without_a_code_is_read_as_no_status():
    assert read(frame(0x88)) == [Close(NO_STATUS, "")]


def test_pings_between_fragments_come_at_once():
    events = read(
        frame(0x01, b"He") + frame(0x89, b"?") + frame(0x00, b"ll") + frame(0x8A) + frame(0x80, b"o")
    )

    assert events == [Ping(b"?"), Pong(b""), Text(b"Hello")]


def test_an_empty_text_is_a_message():
    assert read(frame(0x81)) == [Text(b"")]


def test_a_message_may_be_as_large_as_allowed():
    assert read(frame(0x81, bytes(1000)), max_message_bytes=1000) == [Text(bytes(1000))]


def test_the_default_limit_is_256_kib():
    assert read(frame(0x81, bytes(262_144))) == [Text(bytes(262_144))]
    assert read(frame(0x81, length=262_145)) == [Failed(1009, "a message is larger than 262144 bytes")]


def test_a_message_too_large_fails_on_its_header_before_its_payload_comes():
    reader = FrameReader(Role.SERVER, max_message_bytes=1000)

    assert reader.feed(frame(0x81, length=1001)[:8]) == [Failed(1009, "a message is larger than 1000 bytes")]
    assert reader._buffer is None


def test_fragments_count_together_towards_the_limit():
    reader = FrameReader(Role.SERVER, max_message_bytes=10)

    assert reader.feed(frame(0x01, bytes(6))) == []
    assert reader.feed(frame(0x00, bytes(4))) == []
    assert reader.feed(frame(0x80, bytes(1))) == [Failed(1009, "a message is larger than 10 bytes")]


def test_a_control_frame_does_not_count_towards_the_limit():
    assert read(frame(0x01, bytes(10)) + frame(0x89, bytes(9)), max_message_bytes=10) == [Ping(bytes(9))]


def test_empty_fragments_without_end_take_no_memory():
    reader = FrameReader(Role.SERVER)
    reader.feed(frame(0x01) + frame(0x00) * 10_000)

    assert sys.getsizeof(reader._message) < 100


def test_a_long_form_of_a_short_length_is_tolerated():
    assert read(bytes((0x81, 0xFE, 0, 5)) + KEY + masked(b"Hello", KEY)) == [Text(b"Hello")]


def test_text_is_not_checked_to_be_utf_8():
    assert read(frame(0x81, b"[2,\xff]")) == [Text(b"[2,\xff]")]


def test_an_idle_reader_holds_no_buffer_and_less_than_300_bytes():
    reader = FrameReader(Role.SERVER)
    data = frame(0x01, bytes(5000)) + frame(0x80, bytes(5000))
    for start in range(0, len(data), 700):
        reader.feed(data[start : start + 700])

    assert reader._buffer is None
    assert reader._message is None
    assert not hasattr(reader, "__dict__")
    assert sys.getsizeof(reader) < 300


def test_the_end_between_frames_is_a_connection_without_a_close_frame():
    reader = FrameReader(Role.SERVER)
    reader.feed(frame(0x81, b"Hello"))

    assert reader.eof() == Failed(ABNORMAL, "the connection ended without a close frame")


@pytest.mark.parametrize("data", [frame(0x81, b"Hello")[:-1], frame(0x81)[:1], frame(0x01, b"He")])
def test_the_end_inside_a_message_is_told(data):
    reader = FrameReader(Role.SERVER)
    reader.feed(data)

    assert reader.eof() == Failed(ABNORMAL, "the connection ended inside a message")


@pytest.mark.parametrize("data", [frame(0x88), frame(0x83)])
def test_the_end_after_a_close_or_a_failure_says_nothing(data):
    reader = FrameReader(Role.SERVER)
    reader.feed(data)

    assert reader.eof() is None


def test_the_end_is_told_once():
    reader = FrameReader(Role.SERVER)
    reader.eof()

    assert reader.eof() is None


@pytest.mark.parametrize("encode", [ping_frame, pong_frame])
def test_a_control_frame_of_more_than_125_bytes_is_not_written(encode):
    with pytest.raises(ValueError, match="at most 125 bytes, not 126"):
        encode(bytes(126))


@pytest.mark.parametrize("code", [0, 999, 1006, 1015, 5000])
def test_a_close_code_that_must_not_travel_is_not_written(code):
    with pytest.raises(ValueError, match=f"close code {code} must not be sent"):
        close_frame(code)


def test_a_long_close_reason_is_cut_between_characters():
    [close] = read(close_frame(1008, "é" * 100), Role.CLIENT)

    assert close == Close(1008, "é" * 61)


def test_each_masked_frame_has_its_own_key():
    assert len({text_frame(b"Hello", mask=True) for _ in range(5)}) == 5


def test_a_compressed_message_is_read_when_that_was_agreed():
    text = b'[2,"1","Heartbeat",{}]' * 50
    deflate = Deflate()
    data = text_frame(text, mask=True, deflate=deflate)

    assert len(data) < 100
    assert read(data, deflate=deflate) == [Text(text)]


def test_a_compressed_message_in_fragments_is_read():
    deflate = Deflate()
    packed = deflate.compress(b"Hello " * 100)

    assert read(frame(0x41, packed[:5]) + frame(0x80, packed[5:]), deflate=deflate) == [Text(b"Hello " * 100)]


def test_a_plain_message_is_read_although_compression_was_agreed():
    assert read(frame(0x81, b"Hello"), deflate=Deflate()) == [Text(b"Hello")]


def test_a_short_message_is_not_compressed():
    assert text_frame(b"Hello", deflate=Deflate()) == text_frame(b"Hello")


@pytest.mark.parametrize("first", [0xC0, 0xC9, 0x40])
def test_a_compressed_continuation_or_control_frame_fails(first):
    [failed] = read(frame(0x01, b"x") + frame(first, b"x"), deflate=Deflate())

    assert failed == Failed(1002, "a reserved bit is set that was not agreed on")


def test_a_compressed_message_that_cannot_be_read_fails():
    [failed] = read(frame(0xC1, b"\xff\xff\xff\xff"), deflate=Deflate())

    assert failed == Failed(1007, "a compressed message cannot be read")


def test_a_message_that_unpacks_to_more_than_allowed_fails():
    deflate = Deflate()
    bomb = deflate.compress(bytes(10_000_000))
    [failed] = read(frame(0xC1, bomb), deflate=deflate)

    assert failed == Failed(1009, "a message unpacks to more than 262144 bytes")


def test_many_small_messages_in_one_piece_cannot_unpack_to_any_amount():
    deflate = Deflate()
    bomb = frame(0xC1, deflate.compress(bytes(262_144)))
    *messages, failed = read(bomb * 900, deflate=deflate)

    assert len(bomb) * 900 < 300_000
    assert len(messages) == 16
    assert failed == Failed(1009, "messages that came together unpack to too many bytes")


def test_pieces_that_come_one_after_the_other_unpack_to_any_amount():
    deflate = Deflate()
    reader = FrameReader(Role.SERVER, deflate=deflate)
    large = frame(0xC1, deflate.compress(bytes(262_144)))

    assert all(type(event) is Text for _ in range(40) for event in reader.feed(large))


def test_frames_that_complete_no_message_are_counted():
    reader = FrameReader(Role.SERVER)
    reader.feed(
        frame(0x89, b"") + frame(0x8A, b"") + frame(0x81, b"x") + frame(0x01, b"x") + frame(0x00, b"")
    )
    before = reader.bare_frames
    reader.feed(frame(0x80, b"x"))

    assert (before, reader.bare_frames) == (4, 4)


ENDS = {Role.SERVER: True, Role.CLIENT: False}  # who reads masked frames
SIZES = st.one_of(st.integers(0, 300), st.sampled_from([125, 126, 500, 501, 65535, 65536]))


@st.composite
def conversations(draw: st.DrawFn, *, mask: bool) -> tuple[bytes, list[Event]]:
    """Frames in a row, and the events that they make."""
    data, events = b"", []
    for kind in draw(st.lists(st.sampled_from(["text", "binary", "ping", "pong", "fragments"]), max_size=6)):
        payload = draw(st.binary(max_size=8)) * 10000
        payload = payload[: draw(SIZES)]
        match kind:
            case "text":
                data += text_frame(payload, mask=mask)
                events.append(Text(payload))
            case "binary":
                data += frame(0x82, payload, mask=mask)
                events.append(Binary(payload))
            case "ping":
                data += ping_frame(payload[:125], mask=mask)
                events.append(Ping(payload[:125]))
            case "pong":
                data += pong_frame(payload[:125], mask=mask)
                events.append(Pong(payload[:125]))
            case "fragments":
                cut = draw(st.integers(0, len(payload)))
                data += frame(0x01, payload[:cut], mask=mask) + ping_frame(b"!", mask=mask)
                data += frame(0x80, payload[cut:], mask=mask)
                events += [Ping(b"!"), Text(payload)]
    if draw(st.booleans()):
        data += close_frame(1001, "going", mask=mask)
        events.append(Close(1001, "going"))
    return data, events


@pytest.mark.parametrize("role", list(Role))
@given(draws=st.data())
def test_any_cut_of_any_frames_gives_the_same_events(role, draws):
    data, expected = draws.draw(conversations(mask=ENDS[role]))
    cuts = sorted(draws.draw(st.lists(st.integers(0, len(data)), max_size=20)))
    reader = FrameReader(role)
    seen = [
        event for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True) for event in reader.feed(data[a:b])
    ]

    assert seen == expected
    assert reader._buffer is None


@given(draws=st.data())
def test_bytes_that_come_one_by_one_give_the_same_events(draws):
    data, expected = draws.draw(conversations(mask=True))
    data, reader = data[:3000], FrameReader(Role.SERVER)
    seen = [event for byte in data for event in reader.feed(bytes((byte,)))]

    assert seen == expected[: len(seen)]
    assert seen == read(data)


@given(chunks=st.lists(st.binary(max_size=40), max_size=10), role=st.sampled_from(Role))
def test_no_bytes_whatever_raise(chunks, role):
    reader = FrameReader(role, max_message_bytes=100, deflate=Deflate())
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    reader.eof()

    assert all(isinstance(event, Event) for event in events)
    assert reader._buffer is None
