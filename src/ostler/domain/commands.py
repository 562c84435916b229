"""What a person, a bridge or the load manager may order of a station.

One struct a command; a dialect lists those that its OCPP version can say (`Dialect.sends`). The REST name of
a command is its tag. 1.6 connector n is EVSE n, connector 1; `connector` in an order means the 1.6 number,
`evse` the 2.x one; both None or 0 means the whole station.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from ostler.domain.words import Result


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """Base of all orders."""


class StartCharging(Command, frozen=True, kw_only=True, tag="start-charging"):
    """Start a transaction for `token` (an id token as the station knows it)."""

    token: str
    evse: int | None = None
    connector: int | None = None
    charging_profile: dict[str, Any] | None = None


class StopCharging(Command, frozen=True, kw_only=True, tag="stop-charging"):
    """End a running transaction. `transaction_id` is Ostler's own id of it (REST `id`)."""

    transaction_id: int


class Reset(Command, frozen=True, kw_only=True, tag="reset"):
    """Restart the station."""

    kind: Literal["soft", "hard"] = "soft"
    evse: int | None = None


class Unlock(Command, frozen=True, kw_only=True, tag="unlock"):
    """Release the cable."""

    connector: int = 1
    evse: int | None = None


class SetAvailability(Command, frozen=True, kw_only=True, tag="set-availability"):
    """Put a connector (or with none: the station) in or out of service."""

    available: bool
    connector: int | None = None
    evse: int | None = None


class SetLimit(Command, frozen=True, kw_only=True, tag="set-limit"):
    """Limit a connector or the station: amperes a phase or watts in total; both None removes our limit.

    `phases` is what the one is converted into the other with, where a station takes only one; None: as
    measured.
    """

    connector: int | None = None
    evse: int | None = None
    current_a: float | None = None
    power_w: float | None = None
    phases: Literal[1, 2, 3] | None = None


class SetChargingProfile(Command, frozen=True, kw_only=True, tag="set-charging-profile"):
    """Install a profile in the station's own words (`csChargingProfiles` of 1.6)."""

    profile: dict[str, Any]
    connector: int = 0
    evse: int | None = None


class ClearChargingProfile(Command, frozen=True, kw_only=True, tag="clear-charging-profile"):
    """Remove profiles; the given fields are combined by AND, none means all."""

    profile_id: int | None = None
    connector: int | None = None
    evse: int | None = None
    purpose: str | None = None
    stack_level: int | None = None


class GetCompositeSchedule(Command, frozen=True, kw_only=True, tag="get-composite-schedule"):
    """Ask which limit is in force for the next `duration_s` seconds; the answer is in `detail`/`data`."""

    duration_s: int = 3600
    connector: int = 0
    evse: int | None = None
    unit: Literal["A", "W"] | None = None


class Reserve(Command, frozen=True, kw_only=True, tag="reserve"):
    """Keep a connector (0: any) for a token until `expires_at`, instead of `reservation_id` if given."""

    token: str
    expires_at: datetime
    connector: int = 0
    evse: int | None = None
    parent: str | None = None
    reservation_id: int | None = None


class CancelReservation(Command, frozen=True, kw_only=True, tag="cancel-reservation"):
    """Give a reserved connector free. `reservation_id` is the REST `id` of the reservation."""

    reservation_id: int


class Trigger(Command, frozen=True, kw_only=True, tag="trigger"):
    """Ask the station to send a message now, by its OCPP name, e.g. `MeterValues`."""

    message: str
    connector: int | None = None
    evse: int | None = None


class ClearCache(Command, frozen=True, kw_only=True, tag="clear-cache"):
    """Forget cached authorizations."""


class ReadParameters(Command, frozen=True, kw_only=True, tag="read-parameters"):
    """Ask for parameters (none named: all) and store them; `gently` asks one key at a time."""

    keys: tuple[str, ...] = ()
    gently: bool = False


class ParameterChange(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a change set."""

    key: str
    value: str


class ParameterResult(msgspec.Struct, frozen=True, kw_only=True):
    """How one change ended: accepted, reboot-required, unchanged, rejected, not-supported, or why nobody
    answered.

    `value` is what the station holds now, as read back; None where that is not known.
    """

    key: str
    result: str
    detail: str
    value: str | None = None


class WriteParameters(Command, frozen=True, kw_only=True, tag="write-parameters"):
    """Write parameters one by one; the answer's `data` has a row per change: key, result, detail, value."""

    changes: tuple[ParameterChange, ...]


class SendLocalList(Command, frozen=True, kw_only=True, tag="send-local-list"):
    """Bring the station's local authorization list in line with whom it may serve."""

    full: bool = True


class GetLocalListVersion(Command, frozen=True, kw_only=True, tag="get-local-list-version"):
    """Ask the version of the local list; in `data`."""


class UpdateFirmware(Command, frozen=True, kw_only=True, tag="update-firmware"):
    """Let the station fetch and install a firmware; one with signature and certificate is checked first."""

    location: str
    retrieve_at: datetime
    install_at: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None
    signature: str | None = None
    signing_certificate: str | None = None


class GetDiagnostics(Command, frozen=True, kw_only=True, tag="get-diagnostics"):
    """Let the station upload its diagnostics to `location`."""

    location: str
    started_after: datetime | None = None
    ended_before: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


class GetLog(Command, frozen=True, kw_only=True, tag="get-log"):
    """Let the station upload a log (`DiagnosticsLog`, `SecurityLog`)."""

    location: str
    kind: Literal["DiagnosticsLog", "SecurityLog"] = "DiagnosticsLog"
    started_after: datetime | None = None
    ended_before: datetime | None = None
    retries: int | None = None
    retry_interval_s: int | None = None


class DataTransfer(Command, frozen=True, kw_only=True, tag="data-transfer"):
    """A vendor's own message."""

    vendor_id: str
    message_id: str | None = None
    data: str | None = None


class SetKey(Command, frozen=True, kw_only=True, tag="set-key"):
    """Give the station a new Basic authentication key; we keep only its hash."""

    key: str


class InstallCertificate(Command, frozen=True, kw_only=True, tag="install-certificate"):
    """Add a root certificate (PEM) to those that the station trusts."""

    kind: Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]
    certificate: str


class DeleteCertificate(Command, frozen=True, kw_only=True, tag="delete-certificate"):
    """Remove an installed certificate, named by the hashes that `get-installed-certificate-ids` gave."""

    hash_algorithm: Literal["SHA256", "SHA384", "SHA512"]
    issuer_name_hash: str
    issuer_key_hash: str
    serial_number: str


class GetInstalledCertificateIds(Command, frozen=True, kw_only=True, tag="get-installed-certificate-ids"):
    """Ask which root certificates are installed; their hashes are in `data`."""

    kind: Literal["CentralSystemRootCertificate", "ManufacturerRootCertificate"]


class CertificateSigned(Command, frozen=True, kw_only=True, tag="certificate-signed"):
    """Give the station its signed certificate, followed by the chain (PEM)."""

    certificate_chain: str


class RawCall(Command, frozen=True, kw_only=True, tag="raw-call"):
    """Any request of the station's version in its own words (REST `calls/{Action}`)."""

    action: str
    payload: dict[str, Any]


class CommandResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How an order ended, with a sentence for people and, where the station told something, `data`."""

    result: Result
    detail: str = ""
    data: Any = None
