"""What single models do differently: data with a reason, one module per manufacturer.

Every module of this package that has a `QUIRKS` tuple is found by itself. What two manufacturers share, or
what any station might do, is no quirk: the tolerance of `ocpp.lenient` and the services must cope with it for
all.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, lru_cache

from ostler.quirks.base import NO_QUIRKS, Quirk, Quirks

__all__ = ["NO_QUIRKS", "Quirk", "Quirks", "every", "find"]

LONGEST = 100
"""Characters of a name that are compared: what stations send must not fill the memory."""


@cache
def every() -> tuple[Quirk, ...]:
    """All quirks of all modules, in the order of their names."""
    found: list[Quirk] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        found += getattr(importlib.import_module(f"{__name__}.{module.name}"), "QUIRKS", ())
    return tuple(found)


def find(vendor: str, model: str, firmware: str) -> Quirks:
    """How to treat a station that booted with these words; later quirks overrule earlier ones."""
    return _find(vendor[:LONGEST], model[:LONGEST], firmware[:LONGEST])


@lru_cache(maxsize=4096)
def _find(vendor: str, model: str, firmware: str) -> Quirks:
    quirks = NO_QUIRKS
    for quirk in every():
        if quirk.applies(vendor, model, firmware):
            quirks = quirk.over(quirks)
    return quirks
