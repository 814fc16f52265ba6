"""The files of a world: its log in llmlogs' own format, and the provider's reports as their APIs and exports have them."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bill_maker import FULL, KINDS, Call, World, asked


def write_log(world: World, folder: Path) -> list[Path]:
    """The log in llmlogs' own format, copies in a file of their own."""
    paths = []
    for copied, name in ((False, "calls.jsonl"), (True, "gateway.jsonl")):
        lines = [json.dumps(_line(world, call)) for call in world.logged if call.copied is copied]
        if lines:
            paths.append(folder / name)
            paths[-1].write_text("\n".join(lines) + "\n")
    return paths


def _line(world: World, call: Call) -> dict[str, Any]:
    fresh, read, written, made = call.tokens
    line: dict[str, Any] = {
        "format": "llmlogs/1", "timestamp": (call.at + timedelta(hours=world.clock)).isoformat(), "provider": world.provider,
        "model": FULL[call.model], "duration_ms": 900, "status": "ok",
        "team": call.project, "service": "gateway" if call.copied else "app",
    }  # fmt: skip
    if call.usage:
        line |= {"input_tokens": fresh + read + written, "cache_read_tokens": read, "cache_write_tokens": written, "output_tokens": made}
    return line


Sums = dict[tuple[Any, ...], list[float]]


def write_bill(world: World, folder: Path) -> list[Path]:
    """The reports in the world's form."""
    hourly = world.form == "api-hourly" and not world.zone
    sums: Sums = defaultdict(lambda: [0.0] * 5)
    for call in world.happened:
        local = call.at + timedelta(hours=world.zone)
        begins = local.replace(minute=0, second=0, microsecond=0) if hourly else local.replace(hour=0, minute=0, second=0, microsecond=0)
        row = sums[begins, FULL[call.model], call.batch, call.project]
        for i, count in enumerate((*call.tokens, 1)):
            row[i] += count
    if world.form in ("litellm", "focus"):
        return (_litellm if world.form == "litellm" else _focus)(world, sums, folder, hourly)
    usage, costs = (_openai if world.provider == "openai" else _anthropic)(world, sums, folder, hourly)
    return [usage] if world.form == "usage" else [costs] if world.form == "costs" else [usage, costs]


def _money(world: World, sums: Sums) -> dict[tuple[Any, ...], float]:
    """(day, model, batch, project, kind) -> USD billed."""
    found: dict[tuple[Any, ...], float] = defaultdict(float)
    short = {full: model for model, full in FULL.items()}
    for (begins, model, batch, project), counts in sums.items():
        rates = asked(world, Call(begins, short[model], (0, 0, 0, 0), batch), begins.strftime("%Y-%m-%d"))
        for kind, count, rate in zip(KINDS, counts, rates, strict=False):
            found[begins.replace(hour=0), model, batch, project, kind] += count * rate
    for key, exact in found.items():
        found[key] = round(exact, world.digits)
        if world.digits < 12:
            world.usd["rounding"][key[0].strftime("%Y-%m-%d")] += found[key] - exact
    return found


def _openai(world: World, sums: Sums, folder: Path, hourly: bool) -> list[Path]:
    width = 3600 if hourly else 86400
    usage = defaultdict(list)
    for (begins, model, batch, project), (fresh, read, written, made, calls) in sorted(sums.items()):
        usage[begins].append(
            {
                "object": "organization.usage.completions.result", "input_tokens": int(fresh + read + written), "input_cached_tokens": int(read),
                "input_cache_write_tokens": int(written), "output_tokens": int(made), "num_model_requests": int(calls), "project_id": project, "model": model,
                "batch": batch, "user_id": None, "api_key_id": None, "service_tier": None,
            }
        )  # fmt: skip
    costs = defaultdict(list)
    words = {"input": "input", "cache_read": "cached input", "cache_write": "cache write", "output": "output"}
    for (day, model, batch, project, kind), usd in sorted(_money(world, sums).items()):
        if usd:
            item = f"{model}, {'batch ' if batch else ''}{words[kind]}"
            costs[day].append({"object": "organization.costs.result", "amount": {"value": usd, "currency": "usd"}, "line_item": item, "project_id": project})
    if world.credit:
        costs[world.start].append({"object": "organization.costs.result", "amount": {"value": -world.credit, "currency": "usd"}, "line_item": "credit grant"})
    pages = {"usage.json": (usage, width), "costs.json": (costs, 86400)}
    return [_page(folder / name, found, seconds) for name, (found, seconds) in pages.items()]


def _page(path: Path, buckets: dict[datetime, list[Any]], width: int) -> Path:
    data = [
        {"object": "bucket", "start_time": int(begins.timestamp()), "end_time": int(begins.timestamp()) + width, "results": found}
        for begins, found in sorted(buckets.items())
    ]
    path.write_text(json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None}))
    return path


