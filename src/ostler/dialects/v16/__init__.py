"""OCPP 1.6 over JSON, with the security extension: what we answer and what we can say."""

from __future__ import annotations

from ostler.dialects.base import Dialect
from ostler.dialects.v16 import (
    authorize,
    boot,
    configuration,
    metering,
    notifications,
    strangers,
    transactions,
)
from ostler.dialects.v16.sends import SENDS
from ostler.ocpp import v16
from ostler.ocpp.base import Version

DIALECT = Dialect(
    version=Version.V16.value,
    subprotocol=Version.V16.subprotocol,
    requests=v16.REQUESTS,
    answers={
        v16.AuthorizeRequest: authorize.authorize,
        v16.BootNotificationRequest: boot.boot_notification,
        v16.DataTransferRequest: notifications.data_transfer,
        v16.DiagnosticsStatusNotificationRequest: notifications.diagnostics_status,
        v16.FirmwareStatusNotificationRequest: notifications.firmware_status,
        v16.HeartbeatRequest: boot.heartbeat,
        v16.LogStatusNotificationRequest: notifications.log_status,
        v16.MeterValuesRequest: metering.meter_values,
        v16.SecurityEventNotificationRequest: notifications.security_event,
        v16.SignCertificateRequest: notifications.sign_certificate,
        v16.SignedFirmwareStatusNotificationRequest: notifications.signed_firmware_status,
        v16.StartTransactionRequest: transactions.start_transaction,
        v16.StatusNotificationRequest: notifications.status_notification,
        v16.StopTransactionRequest: transactions.stop_transaction,
    },
    sends=SENDS,
    aftermath={v16.ChangeConfigurationRequest: configuration.keep_key},
    kept_actions=frozenset({"StartTransaction", "StopTransaction", "MeterValues"}),
    careful=frozenset(
        {
            v16.AuthorizeRequest,
            v16.HeartbeatRequest,
            v16.MeterValuesRequest,
            v16.StartTransactionRequest,
            v16.StatusNotificationRequest,
            v16.StopTransactionRequest,
        }
    ),
    introduce=strangers.introduce,
)
