"""Keep secrets out of the message log: keys, passwords, credentials in addresses."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

MASK: Final = "***"
LONGEST_FREE_TEXT: Final = 4096
LONGEST_WORD: Final = 100

# The messages of which there are many hold no secrets, so nothing is decoded for them a second time.
_HARMLESS: Final = frozenset(
    {
        "Authorize",
        "Heartbeat",
        "MeterValues",
        "StartTransaction",
        "StatusNotification",
        "StopTransaction",
        "TransactionEvent",
    }
)
_SECRET_NAME: Final = re.compile(r"authorizationkey|password|passphrase|secret|(?:^|[._])pin$", re.IGNORECASE)
_CREDENTIALS: Final = re.compile(r"(?<=://)[^/\s\"@]+@")
_SECRET_TEXT: Final = re.compile(
    r"""(authorizationkey|password|passphrase|secret)(\\?["']?\s*[:=,]\s*(?:\\?"value\\?"\s*:\s*)?\\?["']?)[^"'\\\s,;}&]+""",
    re.IGNORECASE,
)
# In a row of configuration (1.6 KeyValue, 2.x SetVariableData) these hold what its name makes a secret.
_VALUES: Final = ("value", "attributeValue")


def mask(action: str, payload: str) -> str:
    """Return the JSON text `payload` of a message, or of its answer, without secrets."""
    if action in _HARMLESS:
        return payload
    if not (_SECRET_NAME.search(payload) or "://" in payload):
        return payload
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return mask_text(payload)
    return msgspec.json.encode(_without_secrets(found)).decode()


def mask_text(text: str) -> str:
    """Return free text, cut to 4 KiB, without what looks like a secret."""
    masked = _CREDENTIALS.sub(f"{MASK}@", text[:LONGEST_FREE_TEXT])
    return _SECRET_TEXT.sub(rf"\1\2{MASK}", masked)


def is_secret(name: str) -> bool:
    """Whether the value of a parameter or property called `name` must not be shown."""
    return _SECRET_NAME.search(name) is not None


def _without_secrets(value: Any) -> Any:
    match value:
        case dict():
            hidden = _VALUES if is_secret(_name_of_row(value)) else ()
            return {
                name: MASK if content and (name in hidden or is_secret(name)) else _without_secrets(content)
                for name, content in value.items()
            }
        case list():
            return [_without_secrets(item) for item in value]
        case str() if "://" in value:
            return _CREDENTIALS.sub(f"{MASK}@", value)
        case str() if _SECRET_NAME.search(value) and value.lstrip()[:1] in {"{", "["}:
            return mask_text(value)
        case _:
            return value


def _name_of_row(row: dict[str, Any]) -> str:
    """Return the name of a row of configuration, else nothing."""
    name = row.get("key")
    variable = row.get("variable")
    if isinstance(variable, dict):
        name = variable.get("name")
    return name if isinstance(name, str) else ""
