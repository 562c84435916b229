"""Messages about transactions, which must arrive: kept in order, over power cuts, until they are answered.

OCPP 1.6 §3.7: in chronological order, up to TransactionMessageAttempts times, with a wait of
TransactionMessageRetryInterval times the number of earlier attempts; newer ones wait for older ones.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from ostler.ocpp import v16
from ostler.ocpp.base import Request

NUMBER_UNKNOWN = -1
"""What a StopTransaction names when its start was never answered (OCPP 1.6 errata 3.18)."""


class Queued(msgspec.Struct, kw_only=True):
    """A message that waits. `transaction` is the station's own name of its transaction."""

    serial: int
    action: str
    payload: msgspec.Raw
    transaction: str | None
    attempts: int = 0
    due: datetime | None = None


class TransactionQueue:
    """The queue over the lists of a station's memory: what these hold is all that it knows."""

    def __init__(self, entries: list[Queued], numbers: dict[str, int]) -> None:
        """`numbers` are the ids that the central system gave, by the station's own names."""
        self._entries = entries
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def serial(self) -> int | None:
        """The place of the first message among all that the station wants to say."""
        return self._entries[0].serial if self._entries else None

    @property
    def last_serial(self) -> int:
        return self._entries[-1].serial if self._entries else 0

    def add(self, request: Request[Any], *, serial: int, transaction: str | None) -> None:
        """Keep a message; its transaction's id is put in when it is sent."""
        payload = msgspec.Raw(msgspec.json.encode(request))
        self._entries.append(
            Queued(serial=serial, action=request.action, payload=payload, transaction=transaction)
        )

    def due(self, now: datetime) -> bool:
        """Whether the first message may be sent."""
        return bool(self._entries) and (self._entries[0].due is None or self._entries[0].due <= now)

    def first(self) -> Request[Any]:
        """Return the first message as it is to be sent now."""
        entry = self._entries[0]
        request: Request[Any] = msgspec.json.decode(entry.payload, type=v16.REQUESTS[entry.action])
        number = None if entry.transaction is None else self._numbers.get(entry.transaction)
        match request:
            case v16.StopTransactionRequest():
                number = NUMBER_UNKNOWN if number is None else number
                return msgspec.structs.replace(request, transaction_id=number)
            case v16.MeterValuesRequest():
                return msgspec.structs.replace(request, transaction_id=number)
            case _:
                return request

    def delivered(self, response: object) -> Queued:
        """The first message was answered: forget it, but for the id that the answer gave."""
        entry = self._entries.pop(0)
        if entry.transaction is not None:
            if isinstance(response, v16.StartTransactionResponse):
                self._numbers[entry.transaction] = response.transaction_id
            elif isinstance(response, v16.StopTransactionResponse):
                self._numbers.pop(entry.transaction, None)
        return entry

    def failed(self, now: datetime, *, attempts: int, interval_s: int) -> Queued | None:
        """The first message was refused or not answered; return it when it is given up."""
        entry = self._entries[0]
        entry.attempts += 1
        if entry.attempts >= attempts:
            return self._entries.pop(0)
        entry.due = now + timedelta(seconds=interval_s * entry.attempts)
        return None
