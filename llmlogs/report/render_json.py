"""report.json: the contract every other surface renders, with times in UTC and numbers as numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

from llmlogs.report.model import Report

OPTIONS = orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE


def render(report: Report) -> str:
    """The report as JSON. Money is a number: fifteen digits survive, which is more than a cent of any bill."""
    return orjson.dumps(report, default=plain_value, option=OPTIONS).decode("utf-8")


def plain_value(value: Any) -> Any:
    """Decimals as numbers; anything else a chart option may hold as text."""
    return float(value) if isinstance(value, Decimal) else str(value)
