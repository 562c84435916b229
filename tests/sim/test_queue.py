from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from harness.virtual import ACCEPTED, NOW

from ostler.ocpp import v16
from ostler.sim.memory import Memory
from ostler.sim.queue import NUMBER_UNKNOWN, TransactionQueue

START = v16.StartTransactionRequest(connector_id=1, id_tag="A", meter_start=0, timestamp=NOW)
STOP = v16.StopTransactionRequest(meter_stop=5, timestamp=NOW, transaction_id=0)
VALUES = v16.MeterValuesRequest(
    connector_id=1,
    meter_value=[v16.MeterValue(timestamp=NOW, sampled_value=[v16.SampledValue(value="1")])],
)


@pytest.fixture
def queue() -> TransactionQueue:
    queue = TransactionQueue([], {})
    for serial, request in enumerate((START, VALUES, STOP), 1):
        queue.add(request, serial=serial, transaction="t1")
    return queue


def test_messages_come_in_the_order_in_which_they_happened(queue):
    names = []
    while len(queue):
        names.append(queue.first().action)
        queue.delivered(None)

    assert names == ["StartTransaction", "MeterValues", "StopTransaction"]


def test_later_messages_carry_the_id_that_the_start_was_given(queue):
    queue.delivered(v16.StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=77))
    values = queue.first()
    queue.delivered(v16.MeterValuesResponse())

    assert values.transaction_id == 77
    assert queue.first().transaction_id == 77


def test_the_stop_of_a_start_that_was_given_up_names_minus_one(queue):
    queue.failed(NOW, attempts=1, interval_s=60)
    values = queue.first()
    queue.delivered(v16.MeterValuesResponse())

    assert values.transaction_id is None
    assert queue.first().transaction_id == NUMBER_UNKNOWN == -1


def test_the_wait_grows_with_the_number_of_attempts(queue):
    queue.failed(NOW, attempts=9, interval_s=60)
    assert not queue.due(NOW + timedelta(seconds=59))
    assert queue.due(NOW + timedelta(seconds=60))

    queue.failed(NOW, attempts=9, interval_s=60)

    assert not queue.due(NOW + timedelta(seconds=119))
    assert queue.due(NOW + timedelta(seconds=120))


def test_after_the_last_attempt_a_message_is_given_up(queue):
    assert queue.failed(NOW, attempts=2, interval_s=1) is None

    given_up = queue.failed(NOW, attempts=2, interval_s=1)

    assert given_up is not None
    assert given_up.action == "StartTransaction"
    assert queue.first().action == "MeterValues"


def test_the_queue_survives_a_power_cut_with_its_numbers_and_attempts():
    memory = Memory()
    queue = TransactionQueue(memory.queue, memory.numbers)
    queue.add(START, serial=1, transaction="t1")
    queue.add(STOP, serial=2, transaction="t1")
    queue.delivered(v16.StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=77))
    queue.failed(NOW, attempts=3, interval_s=60)

    later = msgspec.json.decode(msgspec.json.encode(memory), type=Memory)
    revived = TransactionQueue(later.queue, later.numbers)

    assert revived.first() == msgspec.structs.replace(STOP, transaction_id=77)
    assert not revived.due(NOW)


def test_the_number_is_forgotten_when_the_stop_was_delivered():
    numbers = {"t1": 5}
    queue = TransactionQueue([], numbers)
    queue.add(STOP, serial=1, transaction="t1")

    queue.delivered(v16.StopTransactionResponse())

    assert numbers == {}
