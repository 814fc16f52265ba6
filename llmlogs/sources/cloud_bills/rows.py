"""What both bills share: folded column names, and the identity of a line that has no id which lasts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common.buckets import Bucket, count, number

MEASURE = re.compile(r"cost|price|quantity|amount|rate$|invoice|lineitemid|discount")
NOT_MODELS = "a service that is no model"
MODEL_WORDS = re.compile(
    r"bedrock|openai|anthropic|claude|gemini|gpt-?\d|ai foundry|foundry models|foundation ?model|mistral|llama|deepseek|cohere|"
    r"model serving|generative ai|token",
    re.IGNORECASE,
)


def fold(name: str) -> str:
    """`lineItem/UsageType`, `line_item_usage_type` and `LineItemUsageType` alike."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def identity(row: Row, more: Iterable[str] = ()) -> list[tuple[str, str]]:
    """All that names a line: every column that is no measure and no number of an invoice, which comes later."""
    return sorted((name, str(value)) for name, value in row.items() if value not in (None, "", {}, []) and not MEASURE.search(name) and name not in more)


def counted(bucket: Bucket, quantity: Any, unit: str | None, scale: int | None) -> Row:
    """The tokens of a line, or its quantity where it counts something else."""
    if scale is not None:
        found = count(quantity, scale)
        if found is None and number(quantity) is not None:
            bucket.issues.append(("usage_buckets.tokens", "inconsistent", type(quantity).__name__))
        return {"tokens": found} if found is not None else {"quantity": quantity, "unit": unit}
    return {"quantity": quantity, "unit": unit} if number(quantity) else {}
