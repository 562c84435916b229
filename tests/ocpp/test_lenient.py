from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ostler.ocpp import lenient, v16, v21, v201
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.times import NEVER_SET

Status = v16.StatusNotificationRequest
Start = v16.StartTransactionRequest
Stop = v16.StopTransactionRequest

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
NOON_TEXT = "2024-05-01T12:00:00Z"
START = {"connectorId": 1, "idTag": "ABC", "meterStart": 5, "timestamp": NOON_TEXT}
STOP = {"meterStop": 9, "timestamp": NOON_TEXT, "transactionId": 7}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
BOOT = {"chargePointModel": "M", "chargePointVendor": "V"}
TOKEN = {"idToken": "A", "type": "Local"}
HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "a",
    "issuerKeyHash": "b",
    "serialNumber": "c",
    "responderURL": "d",
}


def decode(payload, kind, **options):
    return lenient.decode(json.dumps(payload).encode(), kind, **options)


def rules(decoded):
    return [(deviation.path, deviation.rule) for deviation in decoded.deviations]


def meter_values(*samples, **changes):
    meter_value = {"timestamp": NOON_TEXT, "sampledValue": list(samples), **changes}
    return {"connectorId": 1, "meterValue": [meter_value]}


def test_a_flawless_payload_has_no_deviations():
    assert decode(START, Start) == lenient.Decoded(
        Start(connector_id=1, id_tag="ABC", meter_start=5, timestamp=NOON)
    )


