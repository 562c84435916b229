"""CALLERROR codes, and the one exception of the conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ostler.ocpp.base import Version, Word

MAX_DESCRIPTION = 255


class ErrorCode(Word):
    """A CALLERROR code in one spelling for all versions; `spelled` and `read` translate."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMAT_VIOLATION = "FormatViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"


# OCPP-J 1.6 §4.2.3 misspells two codes and lacks the two that came with 2.0.1.
_SPELLINGS: Mapping[Version, Mapping[ErrorCode, str]] = {
    Version.V16: {
        ErrorCode.FORMAT_VIOLATION: "FormationViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "ProtocolError",
        ErrorCode.RPC_FRAMEWORK_ERROR: "GenericError",
    },
    Version.V201: {},
    Version.V21: {},
}
_OTHER_SPELLINGS = {
    "FormationViolation": ErrorCode.FORMAT_VIOLATION,
    "OccurenceConstraintViolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
}


def spelled(code: ErrorCode, version: Version) -> str:
    """Return the code as `version` spells it."""
    return _SPELLINGS[version].get(code, code.value)


def read(text: str) -> ErrorCode:
    """Return the code that `text` means in either spelling; an unknown one is kept."""
    return _OTHER_SPELLINGS.get(text) or ErrorCode.of(text)


class OcppError(Exception):
    """A request that is refused with a CALLERROR of this code; `description` is a sentence for people."""

    def __init__(
        self, code: ErrorCode, description: str = "", details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code.value}: {description}")
        self.code = code
        self.description = description[:MAX_DESCRIPTION]
        self.details = dict(details or {})
