"""What a quirk can say: behaviours that any model might share, none named after a vendor."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from ostler.domain.measures import PLAIN, MeterHabits


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """How to treat a station: the merged quirks of its model, or these defaults.

    `gentle_reading`: ask GetConfiguration key by key; asking for all crashes or locks it.
    `server_ping`: it answers WebSocket pings; where not, a missing pong means nothing.
    `highest_stack_level`: it refuses charging profiles above this level.
    `clear_profile_first`: it refuses a second profile instead of replacing the first.
    `profile_kind`: the only kind of charging profile that it takes; empty where any will do.
    `station_profile`: it takes ChargePointMaxProfile.
    `forgets_profiles`: charging profiles are gone after a reconnect and must be sent again.
    `change_availability`: ChangeAvailability is safe to send.
    `token_separator`: cut id tokens at this character; what follows is the station's own addition.
    `token_expiry_h`: tell an expiry this far ahead for tokens that have none; it insists on one.
    `least_sample_interval_s`: it refuses a shorter MeterValueSampleInterval.
    `meter`: what it means by its samples.
    """

    gentle_reading: bool = False
    server_ping: bool = True
    highest_stack_level: int | None = None
    clear_profile_first: bool = False
    profile_kind: Literal["", "Absolute", "Relative", "Recurring"] = ""
    station_profile: bool = True
    forgets_profiles: bool = False
    change_availability: bool = True
    token_separator: str = ""
    token_expiry_h: int | None = None
    least_sample_interval_s: int | None = None
    meter: MeterHabits = PLAIN

    def token(self, said: str) -> str:
        """The id token without the station's own addition."""
        return said.partition(self.token_separator)[0] if self.token_separator else said


NO_QUIRKS = Quirks()


class Quirk(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that some models do differently, with `why`: where it was seen.

    `vendor`, `models` and `firmware` are shell patterns, compared without regard to case; firmware with all
    versions where it is not given. The other fields are those of `Quirks`; UNSET ones stay as they are.
    """

    vendor: str
    why: str
    models: tuple[str, ...] = ("*",)
    firmware: tuple[str, ...] = ("*",)
    gentle_reading: bool | UnsetType = UNSET
    server_ping: bool | UnsetType = UNSET
    highest_stack_level: int | UnsetType | None = UNSET
    clear_profile_first: bool | UnsetType = UNSET
    profile_kind: Literal["", "Absolute", "Relative", "Recurring"] | UnsetType = UNSET
    station_profile: bool | UnsetType = UNSET
    forgets_profiles: bool | UnsetType = UNSET
    change_availability: bool | UnsetType = UNSET
    token_separator: str | UnsetType = UNSET
    token_expiry_h: int | UnsetType | None = UNSET
    least_sample_interval_s: int | UnsetType | None = UNSET
    meter: MeterHabits | UnsetType = UNSET

    def applies(self, vendor: str, model: str, firmware: str) -> bool:
        """Whether a station that booted with these words has it."""
        return (
            _matches(vendor, (self.vendor,))
            and _matches(model, self.models)
            and _matches(firmware, self.firmware)
        )

    def over(self, quirks: Quirks) -> Quirks:
        """`quirks` with this one laid over; meter habits are joined."""
        given = {
            name: value for name in Quirks.__struct_fields__ if (value := getattr(self, name)) is not UNSET
        }
        if "meter" in given:
            given["meter"] = _joined(quirks.meter, given["meter"])
        return msgspec.structs.replace(quirks, **given)


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    folded = text.casefold().strip()
    return any(fnmatchcase(folded, pattern.casefold()) for pattern in patterns)


def _joined(one: MeterHabits, other: MeterHabits) -> MeterHabits:
    return MeterHabits(
        measurands=one.measurands + other.measurands,
        contexts=one.contexts + other.contexts,
        untrusted=one.untrusted + other.untrusted,
        session_register=one.session_register or other.session_register,
    )