@pytest.mark.parametrize(
    ("kind", "payload", "field", "value", "deviations"),
    [
        (Status, STATUS | {"errorCode": "Error"}, "error_code", "Error", [("errorCode", "unknown-word")]),
        (Status, STATUS | {"status": "available"}, "status", "Available", [("status", "misspelt-word")]),
        (Status, STATUS | {"info": "x" * 60}, "info", "x" * 60, [("info", "too-long")]),
        (Status, STATUS | {"info": {"a": 1}}, "info", '{"a":1}', [("info", "wrong-type")]),
        (Status, STATUS | {"info": None}, "info", None, [("info", "null")]),
        (Status, STATUS | {"info": ""}, "info", "", []),
        (Status, STATUS | {"info": "null"}, "info", "null", []),
        (Status, STATUS | {"timestamp": ""}, "timestamp", None, [("timestamp", "empty")]),
        (
            Status,
            STATUS | {"timestamp": "0001-01-01T00:00:00Z"},
            "timestamp",
            None,
            [("timestamp", "time-out-of-range"), ("timestamp", "dropped")],
        ),
        (
            Status,
            {"connectorId": 1, "status": "Available"},
            "error_code",
            "NoError",
            [("errorCode", "missing"), ("errorCode", "defaulted")],
        ),
        (
            Status,
            STATUS | {"errorCode": ""},
            "error_code",
            "NoError",
            [("errorCode", "empty"), ("errorCode", "defaulted")],
        ),
        (
            Status,
            STATUS | {"errorCode": 7},
            "error_code",
            "7",
            [("errorCode", "wrong-type"), ("errorCode", "unknown-word")],
        ),
        (Status, STATUS | {"connectorId": "1"}, "connector_id", 1, [("connectorId", "wrong-type")]),
        (Start, START | {"idTag": 1234}, "id_tag", "1234", [("idTag", "wrong-type")]),
        (Start, START | {"idTag": "x" * 22}, "id_tag", "x" * 22, [("idTag", "too-long")]),
        (Start, START | {"meterStart": "12.4"}, "meter_start", 12, [("meterStart", "wrong-type")]),
        (Start, START | {"meterStart": 12.0}, "meter_start", 12, [("meterStart", "wrong-type")]),
        (
            Start,
            START | {"meterStart": None},
            "meter_start",
            0,
            [("meterStart", "null"), ("meterStart", "defaulted")],
        ),
        (
            Start,
            START | {"meterStart": "unknown"},
            "meter_start",
            0,
            [("meterStart", "wrong-type"), ("meterStart", "defaulted")],
        ),
        (Start, START | {"meterStart": 10**30}, "meter_start", 2**63 - 1, [("meterStart", "out-of-range")]),
        (
            Start,
            START | {"connectorid": 2, "connectorId": 1},
            "connector_id",
            1,
            [("connectorid", "unknown-property")],
        ),
        (
            Start,
            START | {"timestamp": "2024-05-01T12:00:00"},
            "timestamp",
            NOON,
            [("timestamp", "time-without-zone")],
        ),
        (
            Start,
            START | {"timestamp": "222222017-05-01T12:00:00Z"},
            "timestamp",
            NEVER_SET,
            [("timestamp", "time-unreadable"), ("timestamp", "defaulted")],
        ),
        (
            Start,
            START | {"timestamp": "0001-01-01T00:00:00+02:00"},
            "timestamp",
            NEVER_SET,
            [("timestamp", "time-out-of-range"), ("timestamp", "defaulted")],
        ),
        (
            Stop,
            {"transactionId": 7},
            "meter_stop",
            0,
            [
                ("meterStop", "missing"),
                ("meterStop", "defaulted"),
                ("timestamp", "missing"),
                ("timestamp", "defaulted"),
            ],
        ),
        (
            Stop,
            STOP | {"transactionId": "x"},
            "transaction_id",
            -1,
            [("transactionId", "wrong-type"), ("transactionId", "defaulted")],
        ),
        (Stop, STOP | {"reason": "values"}, "reason", "values", [("reason", "unknown-word")]),
        (Stop, STOP | {"reason": ""}, "reason", None, [("reason", "empty")]),
        (
            v16.BootNotificationRequest,
            {},
            "charge_point_vendor",
            "",
            [
                ("chargePointVendor", "missing"),
                ("chargePointVendor", "defaulted"),
                ("chargePointModel", "missing"),
                ("chargePointModel", "defaulted"),
            ],
        ),
        (
            v16.AuthorizeRequest,
            {"idTag": "A", "connectorId": 1},
            "id_tag",
            "A",
            [("connectorId", "unknown-property")],
        ),
        (v16.AuthorizeRequest, {"IdTag": "A"}, "id_tag", "A", [("IdTag", "misspelt-property")]),
        (
            v16.AuthorizeRequest,
            {"idTag": "A\x00B"},
            "id_tag",
            "A\N{REPLACEMENT CHARACTER}B",
            [("", "unstorable-text")],
        ),
        (v16.AuthorizeRequest, [{"idTag": "A"}], "id_tag", "A", [("", "wrong-type")]),
        (v16.HeartbeatRequest, None, "action", "Heartbeat", [("", "wrong-type")]),
        (v16.GetConfigurationRequest, {"key": "A"}, "key", ["A"], [("key", "not-a-list")]),
        (
            v16.GetConfigurationResponse,
            {"configurationKey": [{"key": "A", "readonly": "false", "value": 5}]},
            "configuration_key",
            [v16.KeyValue(key="A", readonly=False, value="5")],
            [("configurationKey[0].readonly", "wrong-type"), ("configurationKey[0].value", "wrong-type")],
        ),
        (
            v16.GetConfigurationResponse,
            {"configurationKey": [{"key": "A", "readonly": "perhaps"}]},
            "configuration_key",
            [],
            [("configurationKey[0].readonly", "wrong-type"), ("configurationKey[0]", "dropped")],
        ),
        (
            v16.BootNotificationResponse,
            {"currentTime": NOON_TEXT, "heartbeatInterval": 60, "status": "Accepted"},
            "interval",
            60,
            [("heartbeatInterval", "misspelt-property")],
        ),
        (
            v201.HeartbeatRequest,
            {"customData": 5},
            "custom_data",
            None,
            [("customData", "wrong-type"), ("customData", "dropped")],
        ),
        (v201.DataTransferRequest, {"vendorId": "V", "data": {"a": None}}, "data", {"a": None}, []),
        (
            v201.DataTransferRequest,
            {"vendorId": "V", "data": [10**30]},
            "data",
            [1e30],
            [("data", "out-of-range")],
        ),
    ],
)
def test_one_flaw_is_mended_and_told(kind, payload, field, value, deviations):
    decoded = decode(payload, kind)

    assert getattr(decoded.message, field) == value
    assert rules(decoded) == deviations


