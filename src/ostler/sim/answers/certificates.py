"""Certificates of the security extension: kept and named by their hashes, not used for anything."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ostler.ocpp import v16
from ostler.sim.memory import InstalledCertificate
from ostler.sim.station import Station


def install_certificate(
    station: Station, request: v16.InstallCertificateRequest, _now: datetime
) -> v16.InstallCertificateResponse:
    """Rejected: not a certificate; Failed: no room."""
    try:
        named = _hashes(request.certificate)
    except ValueError:
        return v16.InstallCertificateResponse(status=v16.InstallCertificateStatusEnumType.REJECTED)
    if not request.certificate_type.known:
        return v16.InstallCertificateResponse(status=v16.InstallCertificateStatusEnumType.REJECTED)
    certificates = station.memory.certificates
    if len(certificates) >= station.configuration.number("CertificateStoreMaxLength", 10):
        return v16.InstallCertificateResponse(status=v16.InstallCertificateStatusEnumType.FAILED)
    installed = InstalledCertificate(kind=request.certificate_type, hashes=named)
    if installed not in certificates:
        certificates.append(installed)
    return v16.InstallCertificateResponse(status=v16.InstallCertificateStatusEnumType.ACCEPTED)


def delete_certificate(
    station: Station, request: v16.DeleteCertificateRequest, _now: datetime
) -> v16.DeleteCertificateResponse:
    kept = [each for each in station.memory.certificates if each.hashes != request.certificate_hash_data]
    found = len(kept) < len(station.memory.certificates)
    station.memory.certificates[:] = kept
    words = v16.DeleteCertificateStatusEnumType
    return v16.DeleteCertificateResponse(status=words.ACCEPTED if found else words.NOT_FOUND)


def get_installed_certificate_ids(
    station: Station, request: v16.GetInstalledCertificateIdsRequest, _now: datetime
) -> v16.GetInstalledCertificateIdsResponse:
    found = [each.hashes for each in station.memory.certificates if each.kind is request.certificate_type]
    words = v16.GetInstalledCertificateStatusEnumType
    return v16.GetInstalledCertificateIdsResponse(
        certificate_hash_data=found or None, status=words.ACCEPTED if found else words.NOT_FOUND
    )


def certificate_signed(
    station: Station, request: v16.CertificateSignedRequest, now: datetime
) -> v16.CertificateSignedResponse:
    """Accepted is what can be read as a certificate."""
    words = v16.CertificateSignedStatusEnumType
    try:
        x509.load_pem_x509_certificates(request.certificate_chain.encode())
    except ValueError:
        station.security_event("InvalidChargePointCertificate", now)
        return v16.CertificateSignedResponse(status=words.REJECTED)
    return v16.CertificateSignedResponse(status=words.ACCEPTED)


def signing_request(station: Station) -> str:
    """Return a new request for a certificate of this station, with CpoName as its organisation."""
    organisation = station.configuration.text("CpoName") or "Ostler"
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, station.identity),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        ]
    )
    key = ec.generate_private_key(ec.SECP256R1())
    signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def _hashes(pem: str) -> v16.CertificateHashDataType:
    """Name a certificate as OCSP does (RFC 6960 §4.1.1); raises `ValueError` for what is none."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return v16.CertificateHashDataType(
        hash_algorithm=v16.HashAlgorithmEnumType.SHA256,
        issuer_name_hash=hashlib.sha256(certificate.issuer.public_bytes()).hexdigest(),
        issuer_key_hash=hashlib.sha256(key).hexdigest(),
        serial_number=f"{certificate.serial_number:x}"[:40],
    )
