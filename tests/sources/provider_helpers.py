"""What the tests of the provider-response source share: reading records, comparing rows, hand-written fixtures."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from llmlogs.sources.base import Context, Outcome, Record
from llmlogs.sources.provider_responses import SOURCE

FIXTURES = Path(__file__).parent / "fixtures"
EPOCH_NOON = 1774958400  # 2026-03-31 12:00:00 UTC


def table(name: str) -> dict[str, dict[str, Any]]:
    """The cases of a fixture file, by name. Instants in `want` are ISO texts, money is a decimal text."""
    lines = (FIXTURES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return {case["case"]: case for case in map(json.loads, lines)}


def read(*values: Any) -> list[Outcome]:
    """Outcomes of records, one a line."""
    records = [Record(line, 0, 0, value) for line, value in enumerate(values, 1)]
    return list(SOURCE.read(records, Context("log.jsonl", secret=b"k")))


def call(value: Any) -> dict[str, Any]:
    """The one call a record makes."""
    [outcome] = read(value)
    assert outcome.kind == "call", outcome
    return outcome.call


def subset(row: dict[str, Any], want: dict[str, Any]) -> dict[str, Any]:
    """The columns of a row that `want` names, written as `want` writes them."""
    return {name: _written(row.get(name)) for name in want}


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value.normalize())
    return value.isoformat() if isinstance(value, datetime) else value
