from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ostler.ocpp import v16
from ostler.sim.answers.certificates import signing_request

ROOT = v16.CertificateUseEnumType.CENTRAL_SYSTEM_ROOT_CERTIFICATE
MAKER = v16.CertificateUseEnumType.MANUFACTURER_ROOT_CERTIFICATE


@pytest.fixture(scope="module")
def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])
    built = x509.CertificateBuilder(name, name, key.public_key(), 4711)
    built = built.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    signed = built.not_valid_after(datetime(2036, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def install(csms, certificate, kind=ROOT):
    request = v16.InstallCertificateRequest(certificate_type=kind, certificate=certificate)
    return csms.ask(request).status.value


def installed(csms, kind=ROOT):
    return csms.ask(v16.GetInstalledCertificateIdsRequest(certificate_type=kind))


def test_an_installed_certificate_is_found_by_its_kind(csms, certificate):
    assert install(csms, certificate) == "Accepted"
    assert installed(csms, MAKER).status.value == "NotFound"

    [found] = installed(csms).certificate_hash_data

    assert found.serial_number == "1267"


def test_the_same_certificate_is_kept_once(csms, certificate):
    install(csms, certificate)
    install(csms, certificate)

    assert len(csms.memory.certificates) == 1


def test_a_certificate_can_be_deleted_once(csms, certificate):
    install(csms, certificate)
    [found] = installed(csms).certificate_hash_data
    request = v16.DeleteCertificateRequest(certificate_hash_data=found)

    assert [csms.ask(request).status.value for _ in range(2)] == ["Accepted", "NotFound"]


@pytest.mark.parametrize("kind", [ROOT, v16.CertificateUseEnumType.of("Other")])
def test_what_is_no_certificate_or_of_no_kind_is_rejected(csms, certificate, kind):
    assert install(csms, "-" if kind is ROOT else certificate, kind) == "Rejected"


def test_a_full_store_takes_no_more(make, certificate):
    csms = make(CertificateStoreMaxLength="0").connect()

    assert install(csms, certificate) == "Failed"


@pytest.mark.parametrize(("chain", "status"), [(None, "Accepted"), ("-", "Rejected")])
def test_a_signed_certificate_must_be_one(csms, certificate, chain, status):
    request = v16.CertificateSignedRequest(certificate_chain=chain or certificate)

    assert csms.ask(request).status.value == status


def test_the_signing_request_names_station_and_operator(csms):
    csms.ask(v16.ChangeConfigurationRequest(key="CpoName", value="Inn"))

    request = x509.load_pem_x509_csr(signing_request(csms.station).encode())

    assert request.subject.rfc4514_string() == "O=Inn,CN=CP1"
    assert request.is_signature_valid


def test_a_signed_certificate_that_cannot_be_read_is_a_security_event(csms):
    csms.ask(v16.CertificateSignedRequest(certificate_chain="-"))

    [event] = csms.heard(v16.SecurityEventNotificationRequest)
    assert event.type == "InvalidChargePointCertificate"