def test_one_bad_unit_never_loses_the_other_samples():
    good = {"value": "230.0", "measurand": "Voltage", "phase": "L1", "unit": "V"}
    decoded = decode(meter_values(good, good | {"unit": "Hz"}, good), v16.MeterValuesRequest)

    [meter_value] = decoded.message.meter_value
    assert [sample.unit for sample in meter_value.sampled_value] == ["V", "Hz", "V"]
    assert rules(decoded) == [("meterValue[0].sampledValue[1].unit", "unknown-word")]


def test_a_sample_without_value_is_dropped_alone():
    decoded = decode(
        meter_values({"value": "1"}, {"unit": "A"}, "x", {"value": None}), v16.MeterValuesRequest
    )

    assert decoded.message.meter_value[0].sampled_value == [v16.SampledValue(value="1")]
    assert rules(decoded) == [
        ("meterValue[0].sampledValue[1].value", "missing"),
        ("meterValue[0].sampledValue[1]", "dropped"),
        ("meterValue[0].sampledValue[2]", "wrong-type"),
        ("meterValue[0].sampledValue[2]", "dropped"),
        ("meterValue[0].sampledValue[3].value", "null"),
        ("meterValue[0].sampledValue[3]", "dropped"),
    ]


def test_a_sample_of_the_legrand_manual_keeps_its_meaning():
    sample = {"valu": "1.64", "context": "Sample. Clock", "mesurand": "Current.Import", "unit": "A"}
    payload = meter_values(sample)
    payload["meterValue"][0]["-timestamp"] = payload["meterValue"][0].pop("timestamp")
    [meter_value] = decode(payload, v16.MeterValuesRequest).message.meter_value

    assert meter_value == v16.MeterValue(
        timestamp=NOON,
        sampled_value=[
            v16.SampledValue(
                value="1.64",
                context=v16.ReadingContext.SAMPLE_CLOCK,
                measurand=v16.Measurand.CURRENT_IMPORT,
                unit=v16.UnitOfMeasure.A,
            )
        ],
    )


def test_numbers_as_values_become_text():
    decoded = decode(meter_values({"value": 230.5}), v16.MeterValuesRequest)

    assert decoded.message.meter_value[0].sampled_value[0].value == "230.5"


def test_not_a_number_costs_only_its_sample():
    raw = json.dumps(meter_values({"value": "X"}, {"value": "1"})).encode()
    decoded = lenient.decode(raw.replace(b'"X"', b"NaN"), v16.MeterValuesRequest)

    assert [sample.value for sample in decoded.message.meter_value[0].sampled_value] == ["1"]


def test_an_odd_time_in_one_part_leaves_the_other_parts_as_they_are():
    parts = [
        {"timestamp": time, "sampledValue": [{"value": "1"}]} for time in (NOON_TEXT, "0001-01-01T00:00:00Z")
    ]
    decoded = decode({"connectorId": 1, "meterValue": parts}, v16.MeterValuesRequest)

    assert [part.timestamp for part in decoded.message.meter_value] == [NOON, NEVER_SET]


def test_a_single_part_with_a_sound_time_is_no_deviation():
    payload = {"idTagInfo": {"status": "Accepted", "expiryDate": NOON_TEXT}}

    assert decode(payload, v16.AuthorizeResponse).deviations == ()


def test_a_sound_flag_beside_a_flaw_stays_as_it_is():
    key = {"key": "A", "readonly": True, "value": "x" * 501}
    decoded = decode({"configurationKey": [key]}, v16.GetConfigurationResponse)

    assert decoded.message.configuration_key == [v16.KeyValue(key="A", readonly=True, value="x" * 501)]
    assert rules(decoded) == [("configurationKey[0].value", "too-long")]


def test_an_empty_list_where_one_item_is_due_is_kept_and_told():
    decoded = decode(meter_values(), v16.MeterValuesRequest)

    assert decoded.message.meter_value[0].sampled_value == []
    assert rules(decoded) == [("meterValue[0].sampledValue", "too-few")]


def test_too_many_items_are_all_kept():
    decoded = decode(
        {"certificate": "C", "idToken": TOKEN, "iso15118CertificateHashData": [HASH] * 5},
        v201.AuthorizeRequest,
    )

    assert len(decoded.message.iso15118_certificate_hash_data) == 5
    assert rules(decoded) == [("iso15118CertificateHashData", "too-many")]


