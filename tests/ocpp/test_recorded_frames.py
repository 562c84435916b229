"""Real frames of real stations: each is read with its meaning kept."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from ostler.ocpp import frames
from ostler.ocpp.base import Version
from ostler.ocpp.events import CallReceived
from ostler.ocpp.frames import CallFrame, ErrorFrame, ResultFrame
from ostler.ocpp.peer import Peer

RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "frames.jsonl").read_text("utf-8").splitlines()
]
IDS = [f"{number}-{row['vendor']}" for number, row in enumerate(RECORDED)]
CALLS = [row for row in RECORDED if row["frame"] is not None and row["frame"][0] == 2]


def _leaves(value, found):
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _leaves(item, found)
    else:
        found.append(value)
    return found


@pytest.mark.parametrize("row", RECORDED, ids=IDS)
def test_the_frame_is_what_was_recorded(row):
    frame = frames.parse(row["raw"].encode())

    match row["frame"]:
        case [2, id_, action, payload]:
            assert isinstance(frame, CallFrame)
            assert (frame.id, frame.action, json.loads(bytes(frame.payload))) == (id_, action, payload)
        case [3, id_, payload]:
            assert isinstance(frame, ResultFrame)
            assert (frame.id, json.loads(bytes(frame.payload))) == (id_, payload)
        case [4, id_, code, description, *_]:
            assert isinstance(frame, ErrorFrame)
            assert (frame.id, frame.code, frame.description) == (id_, code, description)


@pytest.mark.parametrize("row", CALLS)
def test_each_call_is_served_and_nothing_of_it_is_lost(row):
    [event] = Peer(Version(row["version"])).receive(row["raw"], 0)
    assert isinstance(event, CallReceived)
    kept = json.loads(msgspec.json.encode(event.request))
    told = [deviation.got for deviation in event.deviations]
    missing = [
        leaf
        for leaf in _leaves(row["frame"][3], [])
        if leaf not in _leaves(kept, []) and str(leaf) not in told
    ]

    assert [leaf for leaf in missing if "T" not in str(leaf)] == []  # times are written in one spelling
