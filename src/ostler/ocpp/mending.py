"""Make a message of a payload that breaks its schema, field by field and sample by sample."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import inspect

from ostler.ocpp import rough, scalars, times
from ostler.ocpp.base import Message, Response
from ostler.ocpp.deviations import Notes, Rule
from ostler.ocpp.scalars import UnusableError, word_list

M = TypeVar("M", bound=Message)

# Property names seen in the field that differ from the schema by more than case and signs.
ALIASES: Final[Mapping[str, str]] = {
    "heartbeatinterval": "interval",  # the name of OCPP 1.5
    "mesurand": "measurand",  # Legrand
    "valu": "value",  # Legrand
}
# What a missing or unusable required field is taken as. A transaction message is always answered and kept
# (OCPP 1.6 §4.7-4.10), a station is never kept from booting for its name. Times need no row: `NEVER_SET`.
DEFAULTS: Final[Mapping[tuple[str, str], Any]] = {
    ("BootNotificationRequest", "chargePointModel"): "",
    ("BootNotificationRequest", "chargePointVendor"): "",
    ("MeterValuesRequest", "connectorId"): 0,
    ("MeterValuesRequest", "meterValue"): [],
    ("StartTransactionRequest", "connectorId"): 0,
    ("StartTransactionRequest", "idTag"): "",
    ("StartTransactionRequest", "meterStart"): 0,
    ("StatusNotificationRequest", "errorCode"): "NoError",
    ("StopTransactionRequest", "meterStop"): 0,
    ("StopTransactionRequest", "transactionId"): -1,  # errata: -1 stands for an id the station never learnt
}

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")


class _Layout:
    """What is needed of a struct type: its fields by wire name, by plain name, and the way to times in it."""

    __slots__ = ("by_plain_name", "fields", "free_form", "times")

    def __init__(self, kind: type[Message]) -> None:
        info = cast("inspect.StructType", inspect.type_info(kind))
        self.fields = {field.encode_name: field for field in info.fields}
        self.by_plain_name = {_plain(name): name for name in self.fields}
        self.times = tuple(_ways_to_times(info))
        self.free_form = frozenset(_free_form_names(info))


_layouts: dict[type[Message], _Layout] = {}


def _layout(kind: type[Message]) -> _Layout:
    layout = _layouts.get(kind)
    if layout is None:
        layout = _layouts[kind] = _Layout(kind)
    return layout


def free_form(kind: type[Message]) -> frozenset[bytes]:
    """Return the quoted names, in a message of this kind and its parts, under which any JSON may stand."""
    return _layout(kind).free_form


def odd_times(message: Message) -> bool:
    """Whether a time in `message` is of a year that no running clock can say; schemas do not see that."""
    kind = type(message)
    layout = _layouts.get(kind) or _layout(kind)
    for name, is_time in layout.times:
        value = getattr(message, name)
        if value is None:
            continue
        if is_time:
            if not times.in_range(value):
                return True
        elif isinstance(value, list):
            if any(odd_times(item) for item in value):
                return True
        elif odd_times(value):
            return True
    return False


def _ways_to_times(info: inspect.StructType) -> Iterator[tuple[str, bool]]:
    for field in info.fields:
        kind = _needed(field.type)
        if isinstance(kind, inspect.DateTimeType):
            yield field.name, True
        item = _part(kind)
        if isinstance(item, inspect.StructType) and _layout(_message(item)).times:
            yield field.name, False


def _free_form_names(info: inspect.StructType) -> Iterator[bytes]:
    for field in info.fields:
        part = _part(field.type)
        if isinstance(part, inspect.StructType):
            yield from _layout(_message(part)).free_form
        elif isinstance(part, inspect.AnyType | inspect.DictType):
            yield f'"{field.encode_name}"'.encode()


def _part(kind: inspect.Type) -> inspect.Type:
    """Return what a field or its list holds."""
    kind = _needed(kind)
    return kind.item_type if isinstance(kind, inspect.ListType) else kind


def _needed(kind: inspect.Type) -> inspect.Type:
    """Return the type of an optional field without its None."""
    if isinstance(kind, inspect.UnionType):
        return next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    return kind


def _message(kind: inspect.StructType) -> type[Message]:
    return cast("type[Message]", kind.cls)


def _plain(name: str) -> str:
    return _NOT_IN_NAMES.sub("", name.lower())


class Mender:
    """Mends the payload of one message and notes what it did."""

    __slots__ = ("_notes", "_with_null")

    def __init__(self, notes: Notes, *, with_null: bool) -> None:
        self._notes = notes
        self._with_null = with_null

    def payload(self, value: Any, kind: type[M]) -> M:
        """Return the message that `value` means; raises `OcppError`, which names the field, if none."""
        if value is None or value in ("", []):
            self._notes.add("", Rule.WRONG_TYPE, value)
            value = {}
        try:
            message: M = self._struct(value, kind, "")
        except UnusableError as flaw:
            raise self._notes.unusable(flaw.path, flaw.rule, flaw.got, name=flaw.name) from flaw
        return message

    def _struct(self, value: Any, kind: type[M], path: str) -> M:
        if isinstance(value, list) and len(value) == 1:
            self._notes.add(path, Rule.WRONG_TYPE, value)
            value = value[0]
        if not isinstance(value, dict):
            raise UnusableError(path, Rule.WRONG_TYPE, value)
        layout = _layout(kind)
        given = self._named(value, layout, path)
        found = {}
        for wire, field in layout.fields.items():
            below = f"{path}.{wire}" if path else wire
            if wire in given:
                kept = self._field(given[wire], field, kind, below)
            elif field.required:
                kept = self._default(UnusableError(below, Rule.MISSING), field, kind)
            else:
                continue
            if kept is not None:
                found[field.name] = kept
        return kind(**found)

    def _named(self, value: dict[str, Any], layout: _Layout, path: str) -> dict[str, Any]:
        """Return the properties of `value` under the names of the schema."""
        given = {}
        strangers = []
        for name, item in value.items():
            if name in layout.fields:
                given[name] = item
            else:
                strangers.append(name)
        for name in strangers:
            plain = _plain(name)
            meant = layout.by_plain_name.get(ALIASES.get(plain, plain))
            below = f"{path}.{name}" if path else name
            if meant is None or meant in given:
                self._notes.add(below, Rule.UNKNOWN_PROPERTY, value[name])
            else:
                self._notes.add(below, Rule.MISSPELT_PROPERTY, name)
                given[meant] = value[name]
        return given

    def _field(self, value: Any, field: inspect.Field, kind: type[Message], path: str) -> Any:
        """Return what a field is taken as; None leaves it out."""
        expected = _needed(field.type)
        if value is None and not isinstance(expected, inspect.AnyType):
            if not field.required:
                self._notes.add(path, Rule.NULL)
                return None
            return self._default(UnusableError(path, Rule.NULL), field, kind)
        try:
            return self._value(value, expected, path)
        except UnusableError as flaw:
            if field.required:
                return self._default(flaw, field, kind)
            flaw.note(self._notes)
            if flaw.rule is not Rule.EMPTY:
                self._notes.add(path, Rule.DROPPED, value)
            return None

    def _default(self, flaw: UnusableError, field: inspect.Field, kind: type[Message]) -> Any:
        """Return the safe meaning of a required field that cannot be used, or give up on the struct."""
        expected = _needed(field.type)
        key = (kind.__name__, field.encode_name)
        if key in DEFAULTS:
            value = DEFAULTS[key]
        elif isinstance(expected, inspect.DateTimeType) and not issubclass(kind, Response):
            value = times.NEVER_SET
        else:
            raise flaw
        flaw.note(self._notes)
        self._notes.add(flaw.path, Rule.DEFAULTED, str(value))
        return word_list(expected).of(value) if isinstance(expected, inspect.EnumType) else value

    def _value(self, value: Any, expected: inspect.Type, path: str) -> Any:
        match expected:
            case inspect.StructType():
                return self._struct(value, _message(expected), path)
            case inspect.ListType():
                return self._list(value, expected, path)
            case inspect.DictType() if not isinstance(value, dict):
                raise UnusableError(path, Rule.WRONG_TYPE, value)
            case inspect.DictType() | inspect.AnyType():
                short = rough.all_short(value)
                if short != value:
                    self._notes.add(path, Rule.OUT_OF_RANGE, value)
                return short
            case _:
                return scalars.read(value, expected, path, self._notes)

    def _list(self, value: Any, expected: inspect.ListType, path: str) -> list[Any]:
        if not isinstance(value, list):
            self._notes.add(path, Rule.NOT_A_LIST, value)
            value = [value]
        kept = []
        for index, item in enumerate(value):
            below = f"{path}[{index}]"
            try:
                kept.append(
                    self._flawless(item, expected.item_type) or self._value(item, expected.item_type, below)
                )
            except UnusableError as flaw:
                flaw.note(self._notes)
                self._notes.add(below, Rule.DROPPED, item)
        if expected.min_length and len(kept) < expected.min_length:
            self._notes.add(path, Rule.TOO_FEW, value)
        if expected.max_length and len(kept) > expected.max_length:
            self._notes.add(path, Rule.TOO_MANY, value)
        return kept

    def _flawless(self, item: Any, expected: inspect.Type) -> Message | None:
        """Return the part of a message that needs no mending: most samples beside a broken one."""
        if self._with_null or not isinstance(expected, inspect.StructType):
            return None
        try:
            part = msgspec.convert(item, _message(expected))
        except msgspec.ValidationError:
            return None
        return None if odd_times(part) else part
