"""Tokens and cost of a run, from the places where programs and LangSmith itself put them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from llmlogs.sources.base import Row
from llmlogs.sources.common import token_buckets
from llmlogs.sources.common.usage import Usage, integer, money, read_usage

TIERS = ("priority", "flex")
DEEPEST = 10
Issues = list[tuple[str, str, str]]


def inside(value: Any, name: str, kind: type = str, depth: int = 0) -> Any:
    """The first member of that name and type anywhere in what the model returned; LangChain wraps it in lists of generations and messages."""
    if isinstance(value, Mapping) and depth < DEEPEST:
        if isinstance(value.get(name), kind):
            return value[name]
        inner = list(value.values())
    else:
        inner = value if isinstance(value, list) and depth < DEEPEST else []
    return next((found for item in inner[:50] if (found := inside(item, name, kind, depth + 1)) is not None), None)


def usage(run: Row, metadata: Mapping[str, Any], kind: str, failed: bool, issues: Issues) -> Usage:
    """Counts as the program told them, else the run's own columns, where 0 stands for not counted."""
    outputs, generates = run.get("outputs"), kind == "llm"
    told = metadata.get("usage_metadata")
    told = told if isinstance(told, Mapping) else inside(outputs, "usage_metadata", Mapping)
    raw = inside(outputs, "token_usage", Mapping) or inside(outputs, "usage", Mapping)
    if told:
        counted = _buckets(told, told.get("input_token_details"), told.get("output_token_details"), generates, failed)
    elif isinstance(raw, Mapping) and any(integer(value) for value in raw.values()):
        counted = read_usage(raw, generates)
    else:
        columns = {f"{name}_tokens": integer(run.get(f"{name}_tokens")) or None for name in ("prompt", "completion", "total")}
        columns["completion_tokens"] = integer(run.get("completion_tokens")) if columns["prompt_tokens"] else columns["completion_tokens"]
        counted = _buckets(columns, run.get("prompt_token_details"), run.get("completion_token_details"), generates, False)
    issues += counted.issues
    return counted


def _buckets(main: Mapping[str, Any], sent: Any, made: Any, generates: bool, failed: bool) -> Usage:
    """Main counts and their details. A tier is told as a prefix: `priority_cache_read`, and `priority` for what is left beside it."""
    given, gained = _details(sent), _details(made)
    tier = next((name for name in TIERS if any(key.startswith(name) for key in (*given, *gained))), None)
    flat = {key: value for key, value in main.items() if not isinstance(value, Mapping)}
    flat |= {f"input_details.{key}": value for key, value in given.items() if key not in TIERS}
    flat |= {f"output_details.{key}": value for key, value in gained.items() if key not in TIERS}
    counted = token_buckets.read(flat, generates, failed)
    counted.service_tier = tier
    return counted


def _details(value: Any) -> Mapping[str, Any]:
    """By category; the v2 API has them one step deeper, under `raw`."""
    inner = value.get("raw") if isinstance(value, Mapping) and isinstance(value.get("raw"), Mapping) else value
    return {str(key): count for key, count in inner.items()} if isinstance(inner, Mapping) else {}


def cost(run: Row, counted: Usage) -> Decimal | None:
    """USD, decimals as text. 0 beside no tokens says nothing."""
    total = money(run.get("total_cost"))
    if total is None:
        parts = [part for name in ("prompt_cost", "completion_cost") if (part := money(run.get(name))) is not None]
        total = sum(parts, Decimal(0)) if parts else None
    return None if not total and counted.empty else total
