"""A station's configuration keys: what may be read and written, and what is in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ostler.ocpp.v16 import ConfigurationStatus, KeyValue
from ostler.sim.model import Key, Kind


class Configuration:
    """The keys of one station. `written` holds what was changed since the factory, by the key's own name."""

    def __init__(
        self, keys: Sequence[Key], written: dict[str, str], fixed: Mapping[str, str] | None = None
    ) -> None:
        """`fixed` replaces values of the model (the number of connectors, a demo's intervals)."""
        self._keys = {key.name.casefold(): key for key in keys}
        self._fixed = dict(fixed or {})
        self._written = written
        # A key that wants a reboot goes on with its old value until then.
        self._in_force = dict(written)

    def text(self, name: str) -> str:
        """Return the value in force; raises `KeyError` for a key that the model lacks."""
        key = self._keys[name.casefold()]
        return self._in_force.get(key.name, self._factory(key))

    def number(self, name: str, default: int = 0) -> int:
        """Return a number in force, `default` for a key that the model lacks."""
        return int(self.text(name)) if name.casefold() in self._keys else default

    def flag(self, name: str) -> bool:
        """Whether a flag is set; a key that the model lacks is not."""
        return name.casefold() in self._keys and self.text(name).casefold() == "true"

    def words(self, name: str) -> list[str]:
        """Return a list in force; empty for a key that the model lacks."""
        text = self.text(name) if name.casefold() in self._keys else ""
        return [word for part in text.split(",") if (word := part.strip())]

    def read(self, names: Sequence[str] | None) -> tuple[list[KeyValue], list[str]]:
        """Return the keys asked for (none named: all) and the names that are unknown (OCPP 1.6 §5.8)."""
        if not names:
            return [self._shown(key) for key in self._keys.values()], []
        found = [key for name in names if (key := self._keys.get(name.casefold()))]
        return [self._shown(key) for key in found], [
            name for name in names if name.casefold() not in self._keys
        ]

    def write(self, name: str, value: str) -> ConfigurationStatus:
        """Change a key as ChangeConfiguration asks (OCPP 1.6 §5.3)."""
        key = self._keys.get(name.casefold())
        if key is None:
            return ConfigurationStatus.NOT_SUPPORTED
        if key.readonly or not _fits(key, value):
            return ConfigurationStatus.REJECTED
        self._written[key.name] = value
        if key.reboot:
            return ConfigurationStatus.REBOOT_REQUIRED
        self._in_force[key.name] = value
        return ConfigurationStatus.ACCEPTED

    def reboot(self) -> None:
        """Let everything that was written count."""
        self._in_force = dict(self._written)

    def _factory(self, key: Key) -> str:
        return self._fixed.get(key.name, key.value)

    def _shown(self, key: Key) -> KeyValue:
        value = None if key.secret else self._written.get(key.name, self._factory(key))
        return KeyValue(key=key.name, readonly=key.readonly, value=value)


def _fits(key: Key, value: str) -> bool:
    match key.kind:
        case Kind.FLAG:
            return value.casefold() in {"true", "false"}
        case Kind.NUMBER:
            if not (value.isascii() and value.isdigit() and len(value) < 10):
                return False
            return key.smallest <= int(value) and (key.largest is None or int(value) <= key.largest)
        case Kind.WORDS:
            # OCPP 1.6 §9.1.17: one word that is not supported refuses the whole list.
            words = [word.strip() for word in value.split(",") if word.strip()]
            return all(word in key.choices for word in words) and len(words) <= (key.largest or len(words))
        case Kind.TEXT:
            return key.smallest <= len(value) and (key.largest is None or len(value) <= key.largest)
