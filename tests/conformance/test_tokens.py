"""Who may charge, and what a station is told about it (OCPP 1.6 §3.5, §3.9, §7.2, §7.28)."""

from __future__ import annotations

import pytest
from harness.script import Changes, Holds, Says, play, script, start, stop


def authorize(token: str, word: str, **more) -> Says:
    by = more.pop("by", "CP1")
    return Says("Authorize", {"idTag": token}, {"idTagInfo": {"status": word, **more}}, by=by)


def starts(token: str, word: str, **more) -> Says:
    return start(token=token, answer={"idTagInfo": {"status": word}}, **more)


SCRIPTS = (
    script("a known token may charge", "ocpp16 §4.1", authorize("ANNA", "Accepted")),
    script("upper and lower case do not count", "ocpp16 §7.28", authorize("anNA", "Accepted")),
    script("an unknown token is invalid", "ocpp16 §7.2", authorize("NOBODY", "Invalid")),
    script("a blocked token is told so", "ocpp16 §7.2", authorize("BLOCKED", "Blocked")),
    script(
        "an expired token is told so, with the date",
        "ocpp16 §3.9",
        authorize("EXPIRED", "Expired", expiryDate="2020-01-01T00:00:00Z"),
    ),
    script(
        "a token that ends is told when",
        "ocpp16 §3.5",
        authorize("LASTING", "Accepted", expiryDate="2040-01-01T00:00:00Z"),
    ),
    script("a group is given back", "ocpp16 §3.10", authorize("SON", "Accepted", parentIdTag="FAMILY")),
    script(
        "a new station serves nobody",
        "design: who may come in",
        authorize("ANNA", "Invalid"),
        starts("ANNA", "Invalid"),
        Holds("SELECT marks FROM transactions", [[["refused"]]]),
        authorization="none",
    ),
    script(
        "a station that is opened serves at once",
        "design: who may come in",
        authorize("ANNA", "Invalid"),
        Changes({"authorization": "all"}),
        authorize("ANNA", "Accepted"),
        authorization="none",
    ),
    script(
        "a refused start is kept and marked",
        "ocpp16 §4.8",
        starts("BLOCKED", "Blocked"),
        stop(token="BLOCKED"),
        Holds("SELECT verdict, energy_wh, marks FROM transactions", [["Blocked", 3000, ["refused"]]]),
    ),
    script(
        "a refused start again gets the same id and the same verdict",
        "ocpp16 §3.7",
        starts("NOBODY", "Invalid"),
        start(token="NOBODY", tx="", answer={"transactionId": "$tx", "idTagInfo": {"status": "Invalid"}}),
        Holds("SELECT count(*) FROM transactions", [[1]]),
    ),
    script(
        "a token that charges elsewhere is concurrent when it starts",
        "ocpp16 §7.2",
        starts("ANNA", "Accepted"),
        starts("ANNA", "ConcurrentTx", by="CP2", tx="other"),
        Holds("SELECT marks FROM transactions ORDER BY pk", [[None], [["refused"]]]),
    ),
    script(
        "a token that charges is not concurrent when it is only asked about",
        "OCPP.Core #34",
        starts("ANNA", "Accepted"),
        authorize("ANNA", "Accepted"),
        authorize("ANNA", "Accepted", by="CP2"),
    ),
    script(
        "a token that charges twice is not concurrent when it stops",
        "OCPP.Core #55",
        starts("ANNA", "Accepted"),
        starts("ANNA", "ConcurrentTx", by="CP2", tx="other"),
        stop("$tx", answer={"idTagInfo": {"status": "Accepted"}}),
        stop("$other", by="CP2", answer={"idTagInfo": {"status": "Accepted"}}),
    ),
    script(
        "a start that is repeated is never concurrent with itself",
        "MicroOcpp #237",
        starts("ANNA", "Accepted"),
        start(tx="", answer={"transactionId": "$tx", "idTagInfo": {"status": "Accepted"}}),
    ),
    script(
        "a token for parallel use charges twice",
        "ocpp16 §7.2",
        starts("MANY", "Accepted"),
        starts("MANY", "Accepted", by="CP2", tx="other"),
    ),
    script(
        "a token may charge again when it has stopped",
        "ocpp16 §7.2",
        starts("ANNA", "Accepted"),
        stop(),
        starts("ANNA", "Accepted", by="CP2", tx="other"),
    ),
    script(
        "a member of the same group may stop",
        "ocpp16 §3.9",
        starts("MOTHER", "Accepted"),
        stop(token="SON", answer={"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}),
        Holds("SELECT energy_wh, marks FROM transactions", [[3000, None]]),
    ),
    script(
        "a stop without number by a member of the same group finds the transaction",
        "E16 3.18",
        starts("MOTHER", "Accepted"),
        stop(-1, token="SON"),
        Holds("SELECT energy_wh, marks FROM transactions", [[3000, None]]),
    ),
    script(
        "a token longer than allowed is judged like any other",
        "quirks C17",
        authorize("A-TOKEN-OF-22-CHARS-XX", "Invalid"),
    ),
    script(
        "a token of quotes and backslashes is kept as it is",
        "quirks B12",
        starts('A"\\B', "Invalid"),
        Holds("SELECT id_token FROM transactions", [['A"\\B']]),
    ),
)


@pytest.mark.parametrize("one", SCRIPTS, ids=str)
async def test_tokens(house, one):
    await play(house, one)
