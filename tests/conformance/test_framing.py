"""Damaged frames, answers that nobody asked for, and what follows them (OCPP-J 1.6 §4)."""

from __future__ import annotations

import json

import pytest
from harness.script import (
    Holds,
    IsRefused,
    Logs,
    Says,
    Script,
    Sends,
    play,
    script,
    start,
    status,
)

BEAT = "Heartbeat"
DEEP = "[" * 100_000
NINES = "9" * 10_000
AVAILABLE = '{"connectorId":1,"status":"Available","errorCode":"NoError"}'


def survived(name: str, text: str | bytes, answer: list | None = None) -> Script:
    """Sent, answered as it should be, and the next message is served."""
    return script(f"{name}, and the next message is served", "B1 to B12", Sends(text, answer), Says(BEAT))


def refused(name: str, text: str, id_: str, code: str) -> Script:
    return survived(name, text, [4, id_, code])


SCRIPTS = (
    survived("an empty text is ignored", ""),
    survived("a broken text is ignored", '{"configurationKey":[]'),
    survived("no array is ignored", '"hello"'),
    survived("an empty array is ignored", "[]"),
    survived("a frame of message type 1 is ignored", '[1,"x","Heartbeat",{}]'),
    survived("a frame of message type 9 is ignored", '[9,"x",{}]'),
    survived("a text that begins with a byte order mark is served", '\ufeff[2,"x","Heartbeat",{}]', [3, "x"]),
    survived("line feeds are no fault", '[2,\n"x",\r\n"Heartbeat",\n{\n}]', [3, "x"]),
    survived("great depth is ignored", DEEP),
    survived("great depth in a call is refused", f'[2,"x","DataTransfer",{{"data":{DEEP}}}]', [4, "x"]),
    survived("a call in a binary message is served", b'[2,"x","Heartbeat",{}]', [3, "x"]),
    survived("a binary message of noise is ignored", bytes(range(256))),
    survived("bytes that are not UTF-8 are survived", b'[2,"x","Authorize",{"idTag":"\xff"}]', [3, "x"]),
    survived("a number of great length is survived", '[2,"x","Heartbeat",{"n":' + NINES + "}]", [3, "x"]),
    survived("NaN is survived", '[2,"x","Heartbeat",{"n":NaN}]', [3, "x"]),
    survived("null instead of an empty payload is served", '[2,"x","Heartbeat",null]', [3, "x"]),
    survived("a payload that is left out is survived", '[2,"x","Heartbeat"]', [3, "x"]),
    survived("a call whose id is a number is answered under that id", '[2,7,"Heartbeat",{}]', [3, 7]),
    survived("a call without id is survived", '[2,null,"Heartbeat",{}]'),
    survived("an empty id is survived", '[2,"","Heartbeat",{}]', [3, ""]),
    survived("an id longer than allowed is answered", f'[2,"{"i" * 200}","Heartbeat",{{}}]', [3, "i" * 200]),
    survived("a lone surrogate is read", '[2,"x","Authorize",{"idTag":"\\ud800"}]', [3, "x"]),
    survived("a zero character is survived", '[2,"x","Authorize",{"idTag":"\\u0000"}]', [3, "x"]),
    survived("a key that stands twice is read", '[2,"x","Authorize",{"idTag":"A","idTag":"B"}]', [3, "x"]),
    survived("an extra property is no fault", '[2,"x","Authorize",{"idTag":"A","connectorId":1}]', [3, "x"]),
    refused("an unknown action is not implemented", '[2,"x","Dance",{}]', "x", "NotImplemented"),
    refused("an action that only we may ask is not supported", '[2,"x","Reset",{"type":"Soft"}]', "x",
            "NotSupported"),
    survived("an answer that nobody asked for is ignored", '[3,"nobody",{"status":"Accepted"}]'),
    survived("an error that nobody asked for is ignored", '[4,"nobody","GenericError","",{}]'),
    survived("an error of four elements is ignored", '[4,"nobody","FormationViolation",""]'),
    script(
        "what was ignored is logged",
        "design: tolerant in",
        Sends('[3,"nobody",{"status":"Accepted"}]'),
        Says(BEAT, save={}),
        Holds("SELECT count(*) FROM stations WHERE registration = 'Accepted'", [[1]]),
    ),
    script(
        "a damaged frame among good ones costs only itself",
        "B1, B2",
        start(),
        Sends('[2,"s","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[]}]', [4, "s"]),
        status("Charging"),
        Holds("SELECT status FROM connectors WHERE evse = 1", [["Charging"]]),
    ),
    script(
        "several calls at once are all answered, in order",
        "B16",
        Says(BEAT),
        Sends('[2,"a","Heartbeat",{}]'),
        Sends(f'[2,"b","StatusNotification",{AVAILABLE}]'),
        Sends('[2,"c","Heartbeat",{}]', [3, "a"]),
        Sends('[2,"d","Heartbeat",{}]', [3, "b"]),
        Sends('[2,"e","Heartbeat",{}]', [3, "c"]),
    ),
    script(
        "each good message is logged with its answer",
        "design: the log",
        status("Available"),
        Logs({"action": "StatusNotification", "direction": "in", "outcome": "answered", "response": "{}",
              "request": json.dumps(json.loads(AVAILABLE))}),
    ),
    script(
        "a status without a status is refused and says why",
        "J16 §4.2.3",
        IsRefused("StatusNotification", {"connectorId": 1, "errorCode": "NoError"},
                  "OccurenceConstraintViolation"),
        Logs({"action": "StatusNotification", "outcome": "error"}),
    ),
)  # fmt: skip


@pytest.mark.parametrize("one", SCRIPTS, ids=lambda one: one.fact[:80])
async def test_framing(house, one):
    await play(house, one)
