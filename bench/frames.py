"""What a station sends: prebuilt frames in which only ids, times and numbers change.

The mask of every frame is zero, so that the load costs as little as possible; the server cannot know and
unmasks all the same.
"""

from __future__ import annotations

import time

# What a station sends, in a circle: each kind as often as any other.
CIRCLE = (
    "BootNotification",
    "Heartbeat",
    "StatusNotification",
    "StartTransaction",
    "MeterValues",
    "StopTransaction",
)
KINDS = CIRCLE
TOKEN = "BENCH0001"

_SAMPLES = ",".join(
    f'{{"value":"{value}","context":"Sample.Periodic","format":"Raw","measurand":"{measurand}"{phase},'
    f'"location":"Outlet","unit":"{unit}"}}'
    for value, measurand, phase, unit in (
        ("%(energy)d", "Energy.Active.Import.Register", "", "Wh"),
        ("7360", "Power.Active.Import", "", "W"),
        ("10.6", "Current.Import", ',"phase":"L1"', "A"),
        ("10.7", "Current.Import", ',"phase":"L2"', "A"),
        ("10.6", "Current.Import", ',"phase":"L3"', "A"),
        ("231.2", "Voltage", ',"phase":"L1"', "V"),
        ("230.8", "Voltage", ',"phase":"L2"', "V"),
        ("231.0", "Voltage", ',"phase":"L3"', "V"),
        ("16", "Current.Offered", "", "A"),
    )
)
_TEMPLATES = {
    "BootNotification": '{"chargePointVendor":"Bench","chargePointModel":"Load",'
    '"chargePointSerialNumber":"B1","firmwareVersion":"1.0"}',
    "Heartbeat": "{}",
    "StatusNotification": '{"connectorId":1,"errorCode":"NoError","status":"Charging",'
    '"timestamp":"%(time)s"}',
    "StartTransaction": '{"connectorId":1,"idTag":"'
    + TOKEN
    + '","meterStart":%(energy)d,"timestamp":"%(time)s"}',
    "MeterValues": '{"connectorId":1,"transactionId":%(transaction)s,"meterValue":[{"timestamp":"%(time)s",'
    f'"sampledValue":[{_SAMPLES}]}}]}}',
    "StopTransaction": '{"transactionId":%(transaction)s,"idTag":"'
    + TOKEN
    + '","meterStop":%(energy)d,"timestamp":"%(time)s","reason":"Local"}',
}
_CALLS = {kind: f'[2,"%(id)s","{kind}",{_TEMPLATES[kind]}]' for kind in KINDS}


def iso(seconds: float) -> str:
    """The time as stations write it, with milliseconds so that no two transactions look the same."""
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1000):03d}Z"


def call(kind: str, *, id_: int, now: float, energy: int, transaction: str) -> bytes:
    """One masked text frame."""
    text = _CALLS[kind] % {"id": f"{id_:x}", "time": iso(now), "energy": energy, "transaction": transaction}
    payload = text.encode()
    size = len(payload)
    head = b"\x81" + bytes((0x80 | size,)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def upgrade(identity: str, host: str, credentials: str | None = None) -> bytes:
    """The request that opens the connection."""
    lines = [
        f"GET /{identity} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: ocpp1.6",
    ]
    if credentials is not None:
        lines.append(f"Authorization: Basic {credentials}")
    return "\r\n".join([*lines, "", ""]).encode()
