"""The OCA's schemas, out of the PyPI package `ocpp`: the judge of all that we send."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

import ocpp


@cache
def _schema(version: str, name: str) -> jsonschema.Draft4Validator:
    path = Path(ocpp.__file__).parent / version / "schemas" / f"{name}.json"
    return jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal))


def judge_request(action: str, payload: dict[str, Any], version: str = "v16") -> None:
    """Raise if `payload` is no valid request."""
    _schema(version, action).validate(payload)


def judge_response(action: str, payload: dict[str, Any], version: str = "v16") -> None:
    """Raise if `payload` is no valid answer."""
    _schema(version, f"{action}Response").validate(payload)
