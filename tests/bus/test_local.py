from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ostler.bus.local import Bus
from ostler.domain.commands import ClearCache, CommandResult
from ostler.domain.events import StationChanged, StationWaiting
from ostler.domain.words import Result

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def changed(station: str) -> StationChanged:
    return StationChanged(at=NOW, station=station)


class Holder:
    async def execute(self, command):
        return CommandResult(result=Result.ACCEPTED)

    def close(self, code, reason):
        """End nothing."""


async def taken(subscription, count):
    await subscription.wait()
    events = subscription.take()
    assert len(events) == count
    return events


async def test_everyone_who_listens_gets_events_in_order():
    bus = Bus()
    first, second = bus.subscribe(), bus.subscribe()
    bus.publish([changed("A"), changed("B")])

    for subscription in (first, second):
        assert [(n.number, n.event.station) for n in await taken(subscription, 2)] == [(1, "A"), (2, "B")]


async def test_what_was_missed_is_told_again():
    bus = Bus()
    bus.publish([changed("A"), changed("B")])

    assert [n.number for n in await taken(bus.subscribe(after=1), 1)] == [2]


async def test_a_slow_listener_loses_the_oldest():
    bus = Bus()
    subscription = bus.subscribe(limit=1)
    bus.publish([changed("A"), changed("B")])

    assert [n.event.station for n in await taken(subscription, 1)] == ["B"]
    assert subscription.lost == 1


async def test_what_was_taken_is_not_given_again():
    bus = Bus()
    subscription = bus.subscribe()
    bus.publish([changed("A")])
    await taken(subscription, 1)

    assert subscription.take() == []


async def test_who_no_longer_listens_gets_nothing():
    bus = Bus()
    subscription = bus.subscribe()
    bus.unsubscribe(subscription)
    bus.publish([changed("A")])

    assert not subscription._events


async def test_a_listener_is_called_for_its_kind_of_event_only():
    bus = Bus()
    heard = []
    bus.listen(StationChanged, heard.append)
    bus.publish([StationWaiting(at=NOW, station="B", address=""), changed("A")])
    bus.unlisten(StationChanged, heard.append)
    bus.unlisten(StationChanged, heard.append)
    bus.publish([changed("C")])

    assert [event.station for event in heard] == ["A"]


async def test_an_order_goes_to_the_holder():
    bus = Bus()
    holder = Holder()
    bus.hold("A", holder)

    assert (await bus.command("A", ClearCache())).result is Result.ACCEPTED
    assert (bus.holder("A"), bus.connected_count) == (holder, 1)


async def test_a_holder_that_was_replaced_does_not_release_the_new_one():
    bus = Bus()
    old, new = Holder(), Holder()
    bus.hold("A", old)
    bus.hold("A", new)
    bus.release("A", old)

    assert bus.connected("A")
    bus.release("A", new)
    assert (await bus.command("A", ClearCache())).result is Result.OFFLINE


async def test_numbers_go_on_from_where_they_are_told_to():
    bus = Bus(start=500)
    bus.publish([changed("A")])

    assert (bus.number, bus.remembers(500), bus.remembers(501)) == (501, True, True)


@pytest.mark.parametrize("after", [0, 499, 502])
def test_what_was_before_the_start_or_never_was_is_not_remembered(after):
    bus = Bus(start=500)
    bus.publish([changed("A")])

    assert not bus.remembers(after)


def test_what_fell_out_of_the_history_is_not_remembered():
    bus = Bus(history=2)
    bus.publish([changed(name) for name in "ABC"])

    assert (bus.remembers(0), bus.remembers(1)) == (False, True)
