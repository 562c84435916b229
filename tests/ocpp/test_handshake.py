from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.ocpp.handshake import (
    BadRequest,
    Basic,
    Incomplete,
    Unreadable,
    UpgradeAccepted,
    UpgradeRefused,
    UpgradeRequest,
    accept_response,
    new_key,
    parse_request,
    parse_response,
    refuse_response,
    request,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 §1.3
HEADERS = {
    "Host": "csms.example:9000",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Protocol": "ocpp1.6",
}


def head(target: str = "/CP1", *, line_end: str = "\r\n", without: str = "", **headers: str) -> bytes:
    """A station's request; keyword names have `_` for `-`."""
    wanted = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"GET {target} HTTP/1.1", *(f"{n}: {v}" for n, v in wanted.items() if n != without), "", ""]
    return line_end.join(lines).encode()


def upgrade(*args: str, **options: str) -> UpgradeRequest:
    parsed = parse_request(head(*args, **options))
    assert isinstance(parsed, UpgradeRequest), parsed
    return parsed


def test_an_upgrade_request_is_read():
    parsed = upgrade("/ocpp/CP1?token=x", Sec_WebSocket_Extensions="permessage-deflate; a=1, other")

    assert parsed.method == "GET"
    assert parsed.path == "/ocpp/CP1?token=x"
    assert (parsed.prefix, parsed.identity, parsed.identity_problem) == (("ocpp",), "CP1", None)
    assert parsed.subprotocols == ("ocpp1.6",)
    assert parsed.extensions == ("permessage-deflate; a=1", "other")
    assert (parsed.key, parsed.version, parsed.basic) == (KEY, "13", None)
    assert parsed.headers["host"] == "csms.example:9000"
    assert parsed.rest == b""


def test_a_head_that_has_not_wholly_arrived_is_incomplete():
    whole = head()

    assert {type(parse_request(whole[:size])) for size in range(len(whole))} == {Incomplete}


def test_the_first_frame_that_came_with_the_head_is_kept():
    parsed = parse_request(bytearray(head() + b"\x81\x80\r\n\r\n"))

    assert isinstance(parsed, UpgradeRequest)
    assert parsed.rest == b"\x81\x80\r\n\r\n"


@pytest.mark.parametrize(
    "options",
    [
        {"without": "Connection"},  # quirk of Autel stations
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "close"},
        {"Origin": "file://"},
        {"Upgrade": "WebSocket"},
        {"Upgrade": "h2c, websocket"},
        {"line_end": "\n"},
        {"without": "Host"},
    ],
)
def test_what_real_stations_get_wrong_is_tolerated(options):
    assert upgrade(**options).identity == "CP1"


def test_header_names_may_be_in_any_case():
    parsed = parse_request(
        head().replace(b"Sec-WebSocket-Key", b"SEC-WEBSOCKET-KEY").replace(b"Upgrade:", b"upgrade :")
    )

    assert isinstance(parsed, UpgradeRequest)
    assert parsed.key == KEY


def test_an_unescaped_space_in_the_path_is_tolerated():
    assert upgrade("/ocpp/Wall Box").identity == "Wall Box"


def test_a_missing_subprotocol_is_none_offered():
    assert upgrade(without="Sec-WebSocket-Protocol").subprotocols == ()


def test_several_subprotocols_keep_their_order():
    data = head(Sec_WebSocket_Protocol="ocpp2.0.1,,ocpp1.6").replace(
        b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: ocpp2.1\r\n\r\n"
    )
    parsed = parse_request(data)

    assert isinstance(parsed, UpgradeRequest)
    assert parsed.subprotocols == ("ocpp2.0.1", "ocpp1.6", "ocpp2.1")


