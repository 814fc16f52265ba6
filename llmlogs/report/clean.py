"""Values of a log made fit for every surface: JSON can carry them, no terminal or page acts on them, none is a megabyte long."""

from __future__ import annotations

import math
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from llmlogs.text import clip, plain

LONGEST = 400
INT64 = 2**63


def value(raw: Any) -> Any:
    """A number, instant, boolean or one line of harmless text; None for what is no number."""
    if raw is None or isinstance(raw, (bool, datetime, date)):
        return raw
    if isinstance(raw, int):
        return raw if -INT64 <= raw < INT64 else float(raw)
    if isinstance(raw, (float, Decimal)):
        return raw if math.isfinite(raw) else None
    if isinstance(raw, (list, tuple)):
        return text(", ".join(str(item) for item in raw[:50]))
    return text(str(raw))


def text(raw: str, longest: int = LONGEST) -> str:
    """One harmless line."""
    return clip(plain(clip(raw, longest)), 2 * longest)


def own(raw: str) -> str:
    """Text of a question file: kept with its lines; only what cannot be written as UTF-8 goes, and control characters."""
    encodable = raw.encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in encodable if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf"))
