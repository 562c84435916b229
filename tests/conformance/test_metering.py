"""MeterValues in our units, registers and live values (OCPP 1.6 §3.16, §4.7, §7.31 to §7.45)."""

from __future__ import annotations

import pytest
from harness.script import Holds, Reconnects, Says, Script, metered, play, script, start, status, stop, wh

REGISTER = "Energy.Active.Import.Register"
KEPT = "SELECT energy_wh, power_w FROM meter_values ORDER BY pk"
LIVE = "SELECT power_w, register_wh, session_wh FROM connectors WHERE evse = 1"
LIFETIME = "SELECT lifetime_wh FROM connectors WHERE evse = 1"
OF = 'SELECT "transaction" IS NULL FROM meter_values'


def sample(value: str, measurand: str, unit: str = "", phase: str = "", **more: str) -> dict[str, str]:
    given = {"value": value, "measurand": measurand, "unit": unit, "phase": phase, **more}
    return {name: text for name, text in given.items() if text}


def power(value: float, phase: str = "") -> dict[str, str]:
    return sample(str(value), "Power.Active.Import", "W", phase)


def becomes(one: dict[str, str], measurand: str, value: float, unit: str, phase: str = "") -> Script:
    return script(
        f"{one} is {value} {unit} of {measurand} {phase}",
        "ocpp16 §7.43",
        metered(one),
        Holds("SELECT samples ->> '$[0][0]', samples ->> '$[0][1]', samples ->> '$[0][2]',"
              " samples ->> '$[0][3]' FROM meter_values", [[measurand, value, unit, phase]]),
    )  # fmt: skip


