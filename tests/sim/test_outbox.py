from __future__ import annotations

from datetime import timedelta

import pytest
from harness.virtual import NOW

from ostler.ocpp import v16
from ostler.ocpp.events import Answered, Cancelled
from ostler.sim.outbox import Outbox
from ostler.sim.queue import TransactionQueue

HEARTBEAT = v16.HeartbeatRequest()
STOP = v16.StopTransactionRequest(meter_stop=5, timestamp=NOW, transaction_id=0)
ANSWER = Answered(v16.HeartbeatResponse(current_time=NOW), b"", ())


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(TransactionQueue([], {}))


def test_notifications_and_transaction_messages_leave_in_the_order_in_which_they_happened(outbox):
    outbox.say(HEARTBEAT)
    outbox.keep(STOP, transaction=None)
    outbox.say(HEARTBEAT)
    names = []
    while (request := outbox.take(NOW, accepted=True)) is not None:
        names.append(request.action)
        if not outbox.ended(ANSWER, NOW):
            outbox.queue.delivered(None)

    assert names == ["Heartbeat", "StopTransaction", "Heartbeat"]


def test_one_call_at_a_time(outbox):
    outbox.say(HEARTBEAT)
    outbox.say(HEARTBEAT)

    assert outbox.take(NOW, accepted=True) is not None
    assert outbox.take(NOW, accepted=True) is None


def test_before_the_station_is_accepted_only_what_is_asked_for_leaves(outbox):
    outbox.keep(STOP, transaction=None)
    outbox.say(HEARTBEAT)
    outbox.say(v16.FirmwareStatusNotificationRequest(status=v16.FirmwareStatus.IDLE), asked=True)

    assert isinstance(outbox.take(NOW, accepted=False), v16.FirmwareStatusNotificationRequest)


def test_while_a_transaction_message_waits_for_its_retry_notifications_pass_it(outbox):
    outbox.keep(STOP, transaction=None)
    outbox.say(HEARTBEAT)
    outbox.take(NOW, accepted=True)
    assert not outbox.ended(ANSWER, NOW)
    outbox.queue.failed(NOW, attempts=3, interval_s=60)

    assert outbox.take(NOW, accepted=True) is HEARTBEAT
    outbox.ended(ANSWER, NOW)
    assert outbox.take(NOW, accepted=True) is None
    assert outbox.take(NOW + timedelta(seconds=60), accepted=True) == STOP.__class__(
        meter_stop=5, timestamp=NOW, transaction_id=-1
    )


def test_a_lost_connection_drops_notifications_and_says_so_and_keeps_transaction_messages(outbox):
    outcomes = []
    outbox.say(HEARTBEAT, lambda outcome, _: outcomes.append(outcome))
    outbox.say(HEARTBEAT, lambda outcome, _: outcomes.append(outcome))
    outbox.keep(STOP, transaction=None)
    outbox.take(NOW, accepted=True)

    outbox.drop(NOW, "gone")

    assert outcomes == [Cancelled("gone")] * 2
    assert len(outbox) == 1
    assert isinstance(outbox.take(NOW, accepted=True), v16.StopTransactionRequest)
