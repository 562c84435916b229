"""The stations' records in memory, so that nobody waits for a database at the door."""

from __future__ import annotations

from ostler import quirks
from ostler.gateway.settings import GatewaySettings
from ostler.services import stations
from ostler.services.stations import Record
from ostler.store.store import Store


def ping_interval_s(record: Record, settings: GatewaySettings) -> float:
    """How often to ping a station, 0 never: as a person said, as its model can bear, or as usual."""
    if record.ping_interval_s is not None:
        return record.ping_interval_s
    if not quirks.find(record.vendor, record.model, record.firmware).server_ping:
        return 0.0
    return settings.ping_interval_s


class Directory:
    """Follows the table `stations`.

    The gateway reads a record anew when it changed, and all of them when another process wrote.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: dict[str, Record] = {}
        self._stale: dict[str, int] = {}

    def get(self, identity: str) -> Record | None:
        """Return what is known of a station."""
        return self._records.get(identity)

    def put(self, record: Record) -> Record:
        """Take over a record; epochs only grow, and the newest may not be stored yet."""
        known = self._records.get(record.id)
        if known is not None and known.pk == record.pk and known.epoch > record.epoch:
            record = record._replace(epoch=known.epoch)
        self._records[record.id] = record
        return record

    def raise_epoch(self, record: Record) -> Record:
        """Return the record for one more connection."""
        known = self._records.get(record.id, record)
        return self.put(record._replace(epoch=max(known.epoch, record.epoch) + 1))

    async def load(self) -> tuple[list[Record], list[str]]:
        """Read all records; returns those that are new or changed, and the identities that are no more."""
        found = {record.id: record for record in await self._store.read(stations.records)}
        gone = [identity for identity in self._records if identity not in found]
        for identity in gone:
            del self._records[identity]
        changed = [record for record in found.values() if self._records.get(record.id) != record]
        return [self.put(record) for record in changed], gone

    def fresh(self, identity: str) -> bool:
        """Whether what is known is what is stored; else ask the database."""
        return identity not in self._stale

    def changed(self, identity: str) -> None:
        """The record was changed: until `refresh` is through, nothing is decided from memory."""
        self._stale[identity] = self._stale.get(identity, 0) + 1

    async def refresh(self, identity: str) -> Record | None:
        """Read one record; None when the station is no more."""
        record = await self._store.read(stations.record, identity)
        waiting = self._stale.pop(identity, 1) - 1
        if waiting:
            self._stale[identity] = waiting  # it changed once more, and that one may be missing here
        if record is None:
            self._records.pop(identity, None)
            return None
        return self.put(record)