@pytest.mark.parametrize(
    ("target", "prefix", "identity"),
    [
        ("/CP1", (), "CP1"),
        ("CP1", (), "CP1"),
        ("/ocpp/CP1/", ("ocpp",), "CP1"),
        ("//ocpp//CP1//?a=/b", ("ocpp",), "CP1"),
        ("/ws://192.168.1.2:9000/CP_1/SERIAL", ("CP_1",), "SERIAL"),
        ("WSS://csms.example/ocpp/CP1", ("ocpp",), "CP1"),
        ("/Garage%20links", (), "Garage links"),
        ("/S%C3%BCd", (), "Süd"),
        ("/Süd", (), "Süd"),
        ("/100%", (), "100%"),
        ("/a%FF/CP1", ("a\\xff",), "CP1"),
        ("/" + "x" * 48, (), "x" * 48),
    ],
)
def test_the_identity_is_the_last_segment_of_the_path(target, prefix, identity):
    parsed = upgrade(target)

    assert (parsed.prefix, parsed.identity, parsed.identity_problem) == (prefix, identity, None)


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/", "The address ends without the station's identity."),
        ("/?id=CP1", "The address ends without the station's identity."),
        ("/ws://192.168.1.2:9000/", "The address ends without the station's identity."),
        ("/" + "x" * 49, "The identity is longer than 48 characters."),
        ("/%FF", "The identity is not UTF-8."),
        ("/..", "The identity has neither letters nor digits."),
        ("/%20", "The identity has neither letters nor digits."),
        ("/CP%00", "The identity contains characters that cannot be printed."),
        ("/CP%0A1", "The identity contains characters that cannot be printed."),
        ("/CP%E2%80%AE1", "The identity contains characters that cannot be printed."),
        ("/a%2Fb", "The identity contains a slash or a colon."),
        ("/a:b", "The identity contains a slash or a colon."),
    ],
)
def test_an_unusable_identity_is_none_with_a_reason(target, problem):
    parsed = upgrade(target)

    assert (parsed.identity, parsed.identity_problem) == (None, problem)


def credentials(plain: bytes) -> str:
    return "Basic " + base64.b64encode(plain).decode()


@pytest.mark.parametrize(
    ("header", "basic"),
    [
        (credentials(b"CP1:secret"), Basic("CP1", b"secret")),
        (credentials(b"CP1:a:b:"), Basic("CP1", b"a:b:")),
        (credentials(b"CP1:\x00\xff\xfe"), Basic("CP1", b"\x00\xff\xfe")),
        (credentials(b":"), Basic("", b"")),
        (credentials(b"CP1:secret").replace("Basic", "bAsIc "), Basic("CP1", b"secret")),
        (credentials(b"CP1:secret1").rstrip("="), Basic("CP1", b"secret1")),
        ("Bearer abc", None),
        (credentials(b"no colon"), Unreadable.MALFORMED),
        (credentials(b"\xff:x"), Unreadable.MALFORMED),
        ("Basic", Unreadable.MALFORMED),
        ("Basic not*base64", Unreadable.MALFORMED),
        ("Basic aaaaa", Unreadable.MALFORMED),
        ("Basic Süd", Unreadable.MALFORMED),
    ],
)
def test_basic_credentials_are_read(header, basic):
    assert upgrade(Authorization=header).basic == basic


def test_two_authorization_headers_are_malformed():
    twice = f"{credentials(b'CP1:a')}\r\nAuthorization: {credentials(b'CP1:b')}"

    assert upgrade(Authorization=twice).basic is Unreadable.MALFORMED


def test_a_password_is_not_shown_when_a_request_is_printed():
    shown = repr(upgrade(Authorization=credentials(b"CP1:secret")))

    assert "secret" not in shown
    assert base64.b64encode(b"CP1:secret").decode() not in shown


