"""What we can say in OCPP 1.6: one row an order; what is missing here answers "not-supported" by itself."""

from __future__ import annotations

from ostler.dialects.base import Sender
from ostler.dialects.v16 import (
    certificates,
    configuration,
    local_list,
    maintenance,
    profiles,
    remote,
    reservations,
)
from ostler.domain import commands
from ostler.domain.commands import Command

SENDS: dict[type[Command], Sender] = {
    commands.StartCharging: remote.start_charging,
    commands.StopCharging: remote.stop_charging,
    commands.Unlock: remote.unlock,
    commands.Trigger: remote.trigger,
    commands.Reset: maintenance.reset,
    commands.SetAvailability: maintenance.set_availability,
    commands.ClearCache: maintenance.clear_cache,
    commands.DataTransfer: maintenance.data_transfer,
    commands.UpdateFirmware: maintenance.update_firmware,
    commands.GetDiagnostics: maintenance.get_diagnostics,
    commands.GetLog: maintenance.get_log,
    commands.SetLimit: profiles.set_limit,
    commands.SetChargingProfile: profiles.set_charging_profile,
    commands.ClearChargingProfile: profiles.clear_charging_profile,
    commands.GetCompositeSchedule: profiles.get_composite_schedule,
    commands.Reserve: reservations.reserve,
    commands.CancelReservation: reservations.cancel_reservation,
    commands.ReadParameters: configuration.read_parameters,
    commands.WriteParameters: configuration.write_parameters,
    commands.SetKey: configuration.set_key,
    commands.SendLocalList: local_list.send_local_list,
    commands.GetLocalListVersion: local_list.get_local_list_version,
    commands.InstallCertificate: certificates.install_certificate,
    commands.DeleteCertificate: certificates.delete_certificate,
    commands.GetInstalledCertificateIds: certificates.get_installed_certificate_ids,
    commands.CertificateSigned: certificates.certificate_signed,
}
"""`RawCall` is not here: the gateway sends it as it is."""