def _anthropic(world: World, sums: Sums, folder: Path, hourly: bool) -> list[Path]:
    width = timedelta(hours=1) if hourly else timedelta(days=1)
    usage, costs = defaultdict(list), defaultdict(list)
    for (begins, model, batch, project), (fresh, read, written, made, _) in sorted(sums.items()):
        usage[begins].append(
            {
                "uncached_input_tokens": int(fresh), "cache_creation": {"ephemeral_5m_input_tokens": int(written), "ephemeral_1h_input_tokens": 0},
                "cache_read_input_tokens": int(read), "output_tokens": int(made), "model": model, "service_tier": "batch" if batch else "standard",
                "context_window": "0-200k", "workspace_id": project, "api_key_id": None, "server_tool_use": {"web_search_requests": 0},
            }
        )  # fmt: skip
    words = {
        "input": "uncached_input_tokens", "cache_read": "cache_read_input_tokens", "cache_write": "cache_creation.ephemeral_5m_input_tokens",
        "output": "output_tokens",
    }  # fmt: skip
    for (day, model, batch, project, kind), usd in sorted(_money(world, sums).items()):
        costs[day].append(
            {
                "amount": f"{usd * 100:.6f}", "currency": "USD", "cost_type": "tokens", "token_type": words[kind], "model": model,
                "service_tier": "batch" if batch else "standard", "context_window": "0-200k", "workspace_id": project, "description": f"{model} {kind}",
            }
        )  # fmt: skip
    if world.credit:
        costs[world.start].append(
            {"amount": f"{-world.credit * 100:.2f}", "currency": "USD", "cost_type": None, "description": "Promotional credit", "model": None}
        )
    paths = []
    for name, found, span in (("usage.json", usage, width), ("costs.json", costs, timedelta(days=1))):
        data = [{"starting_at": _z(begins), "ending_at": _z(begins + span), "results": rows} for begins, rows in sorted(found.items())]
        paths.append(folder / name)
        paths[-1].write_text(json.dumps({"data": data, "has_more": False, "next_page": None}))
    return paths


def _z(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _litellm(world: World, sums: Sums, folder: Path, _hourly: bool) -> list[Path]:
    money: dict[tuple[Any, ...], float] = defaultdict(float)
    for (day, model, batch, project, _), usd in _money(world, sums).items():
        money[day, model, batch, project] += usd
    folded: dict[tuple[Any, ...], list[float]] = defaultdict(lambda: [0.0] * 6)
    for (day, model, batch, project), counts in sums.items():
        row = folded[day, model, project]
        for i, count in enumerate((*counts, money[day, model, batch, project])):
            row[i] += count
    columns = ["user_id", "date", "api_key", "model", "model_group", "custom_llm_provider", "prompt_tokens", "completion_tokens", "cache_read_input_tokens",
        "cache_creation_input_tokens", "spend", "api_requests", "team_id"]  # fmt: skip
    path = folder / "daily.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow([name for name in columns if name != "team_id"] + ["organization_id"])
        for (day, model, project), (fresh, read, written, made, calls, usd) in sorted(folded.items()):
            out.writerow(
                [
                    "u",
                    day.strftime("%Y-%m-%d"),
                    "k",
                    model,
                    "chat",
                    world.provider,
                    int(fresh + read + written),
                    int(made),
                    int(read),
                    int(written),
                    usd,
                    int(calls),
                    project,
                ]
            )
    return [path]


def _focus(world: World, sums: Sums, folder: Path, _hourly: bool) -> list[Path]:
    tokens: dict[tuple[Any, ...], float] = defaultdict(float)
    for (day, model, batch, project), counts in sums.items():
        for kind, count in zip(KINDS, counts, strict=False):
            tokens[day, model, batch, project, kind] += count
    path = folder / "focus.csv"
    words = {"input": "input tokens", "cache_read": "cached input tokens", "cache_write": "cache write tokens", "output": "output tokens"}
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["BilledCost", "EffectiveCost", "ListCost", "BillingCurrency", "ChargeCategory", "ChargePeriodStart", "ChargePeriodEnd", "ServiceName",
            "ServiceSubcategory", "ProviderName", "ConsumedQuantity", "ConsumedUnit", "SkuMeter", "SkuPriceDetails", "SubAccountId",
            "ChargeDescription"])  # fmt: skip
        whole = 0.0
        for (day, model, batch, project, kind), usd in sorted(_money(world, sums).items()):
            if not (count := tokens[day, model, batch, project, kind]):
                continue
            meter = f"{model} {'batch ' if batch else ''}{words[kind]}"
            whole += usd
            out.writerow([f"{usd:.10f}", f"{usd:.10f}", f"{usd:.10f}", "USD", "Usage", _z(day), _z(day + timedelta(days=1)), "Models", "Generative AI",
                world.provider.title(), int(count), "Tokens", meter, json.dumps({"model": model}), project, meter])  # fmt: skip
        if world.credit:
            day = (world.start, world.start + timedelta(days=1))
            for category, amount in (("Credit", -world.credit), ("Tax", whole * world.tax)):
                out.writerow(
                    [f"{amount:.10f}"] * 3
                    + ["USD", category, _z(day[0]), _z(day[1]), "Models", "Generative AI", world.provider.title(), "", "", "", "", "", category]
                )
    return [path]
