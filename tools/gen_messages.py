"""Generate src/ostler/ocpp/v16.py, v201.py and v21.py from the JSON schemas inside the PyPI package `ocpp`.

`python tools/gen_messages.py` writes the three modules; `render(version)` returns the text of one.
"""

from __future__ import annotations

import json
import keyword
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

Json = dict[str, Any]

OUTPUT = Path(__file__).parents[1] / "src" / "ostler" / "ocpp"
TITLES = {"v16": "OCPP 1.6 with the security extension", "v201": "OCPP 2.0.1", "v21": "OCPP 2.1"}

# The schemas of 1.6 define their types inline; these are the names of OCPP 1.6 §7. A key is a property, or
# a property of one message where the same property has different types.
NAMES_16 = {
    "BootNotificationResponse.status": "RegistrationStatus",
    "CancelReservationResponse.status": "CancelReservationStatus",
    "ChangeAvailabilityRequest.type": "AvailabilityType",
    "ChangeAvailabilityResponse.status": "AvailabilityStatus",
    "ChangeConfigurationResponse.status": "ConfigurationStatus",
    "ClearCacheResponse.status": "ClearCacheStatus",
    "ClearChargingProfileResponse.status": "ClearChargingProfileStatus",
    "DataTransferResponse.status": "DataTransferStatus",
    "DiagnosticsStatusNotificationRequest.status": "DiagnosticsStatus",
    "FirmwareStatusNotificationRequest.status": "FirmwareStatus",
    "GetCompositeScheduleResponse.status": "GetCompositeScheduleStatus",
    "IdTagInfo.status": "AuthorizationStatus",
    "RemoteStartTransactionResponse.status": "RemoteStartStopStatus",
    "RemoteStopTransactionResponse.status": "RemoteStartStopStatus",
    "ReserveNowResponse.status": "ReservationStatus",
    "ResetRequest.type": "ResetType",
    "ResetResponse.status": "ResetStatus",
    "SendLocalListResponse.status": "UpdateStatus",
    "SetChargingProfileResponse.status": "ChargingProfileStatus",
    "StatusNotificationRequest.status": "ChargePointStatus",
    "TriggerMessageResponse.status": "TriggerMessageStatus",
    "UnlockConnectorResponse.status": "UnlockStatus",
    "chargingProfile": "ChargingProfile",
    "chargingProfileKind": "ChargingProfileKindType",
    "chargingProfilePurpose": "ChargingProfilePurposeType",
    "chargingRateUnit": "ChargingRateUnitType",
    "chargingSchedule": "ChargingSchedule",
    "chargingSchedulePeriod": "ChargingSchedulePeriod",
    "configurationKey": "KeyValue",
    "context": "ReadingContext",
    "csChargingProfiles": "ChargingProfile",
    "errorCode": "ChargePointErrorCode",
    "format": "ValueFormat",
    "idTagInfo": "IdTagInfo",
    "localAuthorizationList": "AuthorizationData",
    "location": "Location",
    "measurand": "Measurand",
    "meterValue": "MeterValue",
    "phase": "Phase",
    "reason": "Reason",
    "recurrencyKind": "RecurrencyKindType",
    "requestedMessage": "MessageTrigger",
    "sampledValue": "SampledValue",
    "transactionData": "MeterValue",
    "unit": "UnitOfMeasure",
    "updateType": "UpdateType",
}
# Written together in the specification's own abbreviations, so no underscore inside.
ABBREVIATIONS = {
    "EMAIDs": "Emaids",
    "IKEv2": "Ikev2",
    "IPSec": "Ipsec",
    "IdleTIme": "IdleTime",  # misspelt in OCPP 2.1
    "RoCoF": "Rocof",
    "SoC": "Soc",
    "SoH": "Soh",
    "eMAID": "emaid",
    "kVA": "kva",
    "kWh": "kwh",
    "kW": "kw",
    "soC": "soc",
    "soH": "soh",
}
WORD_BOUNDARY = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z])")
RESERVED = {"action", "response_type"}


