"""The closed word lists that every OCPP version is translated into."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What a connector does: the nine words of OCPP 1.6 §7.7 in every version, plus Offline as seen by us."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EVSE = "SuspendedEVSE"
    SUSPENDED_EV = "SuspendedEV"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"
    OFFLINE = "Offline"


class Boot(StrEnum):
    """How the next BootNotification of a station is answered."""

    ACCEPTED = "accepted"
    PENDING = "pending"
    REJECTED = "rejected"


class TokenStatus(StrEnum):
    """What an administrator says of a token."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"


class Verdict(StrEnum):
    """What a station is told about a token (OCPP 1.6 AuthorizationStatus)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT = "ConcurrentTx"


class Mark(StrEnum):
    """What is odd about a transaction and worth a person's look."""

    CLOCK = "clock"
    """Its times cannot be true; ours are shown instead or beside them."""
    ENERGY = "energy"
    """Start/stop readings and the samples disagree."""
    REGISTER_RESET = "register-reset"
    """The meter's register fell while it ran."""
    UNKNOWN_START = "unknown-start"
    """We only saw its end, or only its samples."""
    CLOSED_BY_NEXT = "closed-by-next"
    """It never ended by itself: the next start on this connector closed it."""
    CLOSED_BY_REMOVAL = "closed-by-removal"
    """It never ended by itself: the station was removed while it ran."""
    REFUSED = "refused"
    """Its token was not accepted; kept all the same."""
    OFFLINE = "offline"
    """It was reported after the fact."""
    OTHER_TOKEN = "other-token"  # noqa: S105 - a mark, not a secret
    """Stopped by a token that is neither its own nor of its group."""


class Role(StrEnum):
    """What a user or an API token may do; each includes the former."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


class Result(StrEnum):
    """How a command ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SCHEDULED = "scheduled"
    NOT_SUPPORTED = "not-supported"
    OFFLINE = "offline"
    TIMED_OUT = "timed-out"
    ERROR = "error"
