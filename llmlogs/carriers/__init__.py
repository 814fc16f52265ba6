"""One file per container format, found by folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from llmlogs.carriers.base import Carrier

CERTAIN = 0.9


@cache
def all_carriers() -> dict[str, Carrier]:
    """Every carrier by name."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    named = ([module.CARRIER] if hasattr(module, "CARRIER") else getattr(module, "CARRIERS", ()) for module in modules)
    return {carrier.name: carrier for group in named for carrier in group}


def candidates(head: bytes, path: str) -> list[Carrier]:
    """Carriers that may read the content, the surest first; one that is certain stands alone, as trying each costs time on every small file."""
    sure = sorted(((c.sniff(head, path), c.name, c) for c in all_carriers().values()), key=lambda x: (-x[0], x[1]))
    least = CERTAIN if sure and sure[0][0] >= CERTAIN else 0.0
    return [carrier for confidence, _, carrier in sure if confidence > 0 and confidence >= least]