@pytest.mark.parametrize(
    ("data", "status", "headers"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 426, {"Upgrade": "websocket"}),
        (b"GET / HTTP/1.0\n\n", 426, {"Upgrade": "websocket"}),
        (head().replace(b"GET", b"POST"), 426, {"Upgrade": "websocket"}),
        (head(Upgrade="h2c"), 426, {"Upgrade": "websocket"}),
        (head(Sec_WebSocket_Version="8"), 426, {"Sec-WebSocket-Version": "13"}),
        (head(without="Sec-WebSocket-Version"), 426, {"Sec-WebSocket-Version": "13"}),
        (head(without="Sec-WebSocket-Key"), 400, {}),
        (head(Sec_WebSocket_Key=""), 400, {}),
        (head().replace(b"Upgrade:", b"Upgrade"), 400, {}),
        (b"GET /CP1\r\n\r\n", 400, {}),
        (b"GET /CP1 HTTP/2\r\n\r\n", 400, {}),
        (b"HELLO\r\n\r\n", 400, {}),
        (b"\x16\x03\x01\x02\x00", 400, {}),  # TLS on the plain port
        (b"\r\n", 400, {}),
    ],
)
def test_what_is_no_upgrade_is_refused_with_a_sentence(data, status, headers):
    parsed = parse_request(data)

    assert isinstance(parsed, BadRequest)
    assert (parsed.status, parsed.headers) == (status, headers)
    assert parsed.reason.endswith((".", "?"))


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_of_more_than_8_kib_is_refused(end):
    parsed = parse_request(head(Cookie="x" * 8192)[:-4] + end)

    assert parsed == BadRequest(status=431, reason="The request head is longer than 8192 bytes.")


def test_a_head_of_just_8_kib_is_read():
    padding = 8192 - len(head(Cookie=""))

    assert upgrade(Cookie="x" * padding).identity == "CP1"


def test_the_accepting_response_is_that_of_the_rfc():
    assert accept_response(upgrade(), "ocpp1.6", "permessage-deflate") == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: ocpp1.6\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )


def test_an_accepting_response_need_not_name_a_subprotocol():
    response = accept_response(upgrade(), None, None)

    assert b"Protocol:" not in response
    assert b"Extensions" not in response


def test_a_refusal_says_why_and_closes():
    assert refuse_response(426, "Wrong version.", {"Sec-WebSocket-Version": "13"}) == (
        b"HTTP/1.1 426 Upgrade Required\r\n"
        b"Sec-WebSocket-Version: 13\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 15\r\n"
        b"Connection: close\r\n\r\n"
        b"Wrong version.\n"
    )


def test_a_refusal_for_want_of_a_key_asks_for_one():
    assert b'\r\nWWW-Authenticate: Basic realm="OCPP"\r\n' in refuse_response(401, "No.")


def test_a_refusal_with_an_unusual_status_has_a_phrase():
    assert refuse_response(418, "Tea.").startswith(b"HTTP/1.1 418 Refused\r\n")


def test_what_the_client_asks_the_server_reads():
    parsed = parse_request(
        request("csms.example", "/ocpp/CP%201", KEY, ["ocpp2.0.1", "ocpp1.6"], ("CP 1", b"\xff:key"))
    )

    assert isinstance(parsed, UpgradeRequest)
    assert (parsed.identity, parsed.key) == ("CP 1", KEY)
    assert parsed.subprotocols == ("ocpp2.0.1", "ocpp1.6")
    assert parsed.basic == Basic("CP 1", b"\xff:key")


def test_a_client_may_ask_without_subprotocol_and_credentials():
    data = request("csms.example", "/CP1", KEY)

    assert b"Protocol:" not in data
    assert b"Authorization" not in data


def test_each_key_is_new_and_of_16_bytes():
    keys = {new_key() for _ in range(5)}

    assert len(keys) == 5
    assert {len(base64.b64decode(key)) for key in keys} == {16}


def answer(status_line: str = "HTTP/1.1 101 Switching Protocols", **headers: str) -> bytes:
    wanted = {"Upgrade": "websocket", "Sec_WebSocket_Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="} | headers
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in wanted.items()]
    return "\r\n".join([status_line, *lines, "", ""]).encode()


def test_what_the_server_accepts_the_client_reads():
    parsed = parse_response(accept_response(upgrade(), "ocpp1.6", None) + b"\x89\x00", KEY, ["ocpp1.6"])

    assert isinstance(parsed, UpgradeAccepted)
    assert (parsed.subprotocol, parsed.rest) == ("ocpp1.6", b"\x89\x00")


