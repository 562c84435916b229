"""Starts, stops, repetitions and lost answers (OCPP 1.6 §3.7, §4.8, §4.10)."""

from __future__ import annotations

import pytest
from harness.script import (
    Holds,
    Reconnects,
    Says,
    Script,
    Step,
    metered,
    play,
    script,
    start,
    status,
    stop,
    wh,
)

COUNT = "SELECT count(*) FROM transactions"
ENERGY = "SELECT energy_wh FROM transactions ORDER BY pk"
ENDS = "SELECT meter_stop_wh FROM transactions ORDER BY pk"
LIFETIME = "SELECT lifetime_wh FROM connectors WHERE evse = 1"


def again(step: Says, **more) -> Says:
    return step._replace(save={}, **more)


def numberless(number: int) -> Script:
    return script(
        f"a stop with transaction id {number} ends the station's transaction of that token",
        "E16 3.18",
        start(),
        start(by="CP2", token="BEN", tx="other"),
        stop(number, answer={"idTagInfo": {"status": "Accepted"}}),
        Holds(ENDS, [[4000], [None]]),
    )


def stays_open(fact: str, *steps: Step) -> Script:
    return script(fact, "ocpp16 §4.10", start(), *steps, Holds(ENDS, [[None], [4000]]))


SCRIPTS = (
    script(
        "a transaction is what stands between its two readings",
        "ocpp16 §3.16",
        start(answer={"idTagInfo": {"status": "Accepted"}}),
        stop(says={"reason": "EVDisconnected"}, answer={"idTagInfo": {"status": "Accepted"}}),
        Holds(
            "SELECT evse, id_token, started_at, ended_at, meter_start_wh, meter_stop_wh, energy_wh,"
            " stop_reason FROM transactions",
            [[1, "ANNA", "ms@-280", "ms@-60", 1000, 4000, 3000, "EVDisconnected"]],
        ),
    ),
    script(
        "the same start under another message id gets the same transaction id",
        "ocpp16 §3.7",
        start(),
        again(start(answer={"transactionId": "$tx", "idTagInfo": {"status": "Accepted"}})),
        Holds(COUNT, [[1]]),
    ),
    script(
        "the same start after a reconnect gets the same transaction id",
        "ocpp16 §3.7",
        start(),
        Reconnects(),
        again(start(answer={"transactionId": "$tx"})),
        Holds(COUNT, [[1]]),
    ),
    script(
        "the same start after its stop gets the same transaction id and opens nothing",
        "ocpp16 §3.7",
        start(),
        stop(),
        again(start(answer={"transactionId": "$tx"})),
        Holds(ENERGY, [[3000]]),
        Holds('SELECT "transaction" FROM connectors WHERE evse = 1', [[None]]),
    ),
    script(
        "a message id that is used again does not make another start the same",
        "quirks B5",
        start(id_="1"),
        start(id_="1", connector=2, token="BEN", tx="second"),
        Holds(COUNT, [[2]]),
    ),
    script(
        "two starts in the same second get different ids",
        "quirks F9",
        start(token="MANY"),
        start(token="MANY", connector=2, tx="second"),
        Holds("SELECT count(DISTINCT ocpp_id), min(ocpp_id + 0) > 0, max(ocpp_id + 0) < 2147483648"
              " FROM transactions", [[2, 1, 1]]),
    ),
    script(
        "the same stop again is accepted and counted once",
        "ocpp16 §3.7",
        start(),
        stop(answer={"idTagInfo": {"status": "Accepted"}}),
        stop(answer={"idTagInfo": {"status": "Accepted"}}),
        Holds(ENERGY, [[3000]]),
        Holds(LIFETIME, [[4000]]),
    ),
    script(
        "another stop of an ended transaction does not change it",
        "ocpp16 §4.10",
        start(),
        stop(),
        stop(wh=9000, at="@-10"),
        Holds(ENERGY, [[3000]]),
    ),
    script(
        "a stop after a reconnect without boot ends its transaction",
        "J16 §5.3",
        start(),
        Reconnects(),
        stop(),
        Holds(ENERGY, [[3000]]),
    ),
    stays_open("a stop with an id that was never given ends nothing", stop(77)),
    stays_open("a stop with an id beyond 31 bits ends nothing", stop(2**63 - 1, token="BEN")),
    stays_open("a stop of another station ends nothing here", stop("$tx", by="CP2")),
    stays_open("a stop with id -1 of another token ends nothing", stop(-1, token="BEN")),
    stays_open("a stop with id -1 of another station ends nothing here", stop(-1, by="CP2")),
    stays_open("a stop with id -1 from before the start ends nothing", stop(-1, at="@-86400")),
    numberless(-1),
    numberless(0),
    script(
        "the same stop with id -1 again is counted once",
        "E16 3.18",
        start(),
        stop(-1),
        stop(-1),
        Holds(ENERGY, [[3000]]),
        Holds(COUNT, [[1]]),
    ),
    script(
        "a stop with id -1 and no start at all is kept as a transaction of its own",
        "E16 3.18",
        stop(-1, answer={"idTagInfo": {"status": "Accepted"}}),
        Holds("SELECT meter_stop_wh, marks FROM transactions", [[4000, ["unknown-start"]]]),
    ),
    script(
        "a stop without token is answered without a verdict",
        "ocpp16 §4.10",
        start(),
        stop(token=None, lacks=["idTagInfo"]),
        Holds(ENERGY, [[3000]]),
    ),
    script(
        "a stop without reason was local",
        "EJ 2.5",
        start(),
        stop(),
        Holds("SELECT stop_reason FROM transactions", [["Local"]]),
    ),
    script(
        "a reason that OCPP does not know is kept",
        "quirks C26",
        start(),
        stop(says={"reason": "Gremlins"}),
        Holds("SELECT stop_reason FROM transactions", [["Gremlins"]]),
    ),
    script(
        "a stop by an unknown token is answered with its verdict and ends the transaction",
        "ocpp16 §4.10",
        start(),
        stop(token="NOBODY", answer={"idTagInfo": {"status": "Invalid"}}),
        Holds("SELECT energy_wh, marks FROM transactions", [[3000, ["other-token"]]]),
    ),
    script(
        "the next start on a connector closes what was forgotten there",
        "quirks F16",
        start(tx="lost"),
        metered(wh(2500), tx="$lost"),
        start(token="BEN", wh=2600, at="@-120"),
        Holds("SELECT ended_at IS NULL, energy_wh, marks FROM transactions ORDER BY pk",
              [[0, 1500, ["closed-by-next"]], [1, None, None]]),
    ),
    script(
        "the stop of a transaction that the next start closed completes it",
        "ocpp16 §3.7",
        start(tx="lost"),
        start(token="BEN", wh=2600, at="@-120"),
        stop("$lost", wh=2600, at="@-150"),
        Holds("SELECT meter_stop_wh, energy_wh, marks FROM transactions ORDER BY pk",
              [[2600, 1600, None], [None, None, None]]),
    ),
    script(
        "a start out of the offline queue does not close a newer transaction",
        "ocpp16 §3.7",
        start(at="@-60", wh=5000),
        start(at="@-86400", wh=1000, token="BEN", tx="old"),
        Holds("SELECT ended_at FROM transactions WHERE id_token = 'ANNA'", [[None]]),
        stop("$old", wh=3000, at="@-80000", token="BEN"),
        Holds(ENERGY, [[None], [2000]]),
        Holds('SELECT t.id_token FROM connectors c JOIN transactions t ON t.pk = c."transaction"',
              [["ANNA"]]),
    ),
    script(
        "a transaction told days later keeps its times and is marked",
        "ocpp16 §4.8",
        start(at="@-200000"),
        metered(wh(2500), at="@-199000", tx="$tx"),
        stop(at="@-190000"),
        Holds("SELECT started_at, ended_at, energy_wh, marks FROM transactions",
              [["ms@-200000", "ms@-190000", 3000, ["offline"]]]),
        Holds("SELECT at FROM meter_values", [["ms@-199000"]]),
    ),
    script(
        "a start without a running car is kept even on a connector that nobody spoke of",
        "ocpp16 §4.8",
        start(connector=17),
        Holds("SELECT evse FROM transactions", [[17]]),
    ),
    script(
        "reservation 0 is none",
        "quirks C21",
        Says("StartTransaction",
             {"connectorId": 1, "idTag": "ANNA", "meterStart": 0, "timestamp": "@0", "reservationId": 0}),
        Holds("SELECT reservation FROM transactions", [[None]]),
    ),
    script(
        "a status of Available does not end a transaction: its stop still comes",
        "quirks F6",
        start(),
        status("Available"),
        Holds(ENDS, [[None]]),
        stop(),
        Holds(ENERGY, [[3000]]),
    ),
    script(
        "a meter that stopped before it started is kept and marked",
        "ocpp16 §4.10",
        start(wh=5000),
        stop(wh=4000),
        Holds("SELECT meter_start_wh, meter_stop_wh, marks FROM transactions", [[5000, 4000, ["energy"]]]),
    ),
    script(
        "samples that contradict start and stop leave a mark",
        "D6",
        start(),
        metered(wh(1500), at="@-250", tx="$tx"),
        metered(wh(60000), at="@-100", tx="$tx"),
        stop(wh=4000),
        Holds("SELECT meter_stop_wh, marks FROM transactions", [[4000, ["energy"]]]),
    ),
    script(
        "samples that agree with start and stop leave none",
        "ocpp16 §3.16",
        start(),
        metered(wh(1500), at="@-250", tx="$tx"),
        metered(wh(3990), at="@-70", tx="$tx"),
        stop(wh=4000),
        Holds("SELECT energy_wh, sampled_wh, marks FROM transactions", [[3000, 2990, None]]),
    ),
    script(
        "what comes with a stop is kept with its context",
        "E16 3.14",
        start(),
        stop(says={"transactionData": [
            {"timestamp": "@-280", "sampledValue": [wh(1000, context="Transaction.Begin")]},
            {"timestamp": "@-60", "sampledValue": [wh(4000, context="Transaction.End")]},
        ]}),
        Holds('SELECT m.energy_wh, m."transaction" = t.pk FROM meter_values m, transactions t ORDER BY m.at',
              [[1000, 1], [4000, 1]]),
    ),
)  # fmt: skip


@pytest.mark.parametrize("one", SCRIPTS, ids=str)
async def test_transactions(house, one):
    await play(house, one)
