"""Whatever comes: no exception leaves the peer, and the next valid message is served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostler.ocpp import v16, v21, v201
from ostler.ocpp.base import Version
from ostler.ocpp.events import CallEnded, CallReceived
from ostler.ocpp.peer import Peer

RECORDED = [
    json.loads(line)["raw"].encode()
    for line in (Path(__file__).parents[1] / "data" / "frames.jsonl").read_text("utf-8").splitlines()
]
HEARTBEAT = b'[2,"next","Heartbeat",{}]'
CALLS = {
    Version.V16: v16.ClearCacheRequest,
    Version.V201: v201.ClearCacheRequest,
    Version.V21: v21.ClearCacheRequest,
}
MANY = settings(max_examples=300, deadline=None)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a", "p-1", "Reset"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ACTIONS = st.sampled_from(sorted({**v16.REQUESTS, **v201.REQUESTS, **v21.REQUESTS, **v21.SENDS}))
SHAPED = st.one_of(
    st.tuples(st.just(2) | st.just(6), st.text(max_size=40) | st.integers(), ACTIONS, JSON),
    st.tuples(st.just(3), st.just("p-1") | st.text(max_size=4), JSON),
    st.tuples(st.just(4) | st.just(5), st.just("p-1") | st.text(max_size=4), JSON, JSON, JSON),
    st.lists(JSON, max_size=6).map(tuple),
).map(lambda parts: json.dumps(parts).encode())


@st.composite
def mutated(draw):
    data = bytearray(draw(st.sampled_from(RECORDED)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["flip", "cut", "insert", "double"])):
            case "flip":
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 9))]
            case "insert":
                data[at:at] = draw(
                    st.sampled_from(
                        [b"null", b'"', b"[", b"}", b"\\u0000", b"\\ud800", b"1e999", b"\xff", b"NaN"]
                    )
                )
            case _:
                data[at:at] = data[at : at + 20]
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("version", list(Version))
@MANY
@given(data=st.binary(max_size=300) | SHAPED | mutated(), strict=st.booleans())
def test_whatever_comes_the_next_call_is_served(version, data, strict):
    peer = Peer(version, strict=strict, id_prefix="p")
    peer.call(CALLS[version](), 0, key="k")
    [_event] = peer.receive(data, 0)
    [served] = peer.receive(HEARTBEAT, 0)

    assert isinstance(served, CallReceived)


@MANY
@given(
    moves=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["call", "answer", "lose", "tick", "ask"]), st.booleans()),
            st.tuples(SHAPED, st.booleans()),
        ),
        max_size=30,
    )
)
def test_in_any_conversation_each_call_ends_exactly_once(moves):
    ends = (
        Peer(Version.V16, id_prefix="a", call_timeout_s=5),
        Peer(Version.V16, id_prefix="b", call_timeout_s=5),
    )
    made: list[int] = []
    ended: list[object] = []
    wires: tuple[list[bytes], list[bytes]] = ([], [])
    now = 0.0

    def collect(events, peer, wire):
        for event in events:
            if isinstance(event, CallEnded):
                ended.append(event.key)
            elif isinstance(event, CallReceived) and isinstance(event.request, v16.ClearCacheRequest):
                wire.append(
                    peer.answer(event.id, v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED))
                )

    for move, first in moves:
        peer, inbox, outbox = (ends[0], wires[0], wires[1]) if first else (ends[1], wires[1], wires[0])
        now += 1
        match move:
            case "call":
                made.append(len(made))
                peer.call(v16.ClearCacheRequest(), now, key=made[-1])
            case "answer" | "ask" if inbox:
                collect(peer.receive(inbox.pop(0 if move == "answer" else -1), now), peer, outbox)
            case "lose":
                inbox.clear()
            case bytes():
                collect(peer.receive(move, now), peer, outbox)
            case _:
                collect(peer.tick(now), peer, outbox)
        while (data := peer.take()) is not None:
            outbox.append(data)
    for peer in ends:
        collect(peer.close("over"), peer, [])

    assert sorted(ended) == made