def test_a_server_may_choose_no_subprotocol():
    parsed = parse_response(answer(), KEY, ["ocpp1.6"])

    assert isinstance(parsed, UpgradeAccepted)
    assert parsed.subprotocol is None


@pytest.mark.parametrize("size", [0, 10, 100])
def test_an_answer_that_has_not_wholly_arrived_is_incomplete(size):
    assert parse_response(answer()[:size], KEY) == Incomplete()


def test_a_refusal_is_read_with_its_reason_once_the_body_is_there():
    data = refuse_response(401, "This station is not known here.")
    parsed = parse_response(data, KEY)

    assert parse_response(data[:-1], KEY) == Incomplete()
    assert isinstance(parsed, UpgradeRefused)
    assert (parsed.status, parsed.reason) == (401, "This station is not known here.")
    assert parsed.headers["www-authenticate"] == 'Basic realm="OCPP"'


def test_a_refusal_without_a_length_is_read_as_far_as_it_came():
    parsed = parse_response(b"HTTP/1.1 503 \r\n\r\nlater", KEY)

    assert parsed == UpgradeRefused(status=503, reason="later", headers={})


def test_an_endless_refusal_is_cut():
    body = b"x" * 10_000
    parsed = parse_response(b"HTTP/1.1 500 Oops\r\nContent-Length: 99999999\r\n\r\n" + body, KEY)

    assert isinstance(parsed, UpgradeRefused)
    assert len(parsed.reason) == 8192


@pytest.mark.parametrize("length", ["-1", "many", "9" * 5000])
def test_a_length_that_is_none_is_ignored(length):
    parsed = parse_response(f"HTTP/1.1 404 Not Found\r\nContent-Length: {length}\r\n\r\nno".encode(), KEY)

    assert isinstance(parsed, UpgradeRefused)
    assert parsed.reason == "no"


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (answer(Sec_WebSocket_Accept="x"), 101, "The server's Sec-WebSocket-Accept does not fit our key."),
        (
            answer(Sec_WebSocket_Protocol="a"),
            101,
            "The server chose the subprotocol 'a', which was not offered.",
        ),
        (answer(Sec_WebSocket_Extensions="x"), 101, "The server uses an extension that was not offered."),
        (answer("SSH-2.0-server"), 0, "The server's answer is not HTTP."),
        (answer().replace(b"Upgrade:", b"Upgrade"), 0, "The server's answer is not HTTP."),
        (b"x" * 8193, 0, "The server's answer has no end."),
    ],
)
def test_an_answer_that_opens_no_websocket_is_refused(data, status, reason):
    parsed = parse_response(data, KEY, ["ocpp1.6"])

    assert isinstance(parsed, UpgradeRefused)
    assert (parsed.status, parsed.reason) == (status, reason)


NOISE = st.one_of(
    st.binary(max_size=200), st.binary(max_size=200).map(lambda noise: head()[:-4] + noise + b"\r\n\r\n")
)


@given(data=NOISE)
def test_no_request_whatever_raises(data):
    assert isinstance(parse_request(data), UpgradeRequest | BadRequest | Incomplete)


@given(
    data=st.one_of(
        st.binary(max_size=200), st.binary(max_size=200).map(lambda noise: answer()[:-4] + noise + b"\n\n")
    )
)
def test_no_answer_whatever_raises(data):
    assert isinstance(parse_response(data, KEY), UpgradeAccepted | UpgradeRefused | Incomplete)


@given(target=st.text(st.characters(codec="utf-8"), max_size=80))
def test_an_identity_is_always_printable_and_short(target):
    parsed = parse_request(head(target.replace("\n", "")))

    if isinstance(parsed, UpgradeRequest) and parsed.identity is not None:
        assert parsed.identity.isprintable()
        assert 1 <= len(parsed.identity) <= 48
        assert not {"/", ":"} & set(parsed.identity)