def load(version: str) -> dict[str, Json]:
    """Return the schemas of `version` by message name, such as "ResetRequest", with the errata applied."""
    folder = files("ocpp").joinpath(version, "schemas")
    schemas = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".json"):
            continue
        name = file.name.removesuffix(".json")
        if version == "v16" and not name.endswith("Response"):
            name += "Request"
        schemas[name] = json.loads(file.read_text("utf-8-sig"))
    if version == "v16":
        _apply_errata_16(schemas)
    return schemas


def _apply_errata_16(schemas: dict[str, Json]) -> None:
    """Give both messages the same SampledValue: "Hertz" and the lower bound stand in MeterValues only."""
    meter_values = schemas["MeterValuesRequest"]["properties"]["meterValue"]
    schemas["StopTransactionRequest"]["properties"]["transactionData"]["items"] = meter_values["items"]


def snake(name: str) -> str:
    """Return `name` in snake_case, in the spelling that mends abbreviations."""
    for irregular, regular in ABBREVIATIONS.items():
        name = name.replace(irregular, regular)
    return re.sub(r"[^0-9a-z]+", "_", WORD_BOUNDARY.sub("_", name).lower()).strip("_")


def _camel(name: str) -> str:
    """Return what msgspec makes of a snake_case name with rename="camel"."""
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


