"""A station without peculiarities: two connectors of 22 kW, all of OCPP 1.6 and its security extension."""

from __future__ import annotations

from typing import Final

from ostler.sim.model import Key, Kind, Model

_MEASURANDS: Final = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Power.Offered",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "SoC",
    "Temperature",
    "Frequency",
)
_SAMPLED: Final = (
    "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC,Current.Offered"
)
_PROFILES: Final = "Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger"


def _flag(name: str, value: str, *, readonly: bool = False) -> Key:
    return Key(name=name, value=value, kind=Kind.FLAG, readonly=readonly)


def _number(
    name: str, value: int, *, readonly: bool = False, largest: int | None = None, reboot: bool = False
) -> Key:
    return Key(
        name=name, value=str(value), kind=Kind.NUMBER, readonly=readonly, largest=largest, reboot=reboot
    )


def _fixed(name: str, value: str) -> Key:
    return Key(name=name, value=value, readonly=True)


def _measurands(name: str, value: str) -> Key:
    return Key(name=name, value=value, kind=Kind.WORDS, choices=_MEASURANDS, largest=len(_MEASURANDS))


# OCPP 1.6 §9; the last group is of the security extension.
_KEYS: Final = (
    _flag("AllowOfflineTxForUnknownId", "false"),
    _flag("AuthorizationCacheEnabled", "true"),
    _flag("AuthorizeRemoteTxRequests", "true"),
    _number("BlinkRepeat", 3),
    _number("ClockAlignedDataInterval", 0),
    _number("ConnectionTimeOut", 60),
    _fixed("ConnectorPhaseRotation", "0.RST,1.RST,2.RST"),
    _number("ConnectorPhaseRotationMaxLength", 3, readonly=True),
    _number("GetConfigurationMaxKeys", 30, readonly=True),
    _number("HeartbeatInterval", 300),
    _number("LightIntensity", 80, largest=100),
    _flag("LocalAuthorizeOffline", "true"),
    _flag("LocalPreAuthorize", "false"),
    _number("MaxEnergyOnInvalidId", 0),
    _measurands("MeterValuesAlignedData", "Energy.Active.Import.Register"),
    _number("MeterValuesAlignedDataMaxLength", 9, readonly=True),
    _measurands("MeterValuesSampledData", _SAMPLED),
    _number("MeterValuesSampledDataMaxLength", 9, readonly=True),
    _number("MeterValueSampleInterval", 60),
    _number("MinimumStatusDuration", 0),
    _number("NumberOfConnectors", 2, readonly=True),
    _number("ResetRetries", 1),
    _flag("StopTransactionOnEVSideDisconnect", "true"),
    _flag("StopTransactionOnInvalidId", "true"),
    _measurands("StopTxnAlignedData", ""),
    _number("StopTxnAlignedDataMaxLength", 9, readonly=True),
    _measurands("StopTxnSampledData", "Energy.Active.Import.Register"),
    _number("StopTxnSampledDataMaxLength", 9, readonly=True),
    _fixed("SupportedFeatureProfiles", _PROFILES),
    _number("SupportedFeatureProfilesMaxLength", 6, readonly=True),
    _number("TransactionMessageAttempts", 3),
    _number("TransactionMessageRetryInterval", 60),
    _flag("UnlockConnectorOnEVSideDisconnect", "true"),
    _number("WebSocketPingInterval", 60),
    _flag("LocalAuthListEnabled", "true"),
    _number("LocalAuthListMaxLength", 1000, readonly=True),
    _number("SendLocalListMaxLength", 100, readonly=True),
    _flag("ReserveConnectorZeroSupported", "true", readonly=True),
    _number("ChargeProfileMaxStackLevel", 9, readonly=True),
    _fixed("ChargingScheduleAllowedChargingRateUnit", "Current,Power"),
    _number("ChargingScheduleMaxPeriods", 24, readonly=True),
    _flag("ConnectorSwitch3to1PhaseSupported", "false", readonly=True),
    _number("MaxChargingProfilesInstalled", 20, readonly=True),
    _fixed("SupportedFileTransferProtocols", "HTTP,HTTPS,FTP"),
    _flag("AdditionalRootCertificateCheck", "false", readonly=True),
    Key(name="AuthorizationKey", secret=True, smallest=16, largest=40),
    _number("CertificateSignedMaxChainSize", 10_000, readonly=True),
    _number("CertificateStoreMaxLength", 10, readonly=True),
    Key(name="CpoName", value="", largest=64),
    _number("SecurityProfile", 0, readonly=True),
)

MODEL: Final = Model(
    vendor="Ostler",
    model="Virtual 22",
    firmware="1.0.0",
    connectors=2,
    meter_type="Virtual MID",
    register_wh=1_000,
    keys=_KEYS,
    triggers=(
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
        "Heartbeat",
        "LogStatusNotification",
        "MeterValues",
        "SignChargePointCertificate",
        "StatusNotification",
    ),
    data_transfer_vendors=("Ostler",),
)
