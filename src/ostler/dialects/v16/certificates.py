"""Certificates of the security extension (OCPP 1.6 security whitepaper)."""

from __future__ import annotations

import msgspec

from ostler.dialects.base import Caller
from ostler.dialects.v16.asking import ask, outcome
from ostler.domain.commands import (
    CertificateSigned,
    CommandResult,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
)
from ostler.domain.words import Result
from ostler.ocpp import v16


async def install_certificate(station: Caller, command: InstallCertificate) -> CommandResult:
    """InstallCertificate."""
    request = v16.InstallCertificateRequest(
        certificate_type=v16.CertificateUseEnumType(command.kind), certificate=command.certificate
    )
    answer = await ask(station, request)
    return outcome(
        answer.status,
        {
            "Accepted": "The station trusts the certificate from now on.",
            "Rejected": "The station found the certificate invalid, or has no room for another one.",
            "Failed": "The station took the certificate for valid but could not store it.",
        },
    )


async def delete_certificate(station: Caller, command: DeleteCertificate) -> CommandResult:
    """DeleteCertificate."""
    request = v16.DeleteCertificateRequest(
        certificate_hash_data=v16.CertificateHashDataType(
            hash_algorithm=v16.HashAlgorithmEnumType(command.hash_algorithm),
            issuer_name_hash=command.issuer_name_hash,
            issuer_key_hash=command.issuer_key_hash,
            serial_number=command.serial_number,
        )
    )
    answer = await ask(station, request)
    return outcome(
        answer.status,
        {
            "Accepted": "The station no longer has the certificate.",
            "Failed": "The station refused: it may need this certificate for the connection it is on.",
            "NotFound": "The station has no such certificate: ask for the installed ones first.",
        },
    )


async def get_installed_certificate_ids(
    station: Caller, command: GetInstalledCertificateIds
) -> CommandResult:
    """GetInstalledCertificateIds; the hashes are in `data`, in the station's words."""
    request = v16.GetInstalledCertificateIdsRequest(certificate_type=v16.CertificateUseEnumType(command.kind))
    answer = await ask(station, request)
    hashes = answer.certificate_hash_data or []
    if answer.status is v16.GetInstalledCertificateStatusEnumType.NOT_FOUND:
        return CommandResult(
            result=Result.ACCEPTED,
            detail="The station has no certificate of this kind.",
            data={"certificates": []},
        )
    return outcome(
        answer.status,
        {"Accepted": f"The station has {len(hashes)} of this kind."},
        data={"certificates": msgspec.to_builtins(hashes)},
    )


async def certificate_signed(station: Caller, command: CertificateSigned) -> CommandResult:
    """CertificateSigned."""
    answer = await ask(station, v16.CertificateSignedRequest(certificate_chain=command.certificate_chain))
    return outcome(
        answer.status,
        {
            "Accepted": "The station took the certificate and will use it at its next connection.",
            "Rejected": "The station refused the certificate: it must belong to the station's last "
            "signing request, and the chain must not be longer than CertificateSignedMaxChainSize.",
        },
    )
