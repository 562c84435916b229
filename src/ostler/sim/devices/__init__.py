"""The models that a virtual station can be: one file a model, one row here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ostler.sim.devices import generic
from ostler.sim.model import Model

MODELS: Final[Mapping[str, Model]] = {"generic": generic.MODEL}
