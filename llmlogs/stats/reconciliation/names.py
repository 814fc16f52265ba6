"""One name for a model, a seller and a tier in the log and on the bill: the price book's. And the prices the book has for them, all tiers and dates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from llmlogs.pricing import names as spelled
from llmlogs.pricing.context import context
from llmlogs.pricing.rates import Cell
from llmlogs.pricing.resolve import Tuple, by_the_book, find
from llmlogs.pricing.units import BY_NAME
from llmlogs.schema.ddl import literal, quote

if TYPE_CHECKING:
    import duckdb

# What clouds and dates add to a model's name: only where the book knows neither side's spelling is the bare name compared.
ADDED = re.compile(
    r"^(?:us|eu|apac|jp|au|global|us-gov)\.|^(?:anthropic|meta|amazon|mistral|cohere|deepseek|openai)[./]|[-@]20\d\d-?\d\d-?\d\d|-v\d+(?::\d+)?$|-latest$"
)
KINDS = ("input", "cache_read", "cache_write", "cache_write_1h", "output")
TIERS = ("", "batch", "flex", "priority", "fast")
TYPES = {"valid_from": "timestamp", "valid_to": "timestamp", "rate": "double"}
CALL_KEYS = "provider, gateway, request_model, response_model, deployment"


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Fill rc_bill_names, rc_call_names, rc_tiers and rc_rates."""
    billed = con.execute("select distinct provider, model from usage_buckets").fetchall()
    sellers = {_seller(provider, model) for provider, model in billed}
    logged = con.execute(
        f"""select {CALL_KEYS}, any_value(price_model) from (select distinct {CALL_KEYS}, rate_id from calls)
        left join price_rates using (rate_id) left join (select plan_id, price_model from price_plans) using (plan_id) group by all"""
    ).fetchall()
    calls = [{**dict(zip(CALL_KEYS.split(", "), row, strict=False)), **_of_call(row, sellers)} for row in logged if sellers]
    known = {(call["seller"], name.lower()): call["model"] for call in calls for name in (call["request_model"], call["deployment"]) if name}
    bills = [{"provider": p, "raw": m, "seller": _seller(p, m), "model": _of_bill(p, m, known)} for p, m in billed]
    _same_bare_name(bills, calls)
    _table(con, "rc_bill_names", ("provider", "raw", "seller", "model"), bills)
    _table(con, "rc_call_names", (*CALL_KEYS.split(", "), "seller", "model"), calls)
    tiers = con.execute("select distinct service_tier from calls union select distinct service_tier from usage_buckets").fetchall()
    _table(con, "rc_tiers", ("raw", "named"), [{"raw": raw, "named": context(raw).named} for (raw,) in tiers])
    _table(con, "rc_rates", ("seller", "model", "kind", "tier", "window", "valid_from", "valid_to", "rate"), list(_rates(bills)))


def _seller(provider: str | None, model: str | None) -> str:
    """Who is paid: `aws.bedrock` and `bedrock` are aws; a gateway without a name of its own sells what the model's maker sells."""
    named = spelled.provider(provider)
    return named or spelled.provider_of_model(model or "") or provider or "?"


def _of_call(row: tuple[Any, ...], sellers: set[str]) -> dict[str, str]:
    provider, gateway, asked, answered, deployment, price_model = row
    through = _seller(gateway, None) if gateway else ""
    seller = through if through in sellers else _seller(provider, answered or asked)
    found = None if price_model else find(Tuple(provider, asked, answered, deployment))
    model = price_model or (found.entry.model.id if found and not isinstance(found, str) else None)
    return {"seller": seller, "model": model or (answered or asked or deployment or "?").lower()}


def _of_bill(provider: str | None, model: str | None, known: dict[tuple[str, str], str]) -> str | None:
    """The book's name; a name only the log knows (a deployment) is what the log means by it."""
    if model is None:
        return None
    found = find(Tuple(provider, model))
    return known.get((_seller(provider, model), model.lower()), model.lower()) if isinstance(found, str) else found.entry.model.id


def _same_bare_name(bills: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    """A billed name that no call has is that of the one logged model with the same bare name, where no other billed name is."""
    there = {(call["seller"], call["model"]) for call in calls}
    billed = {(bill["seller"], bill["model"]) for bill in bills}
    free: dict[tuple[str, str], set[str]] = {}
    for seller, model in there - billed:
        free.setdefault((seller, bare(model)), set()).add(model)
    for bill in bills:
        if bill["model"] and (bill["seller"], bill["model"]) not in there:
            same = free.get((bill["seller"], bare(bill["model"])), set())
            bill["model"] = next(iter(same)) if len(same) == 1 else bill["model"]


def bare(model: str) -> str:
    """`us.anthropic.claude-opus-4-6-v1:0` and `claude-opus-4-6` alike."""
    name = model.lower()
    while (shorter := ADDED.sub("", name)) != name:
        name = shorter
    return name


def _rates(bills: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every price of every billed model: tier, size of the request and dates."""
    models = {(bill["seller"], bill["model"]): bill for bill in bills if bill["model"]}
    for (seller, model), bill in models.items():
        for tier in TIERS:
            cells = by_the_book(Tuple(bill["provider"], bill["raw"], service_tier=tier or None)).cells
            for cell in cells:
                if cell.status == "priced" and cell.tod_from == 0:
                    yield from _cell(cell, {"seller": seller, "model": model, "tier": tier})


def _cell(cell: Cell, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        unit = kind
        while unit and unit not in cell.rates:
            unit = BY_NAME[unit].parent
        if unit:
            dates = {"valid_from": _naive(cell.valid_from), "valid_to": _naive(cell.valid_to)}
            yield {**names, **dates, "kind": kind, "window": "long" if cell.in_gt else "", "rate": str(cell.rates[unit])}


def _naive(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=None) if at else None


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    types = {column: TYPES.get(column, "varchar") for column in columns}
    shown = ", ".join(f"{quote(column)} {kind}" for column, kind in types.items())
    con.execute(f"create or replace temp table {name} ({shown})")
    text = [{column: None if row[column] is None else str(row[column])[:300] for column in columns} for row in rows]
    con.execute(f"insert into {name} select unnest(from_json($1, {literal(json.dumps([types]))}), max_depth := 2)", [json.dumps(text)])