SCRIPTS = (
    becomes({"value": "1500"}, REGISTER, 1500, "Wh"),
    becomes(sample("1.5", REGISTER, "kWh"), REGISTER, 1500, "Wh"),
    becomes(sample("7.4", "Power.Active.Import", "kW"), "Power.Active.Import", 7400, "W"),
    becomes(sample("15600", "Current.Import", "mA", "L1"), "Current.Import", 15.6, "A", "L1"),
    becomes(sample("16", "", "A"), "Current.Import", 16, "A"),
    becomes(sample("16", "Current.Import.L2", "A"), "Current.Import", 16, "A", "L2"),
    becomes(sample("231", "Voltage", "V", "L1-N"), "Voltage", 231, "V", "L1-N"),
    becomes(sample("16", "Current.Import", "A", "N"), "Current.Import", 16, "A", "L1"),
    becomes(sample("21,5", "Temperature", "Celcius"), "Temperature", 21.5, "Celsius"),
    becomes(sample("50", "Frequency", "Hz"), "Frequency", 50, "Hz"),
    becomes(sample("77", "SoC", "Percent"), "SoC", 77, "Percent"),
    script(
        "a power in total is never added to its phases",
        "ocpp16 §7.34",
        metered(power(10, "L1"), power(10, "L2"), power(10, "L3"), power(30)),
        Holds(KEPT, [[None, 30]]),
    ),
    script(
        "phases without a total are added",
        "quirks D7",
        metered(power(10, "L1"), power(11, "L2"), power(12, "L3")),
        Holds(KEPT, [[None, 33]]),
    ),
    script(
        "power is computed from voltage and current where none is reported",
        "quirks D8",
        metered(sample("230", "Voltage", "V", "L1-N"), sample("10", "Current.Import", "A", "L1")),
        Holds(KEPT, [[None, 2300]]),
    ),
    script(
        "one bad unit loses no other sample",
        "quirks D3",
        metered(sample("5", "Energy.Active.Import.Register", "Furlong"), power(2000), wh(1500)),
        Holds("SELECT json_array_length(samples), power_w FROM meter_values", [[3, 2000]]),
    ),
    script(
        "a value that is no number loses no other sample",
        "quirks C16",
        metered(sample("", "Voltage", "V"), {"measurand": "Voltage"}, power(2000)),
        Holds("SELECT power_w FROM meter_values", [[2000]]),
    ),
    script(
        "a value that was sent as a number counts",
        "tolerant in",
        metered({"value": 1500}),
        Holds(KEPT, [[1500, None]]),
    ),
    script(
        "signed data is kept and never counted",
        "quirks C25",
        metered({"value": "3030", "format": "SignedData"}, power(100)),
        Holds(KEPT, [[None, 100]]),
    ),
    script(
        "a moment with a bad time loses no other moment",
        "quirks D3",
        Says("MeterValues", {"connectorId": 1, "meterValue": [
            {"timestamp": "yesterday", "sampledValue": [wh(1)]},
            {"timestamp": "@-60", "sampledValue": [wh(1500)]},
        ]}),
        Holds("SELECT count(*) FROM meter_values WHERE energy_wh = 1500", [[1]]),
    ),
    script(
        "values on connector 0 belong to no transaction",
        "E16 3.16",
        start(),
        metered(wh(90000), connector=0),
        Holds(OF, [[1]]),
        Holds("SELECT sampled_wh FROM transactions", [[None]]),
    ),
    script(
        "values without a transaction id belong to what runs on the connector",
        "quirks D14",
        start(),
        metered(wh(2500)),
        Holds(OF, [[0]]),
        Holds("SELECT register_wh, session_wh FROM connectors WHERE evse = 1", [[2500, 1500]]),
    ),
    *(
        script(
            f"values with the transaction id {number} are answered and belong to what runs",
            "quirks D18",
            start(),
            metered(wh(2500), tx=number),
            Holds("SELECT energy_wh FROM transactions", [[1500]]),
        )
        for number in (0, -1, 77, 2**63 - 1)
    ),
    script(
        "values with another station's transaction id do not touch it",
        "security 1.3",
        start(),
        metered(wh(2500), tx="$tx", by="CP2"),
        Holds("SELECT sampled_wh FROM transactions", [[None]]),
        Holds(OF, [[1]]),
    ),
    script(
        "values after the stop change no energy",
        "quirks D19",
        start(),
        stop(),
        metered(wh(9000), at="@-30", tx="$tx"),
        Holds("SELECT energy_wh FROM transactions", [[3000]]),
    ),
    script(
        "history that is replayed is kept at its time and does not show as now",
        "quirks D21",
        metered(power(7000), wh(5000), at="@-60"),
        metered(power(100), wh(1000), at="@-90000"),
        Holds("SELECT at FROM meter_values ORDER BY at", [["ms@-90000"], ["ms@-60"]]),
        Holds("SELECT power_w, register_wh FROM connectors", [[7000, 5000]]),
    ),
    script(
        "lifetime energy survives a register that restarts",
        "quirks D5",
        metered(wh(50_000), at="@-7200"),
        metered(wh(51_000), at="@-5400"),
        metered(wh(200), at="@-3600"),
        metered(wh(700), at="@-1800"),
        Holds(LIFETIME, [[51_700]]),
    ),
    script(
        "a register that restarts while a car charges costs it nothing but a mark",
        "quirks D5",
        start(wh=50_000, at="@-7200"),
        metered(wh(51_000), at="@-5400", tx="$tx"),
        metered(wh(200), at="@-3600", tx="$tx"),
        metered(wh(700), at="@-1800", tx="$tx"),
        stop(wh=900, at="@-900"),
        Holds("SELECT energy_wh, meter_stop_wh, marks FROM transactions",
              [[1900, 900, ["offline", "register-reset", "energy"]]]),
    ),
    script(
        "registers that begin at zero with each session add up over a connector's life",
        "ocpp16 §3.16",
        start(wh=0, at="@-9000"),
        stop(wh=4000, at="@-8000"),
        start(wh=0, at="@-7000", token="BEN"),
        stop(wh=5000, at="@-2800", token="BEN"),
        Holds("SELECT energy_wh FROM transactions ORDER BY pk", [[4000], [5000]]),
        Holds(LIFETIME, [[9000]]),
    ),
    script(
        "samples of a session register under a lifetime register at start and stop are told apart",
        "quirks D4",
        start(wh=500_000, at="@-7200"),
        metered(wh(0), at="@-7100", tx="$tx"),
        metered(wh(2000), at="@-3600", tx="$tx"),
        metered(wh(4000), at="@-900", tx="$tx"),
        stop(wh=504_000, at="@-800"),
        Holds("SELECT energy_wh, sampled_wh FROM transactions", [[4000, 4000]]),
    ),
    script(
        "a running transaction shows what it took so far",
        "ocpp16 §3.16",
        start(),
        status("Charging"),
        metered(wh(1800), power(7400), at="@-250", tx="$tx"),
        metered(wh(2600), power(7300), at="@-200", tx="$tx"),
        Holds(LIVE, [[7300, 2600, 1600]]),
        Holds("SELECT energy_wh FROM transactions", [[1600]]),
    ),
    script(
        "the same values again, whose answer was lost, are kept once",
        "ocpp16 §3.7",
        start(),
        metered(wh(2500), power(7400), tx="$tx"),
        Reconnects(),
        metered(wh(2500), power(7400), tx="$tx"),
        Holds("SELECT count(*) FROM meter_values", [[1]]),
    ),
    script(
        "other values of the same second are kept too",
        "ocpp16 §4.7",
        metered(wh(2500)),
        metered(power(7400)),
        Holds("SELECT count(*) FROM meter_values", [[2]]),
    ),
    script(
        "energy that came under the time of the start counts",
        "quirks E8",
        start(at="@-60"),
        metered(wh(16_000), at="@-60", tx="$tx"),
        Holds("SELECT energy_wh, marks FROM transactions", [[15_000, None]]),
    ),
    script(
        "one message may hold many moments",
        "ocpp16 §4.7",
        Says("MeterValues", {"connectorId": 1, "meterValue": [
            {"timestamp": f"@-{900 - n}", "sampledValue": [wh(1000 + n)]} for n in range(0, 900, 10)
        ]}),
        Holds("SELECT count(*), max(energy_wh) FROM meter_values", [[90, 1890]]),
    ),
    script(
        "an empty list of values is answered",
        "tolerant in",
        Says("MeterValues", {"connectorId": 1, "meterValue": []}),
    ),
)  # fmt: skip


@pytest.mark.parametrize("one", SCRIPTS, ids=str)
async def test_metering(house, one):
    await play(house, one)
