"""Whatever a station reports in whatever order: it is answered, and the books stay right."""

from __future__ import annotations

from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

IDENTITIES = count()
SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

number = st.sampled_from([-1, 0, 1, 4711, 2**31 - 1, 2**63 - 1, "mine", "theirs"])
token = st.sampled_from(["TAG", "tag", "OTHER", "MATE", "FRIEND", "FAM", "STRANGER", ""])
connector = st.integers(0, 3)
meter = st.sampled_from([0, 1, 1000, 2000, 5000, 4_000_000, -5, 2**40])
minutes = st.sampled_from([0, 0, 0, -1, -30, -600, 60, 10**6, -(10**6) * 25])
reported = st.one_of(
    st.tuples(st.just("start"), connector, token, meter, minutes),
    st.tuples(st.just("stop"), number, st.none() | token, meter, minutes),
    st.tuples(st.just("sample"), connector, st.none() | number, meter, minutes),
    st.tuples(st.just("status"), connector, st.sampled_from(["Available", "Charging", "Faulted", "Odd"])),
    st.tuples(st.just("boot")),
    st.tuples(st.just("wait"), st.integers(0, 100)),
)


def tell(cp, what, own, theirs):
    """Report one thing; own transaction ids are added to `own`."""

    def meant(said):
        return {"mine": own[-1] if own else 77, "theirs": theirs}.get(said, said)

    match what:
        case ("start", evse, who, wh, offset):
            own.append(cp.start(who, connector=evse, meter=wh, timestamp=cp.clock(minutes=offset)))
        case ("stop", said, who, wh, offset):
            by = {} if who is None else {"idTag": who}
            cp.stop(meant(said), meter=wh, timestamp=cp.clock(minutes=offset), **by)
        case ("sample", evse, said, wh, offset):
            of = {} if said is None else {"transactionId": meant(said)}
            cp.register(wh, connector=evse, at=cp.clock(minutes=offset), **of)
        case ("status", evse, word):
            cp.status(word, connector=evse)
        case ("boot",):
            cp.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        case ("wait", passed):
            cp.later(minutes=passed)


@SETTINGS
@given(st.lists(reported, max_size=12))
def test_the_books_stay_right_in_any_order(cp, reports):
    us, them = type(cp)(cp.db, f"A{next(IDENTITIES)}"), type(cp)(cp.db, f"B{next(IDENTITIES)}")
    theirs = them.start("OTHER", meter=500)
    untouched = them.transaction(theirs)
    own: list[int] = []
    for what in reports:
        tell(us, what, own, theirs)

    assert them.transaction(theirs) == untouched
    rows = us.rows("transactions", f"station = {us.pk}")
    assert len({row["ocpp_id"] for row in rows}) == len(rows)
    assert {str(number) for number in own} <= {row["ocpp_id"] for row in rows}
    for row in rows:
        assert row["energy_wh"] is None or row["energy_wh"] >= 0
        assert row["ended_at"] is None or row["ended_at"] >= row["started_at"]
    still_open = {row["pk"] for row in rows if row["ended_at"] is None}
    for row in us.rows("connectors", f"station = {us.pk}"):
        assert row["transaction"] is None or row["transaction"] in still_open
        assert row["lifetime_wh"] >= 0


@SETTINGS
@given(st.lists(reported, max_size=8))
def test_everything_said_twice_counts_once(cp, reports):
    once, twice = type(cp)(cp.db, f"C{next(IDENTITIES)}"), type(cp)(cp.db, f"D{next(IDENTITIES)}")
    own_once: list[int] = []
    own_twice: list[int] = []
    for what in reports:
        if what[0] in {"start", "stop"}:
            tell(once, what, own_once, 1)
            for _ in range(2):
                tell(twice, what, own_twice, 1)
        elif what[0] == "wait":
            once.later(minutes=what[1])
            twice.later(minutes=what[1])

    def accounts(station):
        rows = station.rows("transactions", f"station = {station.pk}")
        return sorted((row["evse"], row["started_at"], row["energy_wh"] or -1.0) for row in rows)

    assert accounts(twice) == accounts(once)


def books(station, own):
    """What the database says of a station, without its numbers."""
    ended = station.rows("transactions", f"station = {station.pk}")
    pks = {row["pk"]: place for place, row in enumerate(ended)}
    found = []
    for table in ("transactions", "connectors", "meter_values"):
        for row in station.rows(table, f"station = {station.pk}"):
            row["transaction"] = pks.get(row.get("transaction"))
            unlike = {"pk", "station", "ocpp_id", "changed_at", "start_key", "stop_key"}
            found.append({name: value for name, value in row.items() if name not in unlike})
    return found, len(own)


@SETTINGS
@given(st.lists(reported, max_size=14))
def test_what_is_remembered_between_messages_is_what_the_database_says(cp, reports):
    cp.sql("UPDATE tokens SET parallel = 1")
    remembering, forgetful = type(cp)(cp.db, f"E{next(IDENTITIES)}"), type(cp)(cp.db, f"F{next(IDENTITIES)}")
    remembering.flushes = False
    own_one: list[int] = []
    own_two: list[int] = []
    for what in reports:
        tell(remembering, what, own_one, 1)
    cp.db.flush()
    for what in reports:
        tell(forgetful, what, own_two, 1)
        cp.db.memory.clear()

    assert books(remembering, own_one) == books(forgetful, own_two)
