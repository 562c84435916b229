from __future__ import annotations

import msgspec
import pytest

from ostler.ocpp.v16 import ConfigurationStatus
from ostler.sim.configuration import Configuration
from ostler.sim.devices.generic import MODEL
from ostler.sim.model import Key, Kind


@pytest.fixture
def keys() -> Configuration:
    extra = Key(name="Slow", value="1", kind=Kind.NUMBER, reboot=True)
    return Configuration((*MODEL.keys, extra), {})


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("HeartbeatInterval", "60", "Accepted"),
        ("heartbeatinterval", "60", "Accepted"),
        ("HeartbeatInterval", "-1", "Rejected"),
        ("HeartbeatInterval", "ten", "Rejected"),
        ("HeartbeatInterval", "9999999999", "Rejected"),
        ("LightIntensity", "101", "Rejected"),
        ("LocalPreAuthorize", "TRUE", "Accepted"),
        ("LocalPreAuthorize", "yes", "Rejected"),
        ("MeterValuesSampledData", "Power.Active.Import, SoC", "Accepted"),
        ("MeterValuesSampledData", "", "Accepted"),
        ("MeterValuesSampledData", "Power.Active.Import,RPM", "Rejected"),
        ("NumberOfConnectors", "3", "Rejected"),
        ("AuthorizationKey", "too short", "Rejected"),
        ("AuthorizationKey", "0123456789abcdef" * 2, "Accepted"),
        ("CpoName", "x" * 65, "Rejected"),
        ("Nonsense", "1", "NotSupported"),
        ("Slow", "2", "RebootRequired"),
    ],
)
def test_a_key_takes_what_fits_it(keys, name, value, status):
    assert keys.write(name, value) == ConfigurationStatus(status)


def test_a_new_value_is_in_force_at_once(keys):
    keys.write("HeartbeatInterval", "60")

    assert keys.number("HeartbeatInterval") == 60


def test_a_value_that_wants_a_reboot_is_shown_but_counts_later(keys):
    keys.write("Slow", "2")
    [shown], _ = keys.read(["Slow"])
    assert (shown.value, keys.number("Slow")) == ("2", 1)

    keys.reboot()

    assert keys.number("Slow") == 2


def test_a_secret_is_never_shown(keys):
    keys.write("AuthorizationKey", "0123456789abcdef" * 2)

    [shown], _ = keys.read(["AuthorizationKey"])

    assert shown.value is None


def test_a_key_that_the_model_lacks_has_its_default(keys):
    assert keys.number("Nonsense", 7) == 7
    assert keys.flag("Nonsense") is False
    assert keys.words("Nonsense") == []
    with pytest.raises(KeyError):
        keys.text("Nonsense")


def test_the_standard_keys_of_the_core_profile_are_all_there(keys):
    required = [
        "AuthorizeRemoteTxRequests",
        "ClockAlignedDataInterval",
        "ConnectionTimeOut",
        "ConnectorPhaseRotation",
        "GetConfigurationMaxKeys",
        "HeartbeatInterval",
        "LocalAuthorizeOffline",
        "LocalPreAuthorize",
        "MeterValuesAlignedData",
        "MeterValuesSampledData",
        "MeterValueSampleInterval",
        "NumberOfConnectors",
        "ResetRetries",
        "StopTransactionOnEVSideDisconnect",
        "StopTransactionOnInvalidId",
        "StopTxnAlignedData",
        "StopTxnSampledData",
        "SupportedFeatureProfiles",
        "TransactionMessageAttempts",
        "TransactionMessageRetryInterval",
        "UnlockConnectorOnEVSideDisconnect",
    ]

    found, unknown = keys.read(required)

    assert unknown == []
    assert len(found) == len(required)


def test_values_of_the_factory_can_be_replaced_without_writing_them():
    written: dict[str, str] = {}
    keys = Configuration(MODEL.keys, written, {"MeterValueSampleInterval": "5"})

    assert keys.number("MeterValueSampleInterval") == 5
    assert written == {}


@pytest.mark.parametrize("key", [key for key in MODEL.keys if not key.secret], ids=lambda key: key.name)
def test_every_factory_value_fits_its_own_key(key):
    writable = msgspec.structs.replace(key, readonly=False)

    assert Configuration([writable], {}).write(key.name, key.value) == ConfigurationStatus.ACCEPTED
