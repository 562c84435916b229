from __future__ import annotations

import pytest

from ostler.domain import commands
from ostler.domain.words import Result
from ostler.ocpp import v16

ROOT = "CentralSystemRootCertificate"
HASHES = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "01"}


async def answered(played, command, answer):
    played.will(answer)
    return await played.order(command)


@pytest.mark.parametrize(
    ("status", "result"),
    [("Accepted", Result.ACCEPTED), ("Rejected", Result.REJECTED), ("Failed", Result.REJECTED)],
)
async def test_a_root_certificate_is_installed(played, status, result):
    answer = v16.InstallCertificateResponse(status=v16.InstallCertificateStatusEnumType(status))

    told = await answered(played, commands.InstallCertificate(kind=ROOT, certificate="PEM"), answer)

    assert told.result is result
    assert played.sent == [("InstallCertificate", {"certificateType": ROOT, "certificate": "PEM"})]


@pytest.mark.parametrize(
    ("status", "result"),
    [("Accepted", Result.ACCEPTED), ("Failed", Result.REJECTED), ("NotFound", Result.REJECTED)],
)
async def test_a_certificate_is_deleted_by_its_hashes(played, status, result):
    answer = v16.DeleteCertificateResponse(status=v16.DeleteCertificateStatusEnumType(status))
    order = commands.DeleteCertificate(
        hash_algorithm="SHA256", issuer_name_hash="aa", issuer_key_hash="bb", serial_number="01"
    )

    assert (await answered(played, order, answer)).result is result
    assert played.sent == [("DeleteCertificate", {"certificateHashData": HASHES})]


async def test_installed_certificates_come_as_hashes(played):
    answer = v16.GetInstalledCertificateIdsResponse(
        status=v16.GetInstalledCertificateStatusEnumType.ACCEPTED,
        certificate_hash_data=[
            v16.CertificateHashDataType(
                hash_algorithm=v16.HashAlgorithmEnumType.SHA256,
                issuer_name_hash="aa",
                issuer_key_hash="bb",
                serial_number="01",
            )
        ],
    )

    result = await answered(played, commands.GetInstalledCertificateIds(kind=ROOT), answer)

    assert (result.result, result.data) == (Result.ACCEPTED, {"certificates": [HASHES]})


async def test_no_installed_certificate_is_an_answer_too(played):
    answer = v16.GetInstalledCertificateIdsResponse(
        status=v16.GetInstalledCertificateStatusEnumType.NOT_FOUND
    )

    result = await answered(played, commands.GetInstalledCertificateIds(kind=ROOT), answer)

    assert (result.result, result.data) == (Result.ACCEPTED, {"certificates": []})


@pytest.mark.parametrize(("status", "result"), [("Accepted", Result.ACCEPTED), ("Rejected", Result.REJECTED)])
async def test_a_signed_certificate_is_handed_over(played, status, result):
    answer = v16.CertificateSignedResponse(status=v16.CertificateSignedStatusEnumType(status))

    told = await answered(played, commands.CertificateSigned(certificate_chain="PEM"), answer)

    assert told.result is result
    assert played.sent == [("CertificateSigned", {"certificateChain": "PEM"})]


async def test_a_chain_too_long_for_the_message_is_not_sent(played):
    result = await played.order(commands.CertificateSigned(certificate_chain="x" * 10_001))

    assert result.result is Result.ERROR
    assert "certificateChain" in result.detail