class Module:
    """Collects the types of one version while its schemas are walked."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.words: dict[str, list[str]] = {}
        self.structs: dict[str, dict[str, tuple[str, bool]]] = {}
        self.lengths: set[int] = set()
        self._definitions: Json = {}

    def add(self, name: str, schema: Json) -> None:
        """Read the schema of one message."""
        self._definitions = schema.get("definitions", {})
        self._struct(name, schema)

    def _struct(self, name: str, node: Json) -> None:
        required = node.get("required", [])
        fields = {
            wire: (self._type(name, wire, child), wire in required)
            for wire, child in node.get("properties", {}).items()
        }
        merged = self.structs.setdefault(name, fields)
        if merged.keys() != fields.keys():
            raise SystemExit(f"{self.version}: {name} has other properties in another schema")
        for wire, (kind, needed) in fields.items():
            if merged[wire][0] != kind:
                raise SystemExit(f"{self.version}: {name}.{wire} is {merged[wire][0]} and {kind}")
            merged[wire] = (kind, needed and merged[wire][1])

    def _type(self, owner: str, wire: str, node: Json) -> str:
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return (
                "dict[str, Any]" if name == "CustomDataType" else self._named(name, self._definitions[name])
            )
        if node.get("type") == "array":
            bounds = _meta(node, min_length="minItems", max_length="maxItems")
            items = f"list[{self._type(owner, wire, node['items'])}]"
            return f"Annotated[{items}, Meta({bounds})]" if bounds else items
        if "enum" in node or node.get("type") == "object":
            return self._named(NAMES_16.get(f"{owner}.{wire}") or NAMES_16[wire], node)
        return self._plain(node)

    def _named(self, name: str, node: Json) -> str:
        if "enum" in node:
            words = self.words.setdefault(name, [])
            words.extend(word for word in node["enum"] if word not in words)
        else:
            self._struct(name, node)
        return name

    def _plain(self, node: Json) -> str:
        match node.get("type"):
            case "string" if node.get("format") == "date-time":
                return "Time"
            case "string" if "maxLength" in node:
                self.lengths.add(node["maxLength"])
                return f"Str{node['maxLength']}"
            case "string":
                return "str"
            case "boolean":
                return "bool"
            case "integer" | "number" as kind:
                bounds = _meta(node, ge="minimum", le="maximum")
                if kind == "integer" and bounds and "le=" not in bounds:
                    bounds += ", le=2**63 - 1"
                plain = "int" if kind == "integer" else "float"
                return f"Annotated[{plain}, Meta({bounds})]" if bounds else {"int": "Int"}.get(plain, plain)
            case _:
                return "Any"


def _meta(node: Json, **names: str) -> str:
    found = {
        key: int(node[name]) if float(node[name]).is_integer() else node[name]
        for key, name in names.items()
        if name in node
    }
    return ", ".join(f"{key}={value}" for key, value in found.items())


def _word(name: str, words: list[str]) -> list[str]:
    lines = [f"class {name}(Word):"]
    members = {snake(word).upper(): word for word in words}
    if len(members) != len(words) or not all(member.isidentifier() for member in members):
        raise SystemExit(f"{name}: member names clash or are no names: {members}")
    return [*lines, *(f'    {member} = "{word}"' for member, word in members.items())]


def _fields(fields: dict[str, tuple[str, bool]]) -> list[str]:
    lines = []
    for wire, (kind, required) in fields.items():
        name = snake(wire)
        if keyword.iskeyword(name) or name in RESERVED:
            name += "_"
        options = [] if required else ["default=None"]
        if _camel(name) != wire:
            options.append(f'name="{wire}"')
        if options == ["default=None"]:
            value = " = None"
        else:
            value = f" = field({', '.join(options)})" if options else ""
        lines.append(f"    {name}: {kind}{'' if required else ' | None'}{value}")
    return lines


def _struct(name: str, base: str, fields: dict[str, tuple[str, bool]], *attributes: str) -> list[str]:
    body = [*(f"    {attribute}" for attribute in attributes), *_fields(fields)]
    return [f"class {name}({base}, frozen=True, kw_only=True):", *(body or ["    pass"])]


def _messages(structs: dict[str, dict[str, tuple[str, bool]]]) -> tuple[list[list[str]], list[str]]:
    """Return the classes of all messages, each answer before its request, and the two tables."""
    blocks, requests, sends = [], [], []
    for name, fields in structs.items():
        action = name.removesuffix("Request")
        if name.endswith("Request"):
            answer = f"{action}Response"
            blocks.append(_struct(answer, "Response", structs[answer]))
            attributes = [f'action = "{action}"', f"response_type = {answer}"]
            blocks.append(_struct(name, f"Request[{answer}]", fields, *attributes))
            requests.append(f'    "{action}": {name},')
        elif not name.endswith("Response"):
            blocks.append(_struct(name, "Send", fields, f'action = "{action}"'))
            sends.append(f'    "{action}": {name},')
    tables = ["REQUESTS: dict[str, type[Request[Any]]] = {", *requests, "}", ""]
    return blocks, [*tables, *["SENDS: dict[str, type[Send]] = {", *sends, "}"]]


def render(version: str) -> str:
    """Return the source of the module for `version` ("v16", "v201" or "v21")."""
    schemas = load(version)
    module = Module(version)
    for name, schema in schemas.items():
        module.add(name, schema)
    parts = {name: fields for name, fields in module.structs.items() if name not in schemas}
    messages = {name: module.structs[name] for name in schemas}
    blocks = [_word(name, words) for name, words in sorted(module.words.items())]
    blocks += [_struct(name, "Message", fields) for name, fields in sorted(parts.items())]
    classes, tables = _messages(messages)
    blocks += classes
    head = [
        f'"""The messages of {TITLES[version]}; generated by tools/gen_messages.py, do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from typing import Annotated, Any",
        "",
        "from msgspec import Meta, field" if "= field(" in str(blocks) else "from msgspec import Meta",
        "",
        "from ostler.ocpp.base import Int, Message, Request, Response, Send, Time, Word",
        "",
        *(f"Str{length} = Annotated[str, Meta(max_length={length})]" for length in sorted(module.lengths)),
    ]
    body = "\n\n\n".join("\n".join(block) for block in blocks)
    return "\n".join(head) + f"\n\n\n{body}\n\n\n" + "\n".join(tables) + "\n"


def main() -> None:
    """Write all three modules."""
    for version in TITLES:
        (OUTPUT / f"{version}.py").write_text(render(version), "utf-8")


if __name__ == "__main__":
    main()