def test_times_below_other_parts_are_checked_too():
    payload = {
        "eventType": "Started",
        "timestamp": NOON_TEXT,
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "T"},
        "meterValue": [{"timestamp": "0001-01-01T00:00:00Z", "sampledValue": [{"value": 1.5}]}],
    }
    decoded = decode(payload, v201.TransactionEventRequest)

    assert decoded.message.meter_value[0].timestamp == NEVER_SET
    assert decoded.message.timestamp == NOON


def test_a_single_part_with_an_odd_time_is_found():
    profile = {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "validFrom": "9999-12-31T23:59:59Z",
        "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
        ],
    }
    decoded = decode({"evseId": 1, "chargingProfile": profile}, v201.SetChargingProfileRequest)

    assert rules(decoded)[0] == ("chargingProfile.validFrom", "time-out-of-range")


@pytest.mark.parametrize(
    ("value", "limit", "deviations"),
    [
        (16, 16.0, []),
        ("16,5", 16.5, [("limit", "wrong-type")]),
        ("1e400", None, [("limit", "out-of-range"), ("limit", "dropped")]),
        (10**400, None, [("limit", "out-of-range"), ("limit", "dropped")]),
        ("many", None, [("limit", "wrong-type"), ("limit", "dropped")]),
    ],
)
def test_decimal_numbers_are_read_from_text(value, limit, deviations):
    schedule = {"startPeriod": 0, "limit": value}
    decoded = decode(schedule, v21.ChargingSchedulePeriodType)

    assert decoded.message.limit == limit
    assert rules(decoded) == deviations


def test_a_number_beyond_the_schema_but_within_64_bits_is_kept():
    decoded = decode({"soc": 5, "startPeriod": 0, "dischargeLimit": 7.5}, v21.ChargingSchedulePeriodType)

    assert decoded.message.discharge_limit == 7.5
    assert ("dischargeLimit", "out-of-range") in rules(decoded)


@pytest.mark.parametrize(
    ("payload", "kind", "code", "field"),
    [
        (
            {"connectorId": 1, "errorCode": "NoError"},
            Status,
            ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
            "'status': missing",
        ),
        (
            STATUS | {"connectorId": "x"},
            Status,
            ErrorCode.TYPE_CONSTRAINT_VIOLATION,
            "'connectorId': wrong-type",
        ),
        (
            {"status": "Accepted", "interval": 5},
            v16.BootNotificationResponse,
            ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
            "'currentTime': missing",
        ),
        ("text", v16.HeartbeatRequest, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "the payload: wrong-type"),
        ({"idToken": 5}, v201.AuthorizeRequest, ErrorCode.TYPE_CONSTRAINT_VIOLATION, "'idToken': wrong-type"),
    ],
)
def test_what_has_no_usable_meaning_is_refused_naming_the_field(payload, kind, code, field):
    with pytest.raises(OcppError) as caught:
        decode(payload, kind)

    assert caught.value.code is code
    assert field in caught.value.description


def test_text_that_is_no_json_is_a_format_violation():
    with pytest.raises(OcppError) as caught:
        lenient.decode(b"{", v16.HeartbeatRequest)

    assert caught.value.code is ErrorCode.FORMAT_VIOLATION


@pytest.mark.parametrize("payload", [{"vendorId": "V", "data": [[]]}, {"vendorId": "V", "unknown": [[]]}])
def test_deep_nesting_is_refused_wherever_it_stands(payload):
    raw = json.dumps(payload).encode().replace(b"[[]]", b"[" * 500 + b"]" * 500)

    with pytest.raises(OcppError, match="nested deeper"):
        lenient.decode(raw, v201.DataTransferRequest)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"errorCode": "Error"}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ({"info": "x" * 60}, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        ({"info": None}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ({"more": 1}, ErrorCode.FORMAT_VIOLATION),
        ({"connectorId": "1"}, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
    ],
)
def test_strict_refuses_the_first_deviation(change, code):
    with pytest.raises(OcppError) as caught:
        decode(STATUS | change, Status, strict=True)

    assert caught.value.code is code


def test_an_offset_is_kept_as_the_same_moment():
    decoded = decode(START | {"timestamp": "2024-05-01T14:00:00+02:00"}, Start)

    assert decoded.message.timestamp == NOON
    assert decoded.message.timestamp.utcoffset() == timedelta(hours=2)


def test_exact_refuses_what_the_schema_refuses():
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        lenient.exact(b'{"more":1}', v16.HeartbeatRequest)
