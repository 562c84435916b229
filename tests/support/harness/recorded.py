"""The recorded frames of real stations, and what each of them says, read off by hand."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parents[2] / "data" / "frames.jsonl"


class Recorded(NamedTuple):
    """One frame: `line` in the file counts from 0, `raw` is what stood on the wire."""

    line: int
    version: str
    vendor: str
    model: str
    raw: str
    frame: list[Any]

    @property
    def is_call(self) -> bool:
        return self.frame[0] == 2

    @property
    def action(self) -> str:
        return self.frame[2] if self.is_call else ""

    @property
    def payload(self) -> dict[str, Any]:
        return self.frame[3]

    @property
    def identity(self) -> str:
        """A station of its own for each frame."""
        return f"R{self.line:02}"

    def __str__(self) -> str:
        return f"{self.line}-{self.vendor}-{self.action or 'answer'}"


def _load() -> list[Recorded]:
    found = []
    for line, text in enumerate(DATA.read_text("utf-8").splitlines()):
        row = json.loads(text)
        if row["direction"] == "cs>csms":
            names = (row["version"], row["vendor"][:20], row["model"][:20], row["raw"], row["frame"])
            found.append(Recorded(line, *names))
    return found


def ms(text: str) -> int:
    """A time as the database holds it."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


FRAMES = _load()
CALLS = [one for one in FRAMES if one.is_call and one.version == "1.6"]
UNASKED = [one for one in FRAMES if not one.is_call]
NEWER = [one for one in FRAMES if one.is_call and one.version != "1.6"]

BOOTS = {
    0: ("Legrand", "059004", "260988", "V01.01.65/V01.01.08"),
    6: ("ABB", "CDT_TACW22::NET_WIFI", "TACW2242222T6786", "TAC3Z9119006710273::V1.8.21"),
    9: ("Alfen BV", "NG910-60023", "ace0100201", "4.15.7-4054"),
    10: ("Alfen BV", "NG910-60023", "ACE0177305", "6.5.0-4217"),
    14: ("Schneider Electric", "EVlink Smart Wallbox", "3N180xxxxxxxxxxxxxxxxxxxxx", "3.3.0.12"),
    15: ("Wall Box Chargers", "PLP1-0-2-3", "386285", "6.4.14"),
    21: ("EV-BOX", "G4E-WBW-M7500E", "22338027", "P0424B0424v0.220706_W2.2.0"),
    24: ("TEISON", "TeisonMe@7KW", "0312209102324480672", "V1.5@25238bf+100,F8.gl,ws,ESP32,RN8213@V31"),
    31: ("United Chargers", "GRS-*", "GRS-03.00003282c", "05.653:GCW-10.17-05.3:7452:B29A"),
    45: ("Charge Amps", "HALO", "2403082631M", "180"),
}
"""Vendor, model, serial, firmware."""

STATUSES = {
    4: (2, "SuspendedEVSE", "NoError", "No failure"),
    12: (0, "Available", "NoError", ""),
    18: (1, "Finishing", "NoError", '{"reason":"plugInGun","cpv":0,"rv":0}'),
    27: (1, "SuspendedEVSE", "NoError", "B;400"),
    29: (1, "Available", "NoError", ""),
    33: (1, "Charging", "NoError", "Pilot and Charger:C1h"),
    37: (2, "Available", "NoError", ""),
    38: (0, "Available", "NoError", ""),
    43: (1, "Preparing", "NoError", ""),
    46: (2, "Available", "NoError", ""),
    48: (1, "Preparing", "NoError", "null"),
}
"""Connector, status, error code, info."""

STARTS = {
    3: (2, "XXXXXXX", 0, ms("2019-04-19T16:25:43.083+02:00")),
    11: (1, "ACE0177305", 2145278, ms("2023-12-31T11:47:54Z")),
    23: (1, "evcc", 4265924, ms("2026-07-23T08:21:49Z")),
    26: (1, "04ABBE2A266581", 0, ms("2024-07-10T18:23:02Z")),
    32: (1, "hvresident", 0, ms("2023-03-30T01:58:52.001Z")),
}
"""Connector, token, register in Wh, time."""

STOPS = {
    5: ("1234", "XXXXXXXXX", 16, ms("2019-04-19T16:28:21.917+02:00"), "Local"),
    34: ("1", "hvresident", 40330, ms("2023-03-29T20:05:06.001Z"), "Remote"),
}
"""Number, token, register in Wh, time, reason."""

METERED = {
    2: (
        2,
        ms("2019-04-19T16:26:44.277+02:00"),
        None,
        381.79993,
        {
            "Current.Import": 1.64,
            "Energy.Active.Import.Interval": 3.1816661,
            "Power.Active.Import": 381.79993,
        },
    ),
    7: (1, ms("2022-10-08T00:10:55.001Z"), 0, 0, {"Current.Import.L1": 0, "Power.Active.Import.L1": 0}),
    8: (1, ms("2020-09-19T15:14:23Z"), None, None, {"Current.Import": 15.63, "Current.Offered": 16}),
    17: (
        1,
        ms("2024-09-02T22:39:23Z"),
        95,
        0,
        {"Current.Offered": 32, "Current.Import.L1": 0, "Voltage.L1": 246.4},
    ),
    25: (1, ms("2024-04-16T17:28:55Z"), 0, None, {"Energy.Active.Import.Register": 0}),
    35: (
        1,
        ms("2025-08-26T23:59:57.599Z"),
        30_850_873.3,
        20_700,
        {"Energy.Active.Import.Interval": 46.9, "Voltage": 587.2, "SoC": 67, "Power.Offered": 60_000},
    ),
    39: (
        1,
        ms("2023-03-14T09:53:44Z"),
        755_295.01,
        30,
        {"Current.Import.L1": 0.3, "Current.Import.L2": 0.4, "Current.Import.L3": 0.3},
    ),
    40: (
        1,
        ms("2024-09-18T20:17:21.333Z"),
        374_630,
        3_500,
        {"Current.Import.L1": 15.6, "Voltage.L1-N": 231, "Temperature": 33},
    ),
    44: (1, ms("2024-09-05T21:41:59.333Z"), 254_780, 3_500, {"Current.Import.L1": 15.6}),
    47: (
        1,
        ms("2024-10-27T09:26:38.264Z"),
        4_185_136,
        0,
        {"Frequency": 49.89, "Voltage.L1": 230, "Voltage.N": 0, "Temperature": 22.5},
    ),
    55: (1, ms("2024-07-14T20:12:54Z"), 4, 0, {"Voltage.L1": 235.485, "Voltage.L2": 0}),
}
"""Connector, time, register in Wh, power in W, some of the values in A, V, W, Wh, Celsius, Percent."""

DATA_TRANSFERS = {20: "EV-BOX", 28: "EN+", 30: "generalConfiguration"}
"""Vendor id."""
