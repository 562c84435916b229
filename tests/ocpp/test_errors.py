from __future__ import annotations

import pytest

from ostler.ocpp import errors
from ostler.ocpp.base import Version
from ostler.ocpp.errors import ErrorCode, OcppError

CODES_16 = {
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
}


def test_ocpp_16_gets_only_codes_that_it_knows():
    assert {errors.spelled(code, Version.V16) for code in ErrorCode} == CODES_16


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
def test_later_versions_spell_the_codes_rightly(version):
    assert errors.spelled(ErrorCode.FORMAT_VIOLATION, version) == "FormatViolation"
    assert (
        errors.spelled(ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, version) == "OccurrenceConstraintViolation"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FormationViolation", ErrorCode.FORMAT_VIOLATION),
        ("FormatViolation", ErrorCode.FORMAT_VIOLATION),
        ("OccurenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("OccurrenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
    ],
)
def test_both_spellings_are_understood(text, code):
    assert errors.read(text) is code


def test_an_unknown_code_is_kept():
    assert errors.read("MyOwnError") == "MyOwnError"


def test_a_description_is_cut_to_what_a_callerror_may_carry():
    error = OcppError(ErrorCode.INTERNAL_ERROR, "x" * 300, {"why": 1})

    assert len(error.description) == 255
    assert error.details == {"why": 1}
    assert str(error).startswith("InternalError: x")
