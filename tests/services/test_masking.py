from __future__ import annotations

import json

import pytest

from ostler.services import masking


@pytest.mark.parametrize(
    ("action", "payload", "shown"),
    [
        (
            "ChangeConfiguration",
            {"key": "authorizationkey", "value": "6b6579"},
            {"key": "authorizationkey", "value": "***"},
        ),
        (
            "GetConfiguration",
            {"configurationKey": [{"key": "AuthorizationKey", "value": "x"}, {"key": "A", "value": "1"}]},
            {"configurationKey": [{"key": "AuthorizationKey", "value": "***"}, {"key": "A", "value": "1"}]},
        ),
        (
            "SetVariables",
            {"setVariableData": [{"attributeValue": "x", "variable": {"name": "BasicAuthPassword"}}]},
            {"setVariableData": [{"attributeValue": "***", "variable": {"name": "BasicAuthPassword"}}]},
        ),
        (
            "SetNetworkProfile",
            {"connectionData": {"basicAuthPassword": "x", "ocppCsmsUrl": "ws://h"}},
            {"connectionData": {"basicAuthPassword": "***", "ocppCsmsUrl": "ws://h"}},
        ),
        (
            "GetLog",
            {"log": {"remoteLocation": "ftp://u:p@h/x"}},
            {"log": {"remoteLocation": "ftp://***@h/x"}},
        ),
        (
            "DataTransfer",
            {"data": '{"password":"x","a":1}', "vendorId": "V"},
            {"data": '{"password":"***","a":1}', "vendorId": "V"},
        ),
        (
            "GetConfiguration",
            {"unknownKey": ["AuthorizationKey"], "n": 1},
            {"unknownKey": ["AuthorizationKey"], "n": 1},
        ),
    ],
)
def test_secrets_are_masked_and_the_rest_is_kept(action, payload, shown):
    assert json.loads(masking.mask(action, json.dumps(payload))) == shown


def test_what_holds_no_secret_stays_as_it_came():
    text = '{ "vendorId" : "V" }'

    assert masking.mask("DataTransfer", text) == text


def test_messages_of_which_there_are_many_are_not_looked_into():
    assert masking.mask("Heartbeat", '{"password":1}') == '{"password":1}'


def test_a_payload_that_is_no_json_is_masked_as_text():
    assert masking.mask("DataTransfer", '{"password":"x"') == '{"password":"***"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ftp://u:p@h", "ftp://***@h"),
        ("password=x&a=1", "password=***&a=1"),
        ('"AuthorizationKey","value":"x"}', '"AuthorizationKey","value":"***"}'),
        ("nothing", "nothing"),
    ],
)
def test_free_text_is_masked(text, shown):
    assert masking.mask_text(text) == shown


def test_free_text_is_cut():
    assert len(masking.mask_text("x" * 10_000)) == masking.LONGEST_FREE_TEXT


@pytest.mark.parametrize("name", ["AuthorizationKey", "BasicAuthPassword", "ocpp.pin", "wifi_secret"])
def test_names_of_secrets_are_known(name):
    assert masking.is_secret(name)


@pytest.mark.parametrize("name", ["HeartbeatInterval", "SpinDown", "key"])
def test_other_names_are_not(name):
    assert not masking.is_secret(name)
