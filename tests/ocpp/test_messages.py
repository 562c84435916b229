"""The generated messages against the schemas of which they are made."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from ostler.ocpp import v16, v21, v201
from ostler.ocpp.lenient import exact

ROOT = Path(__file__).parents[2]
MODULES = {"v16": v16, "v201": v201, "v21": v21}
INT64 = 2**63 - 1
FEW = settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))


def _generator():
    spec = importlib.util.spec_from_file_location("gen_messages", ROOT / "tools" / "gen_messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()


def _without_multiple_of(node: Any) -> Any:
    # 0.3 is no multiple of 0.1 in binary; rounding limits is the sender's work.
    if isinstance(node, dict):
        return {key: _without_multiple_of(item) for key, item in node.items() if key != "multipleOf"}
    return [_without_multiple_of(item) for item in node] if isinstance(node, list) else node


SCHEMAS = {version: _without_multiple_of(GENERATOR.load(version)) for version in MODULES}
ALL = [(version, name) for version, schemas in SCHEMAS.items() for name in schemas]
TIMES = st.integers(0, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-INT64, INT64) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
SOME_JSON = JSON.filter(lambda value: value is not None)  # null as free-form data means the same as no data
CUSTOM = st.fixed_dictionaries({"vendorId": st.text(max_size=9)}, optional={"extra": JSON})


def _text(longest: int | None) -> st.SearchStrategy[str]:
    return st.text(max_size=min(longest or 12, 12)) | st.just("x" * (longest or 1))


def from_schema(
    schema: dict[str, Any], definitions: dict[str, Any], depth: int = 0
) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return CUSTOM if name == "CustomDataType" else from_schema(definitions[name], definitions, depth)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    match schema.get("type"):
        case "object":
            fields = {
                name: from_schema(child, definitions, depth + 1)
                for name, child in schema.get("properties", {}).items()
                if name in schema.get("required", []) or depth < 3
            }
            needed = {name: field for name, field in fields.items() if name in schema.get("required", [])}
            optional = {name: field for name, field in fields.items() if name not in needed}
            return st.fixed_dictionaries(needed, optional=optional)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(
                from_schema(schema["items"], definitions, depth), min_size=least, max_size=least + 1
            )
        case "string" if schema.get("format") == "date-time":
            return TIMES.map(lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ"))
        case "string":
            return _text(schema.get("maxLength"))
        case "integer":
            return st.integers(-INT64 if low is None else int(low), INT64 if high is None else int(high))
        case "number":
            return st.floats(low, high, allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case _:
            return SOME_JSON


@cache
def from_struct(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    return from_type(inspect.type_info(struct))


def from_type(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            needed = {field.name: from_type(field.type) for field in kind.fields if field.required}
            optional = {
                field.name: from_type(field.type.types[0]) for field in kind.fields if not field.required
            }
            return st.fixed_dictionaries(needed, optional=optional).map(lambda given: kind.cls(**given))
        case inspect.ListType():
            least = kind.min_length or 0
            return st.lists(from_type(kind.item_type), min_size=least, max_size=least + 1)
        case inspect.EnumType():
            return st.sampled_from(kind.cls)
        case inspect.StrType():
            return _text(kind.max_length)
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            return st.floats(kind.ge, kind.le, allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.DateTimeType():
            return TIMES
        case inspect.DictType():
            return CUSTOM
        case _:
            return JSON


def _kind(version: str, name: str) -> Any:
    return getattr(MODULES[version], name)


@pytest.mark.parametrize("version", MODULES)
def test_the_committed_module_is_what_the_generator_writes(version):
    committed = (ROOT / "src" / "ostler" / "ocpp" / f"{version}.py").read_bytes()

    assert committed == GENERATOR.render(version).encode()


@pytest.mark.parametrize("version", MODULES)
def test_the_tables_name_every_message_of_the_schemas(version):
    module = MODULES[version]
    listed = {f"{action}Request" for action in module.REQUESTS} | set(module.SENDS)

    assert listed == {name for name in SCHEMAS[version] if not name.endswith("Response")}


@pytest.mark.parametrize("version", MODULES)
def test_each_request_knows_its_action_and_its_answer(version):
    for action, request in MODULES[version].REQUESTS.items():
        assert request.action == action
        assert request.__name__ == f"{action}Request"
        assert request.response_type.__name__ == f"{action}Response"


@pytest.mark.parametrize(("version", "name"), ALL)
@FEW
@given(data=st.data())
def test_json_of_the_schemas_shape_survives_the_struct(version, name, data):
    schema = SCHEMAS[version][name]
    payload = data.draw(from_schema(schema, schema.get("definitions", {})))
    message = exact(json.dumps(payload).encode(), _kind(version, name))

    assert json.loads(msgspec.json.encode(message)) == payload


@pytest.mark.parametrize(("version", "name"), ALL)
@FEW
@given(data=st.data())
def test_what_we_send_is_valid_and_in_the_schemas_order(version, name, data):
    schema = SCHEMAS[version][name]
    message = data.draw(from_struct(_kind(version, name)))
    payload = json.loads(msgspec.json.encode(message))

    jsonschema.validators.validator_for(schema)(schema).validate(payload)
    assert list(payload) == [key for key in schema.get("properties", {}) if key in payload]


def test_stop_transaction_needs_no_reason():
    raw = b'{"meterStop":1,"timestamp":"2024-01-01T00:00:00Z","transactionId":1}'

    assert exact(raw, v16.StopTransactionRequest).reason is None


@pytest.mark.parametrize("unit", ["Celcius", "Celsius", "Hertz"])
def test_both_spellings_of_celsius_and_hertz_are_units(unit):
    assert v16.UnitOfMeasure(unit).known


def test_irregular_names_stay_exact_on_the_wire():
    data = v201.OCSPRequestDataType(
        hash_algorithm=v201.HashAlgorithmEnumType.SHA256,
        issuer_name_hash="a",
        issuer_key_hash="b",
        serial_number="c",
        responder_url="http://d",
    )

    assert b'"responderURL":"http://d"' in msgspec.json.encode(data)


def test_the_generator_refuses_types_that_contradict_each_other():
    module = GENERATOR.Module("v16")
    schema = {"type": "object", "properties": {"idTag": {"type": "string"}}}
    module.add("A", schema)

    with pytest.raises(SystemExit, match=r"A\.idTag is str and Int"):
        module.add("A", {"type": "object", "properties": {"idTag": {"type": "integer"}}})
    with pytest.raises(SystemExit, match="other properties"):
        module.add("A", {"type": "object", "properties": {}})


def test_the_generator_refuses_words_that_make_the_same_name():
    with pytest.raises(SystemExit, match="clash"):
        GENERATOR._word("Unit", ["kW", "KW"])
