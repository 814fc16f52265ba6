"""Random calls over the whole price book, and what genai-prices itself says each costs. Shares nothing with llmlogs.pricing.

python -m tests.pricing.random_calls [N] [SEED]      # prints the classes and every difference
"""

import json
import random
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, PriceCalculation, StartDateConstraint, Tier, TieredPrices, TimeOfDateConstraint

from llmlogs.pricing import price_calls
from llmlogs.schema.calls import CALLS
from llmlogs.store import database

USAGE = {  # column of calls -> genai-prices' name
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "audio_input_tokens": "input_audio_tokens",
    "audio_output_tokens": "output_audio_tokens",
    "image_input_tokens": "input_image_tokens",
    "image_output_tokens": "output_image_tokens",
    "web_searches": "web_searches",
}
TIERS: dict[str | None, dict[str, str]] = {
    None: {},
    "standard": {},
    "default": {"service_tier": "default"},
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"service_tier": "fast", "speed": "fast"},
}
COLUMNS = ("call_id", "provider", "request_model", "service_tier", "started_at", *USAGE)
Row = dict[str, Any]


@dataclass(frozen=True)
class Want:
    """The oracle's answer: a cost or none, and the status llmlogs documents for it."""

    cost: Decimal | None
    status: str


def rows(count: int, seed: int) -> list[Row]:
    """Calls at and around every edge the book has: dates, hours, tier sizes, parts that fill or exceed their whole."""
    draw = random.Random(seed)
    models = [(p.id, m) for p in get_snapshot().providers for m in p.models]
    rich = [(p, m) for p, m in models if m.price_variants or isinstance(m.prices, list) or _tiers(m)]
    return [_row(draw, i, *draw.choice(rich if draw.random() < 0.6 else models)) for i in range(count)]


def want(row: Row) -> Want:
    """Price one call with genai-prices' own function, then apply the rules llmlogs adds on top of it (see llmlogs/pricing/status.py)."""
    usage = {name: row[column] for column, name in USAGE.items() if row[column] is not None}
    if not usage.keys() - {"web_searches"}:
        return Want(None, "usage_missing")
    instant, factor = _deepseek_hours(row, datetime.fromisoformat(row["started_at"]).replace(tzinfo=UTC))
    plain = row["service_tier"] in (None, "standard", "default")
    if plain and (row["provider"], row["request_model"]) == ("openrouter", "openai/gpt-5.6-sol") and row["started_at"] < "2026-08-21":
        row = row | {"provider": "openai", "request_model": "gpt-5.6-sol"}  # see llmlogs/pricing/patches.toml
    tier = TIERS[row["service_tier"]]
    try:
        free = calc_price(Usage(), row["request_model"], provider_id=row["provider"], genai_request_timestamp=instant, price_context=tier)
    except LookupError:
        return Want(None, "unknown_model")
    price = free.model_price
    if row["service_tier"] not in (None, "standard", "default") and not _in_book(free, tier, instant):
        earlier = _batch_before_listed(free, tier, instant)
        if earlier is None:
            return Want(None, "context_unpriced")
        price = earlier
    prices = {k: v for k, v in price.__dict__.items() if v is not None}
    rules = _rules(row, prices)
    if rules:
        return Want(None, rules)
    try:
        cost = price.calc_price(Usage(**usage))
    except ValueError:
        return Want(None, "invalid_usage")
    kind = _kind(row, prices)
    if cost["total_price"] == 0 and any(usage.values()):  # nothing to pay for something used is said, never a plain price
        unknown = "unpriced_model" if kind == "lower_bound" else "" if row["input_tokens"] or row["output_tokens"] else "invalid_usage"
        return Want(None, unknown) if unknown else Want(Decimal(0), "free")
    return Want(cost["total_price"] * factor, kind)


def differences(sample: list[Row], folder: Path) -> tuple[list[tuple[Row, Want, Want]], Counter[str]]:
    """Price the sample in a database; give what differs by more than a millionth of a millionth of a dollar or in its reason, and the classes."""
    got = _priced(sample, folder)
    wrong, classes = [], Counter[str]()
    for row in sample:
        expected, found = want(row), got[row["call_id"]]
        classes[expected.status] += 1
        if expected.status != found.status or not _same(expected.cost, found.cost):
            wrong.append((row, expected, found))
    return wrong, classes


def _same(one: Decimal | None, other: Decimal | None) -> bool:
    return one is other if one is None or other is None else abs(one - other) <= Decimal("1e-12")


def _priced(sample: list[Row], folder: Path) -> dict[str, Want]:
    file = folder / "calls.ndjson"
    file.write_text("\n".join(map(json.dumps, sample)), encoding="utf-8")
    con = database.open_for_write(folder / "calls.duckdb")
    database.ensure_columns(con, set(COLUMNS))
    shape = "{" + ", ".join(f"{name}: '{CALLS.column(name).type}'" for name in COLUMNS) + "}"
    con.execute(f"insert into call_rows by name select *, 1 as ingest_id from read_json($1, format = 'newline_delimited', columns = {shape})", [str(file)])
    price_calls(con, 1)
    found = con.execute("select call_id, cost_usd, coalesce(cost_status, 'priced') from call_rows").fetchall()
    con.close()
    return {call_id: Want(cost, status) for call_id, cost, status in found}


def _row(draw: random.Random, i: int, provider: str, model: ModelInfo) -> Row:
    tiers = _tiers(model)
    size = draw.choice([0, 1, draw.randrange(5000), draw.randrange(600_000), *(t + d for t in tiers for d in (-1, 0, 1))])
    output = draw.choice([0, 1, draw.randrange(200), draw.randrange(100_000)])
    row = {"call_id": f"r{i}", "provider": provider, "request_model": model.id, "service_tier": draw.choice([*TIERS, None, None, None])}
    row |= {"started_at": _instant(draw, model).strftime("%Y-%m-%d %H:%M:%S.%f")}
    row |= {"input_tokens": _maybe(draw, size, 0.97), "output_tokens": _maybe(draw, output, 0.97)}
    write = _part(draw, size, 0.3)
    row |= {"cache_read_tokens": _part(draw, size, 0.5), "cache_write_tokens": write, "cache_write_1h_tokens": _part(draw, write or 0, 0.3)}
    row |= {"reasoning_tokens": _part(draw, output, 0.4), "audio_output_tokens": _part(draw, output, 0.3), "image_output_tokens": _part(draw, output, 0.3)}
    row |= {"audio_input_tokens": _part(draw, size, 0.1), "image_input_tokens": _part(draw, size, 0.1)}
    return row | {"web_searches": draw.choice([None, None, None, 0, 1, 100])}


def _part(draw: random.Random, whole: int, share: float) -> int | None:
    """A part of a whole: mostly well inside, sometimes all of it, rarely one too many."""
    if draw.random() > share:
        return draw.choice([None, None, 0])
    return draw.choice([whole // 3, draw.randrange(whole // 2 + 1), 0, whole if draw.random() < 0.3 else 0, whole + 1 if draw.random() < 0.05 else 0])


def _maybe(draw: random.Random, value: int, share: float) -> int | None:
    return value if draw.random() < share else None


def _instant(draw: random.Random, model: ModelInfo) -> datetime:
    anywhere = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(4 * 365 * 86_400), microseconds=draw.randrange(1_000_000))
    prices = model.prices if isinstance(model.prices, list) else []
    rules = [c.constraint for c in (*prices, *(model.price_variants or ()))]
    days = [c.start_date for c in rules if isinstance(c, StartDateConstraint)]
    if days and draw.random() < 0.6:
        day = draw.choice(days)
        anywhere = datetime(day.year, day.month, day.day, tzinfo=UTC) + draw.choice(
            [timedelta(0), timedelta(microseconds=-1), timedelta(hours=5), timedelta(days=-9)]
        )
    windows = [edge for c in rules if isinstance(c, TimeOfDateConstraint) for edge in (c.start_time, c.end_time)]
    if windows and draw.random() < 0.7:
        edge = draw.choice(windows)
        anywhere = anywhere.replace(hour=edge.hour, minute=edge.minute, second=0, microsecond=0) + timedelta(microseconds=draw.choice([-1, 0, 1]))
    return anywhere


def _tiers(model: ModelInfo) -> list[int]:
    prices = [c.prices for c in model.prices] if isinstance(model.prices, list) else [model.prices]
    prices += [v.prices for v in model.price_variants or ()]
    return sorted({t.start for p in prices for v in p.__dict__.values() if isinstance(v, TieredPrices) for t in v.tiers})


def _in_book(found: PriceCalculation, tier: dict[str, str], instant: datetime) -> bool:
    """The book has a price of this context at this instant, for a model of the provider's own list."""
    if not any(found.model is own for own in found.provider.models):
        return False
    active = [v for v in found.model.price_variants or () if v.constraint is None or v.constraint.active(instant)]
    return any(all(tier.get(k) == v for k, v in variant.when.items()) for variant in active)


BATCH_FOR_EVER = ("openai", "anthropic", "google", "mistral", "x-ai")  # see llmlogs/pricing/patches.toml


def _batch_before_listed(found: PriceCalculation, tier: dict[str, str], instant: datetime) -> ModelPrice | None:
    """The standard price of the instant, each part of it times what batches cost of it on the first day the book has them."""
    own = any(found.model is model for model in found.provider.models)
    variants = found.model.price_variants or ()
    starts = [v.constraint.start_date for v in variants if v.when == tier and isinstance(v.constraint, StartDateConstraint)]
    if tier != {"processing": "batch"} or found.provider.id not in BATCH_FOR_EVER or not own or not starts:
        return None
    day = datetime.combine(min(starts), time(), UTC)
    if not COUNTED & {key for key, value in found.model.get_prices(day, tier).__dict__.items() if value is not None}:
        return None
    listed, standard, price = found.model.get_prices(day, tier), found.model.get_prices(day), found.model.get_prices(instant)
    return ModelPrice(**{key: _scaled(key, value, listed, standard) for key, value in price.__dict__.items() if value is not None})


def _scaled(key: str, value: Any, listed: ModelPrice, standard: ModelPrice) -> Any:
    wholes = {"cache_write_1h_mtok": "cache_write_mtok"} | dict.fromkeys(
        ("cache_read_mtok", "cache_write_mtok", "input_audio_mtok", "input_image_mtok"), "input_mtok"
    )
    wholes |= dict.fromkeys(("output_audio_mtok", "output_image_mtok", "output_reasoning_mtok"), "output_mtok")
    name = key
    while getattr(listed, name) is None or not getattr(standard, name):
        if name not in wholes:
            return value
        name = wholes[name]
    three = (value, getattr(listed, name), getattr(standard, name))
    starts = sorted({tier.start for price in three if isinstance(price, TieredPrices) for tier in price.tiers})
    prices = [_at(value, start) * _at(three[1], start) / _at(three[2], start) for start in (-1, *starts)]
    return TieredPrices(prices[0], [Tier(start, price) for start, price in zip(starts, prices[1:], strict=True)]) if starts else prices[0]


def _at(price: Any, start: int) -> Decimal:
    """The price of prompts just above a size."""
    if not isinstance(price, TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if tier.start <= start]
    return reached[-1] if reached else price.base


def _deepseek_hours(row: Row, instant: datetime) -> tuple[datetime, int]:
    """The hour to ask for, and the factor, where DeepSeek's peak hours are not what the book can say (see llmlogs/pricing/patches.toml)."""
    day, peak = instant.strftime("%Y-%m-%d"), instant.hour in (1, 2, 3, 6, 7, 8, 9)
    v4, flash = row["request_model"].startswith("deepseek-v4-"), row["request_model"] in ("deepseek-flash", "deepseek-v4-flash")
    if row["provider"] != "deepseek" or not peak or not (v4 or flash):
        return instant, 1
    noon, weekend = instant.replace(hour=12), instant.weekday() >= 5
    if (v4 and (day < "2026-08-17" or (day >= "2026-08-23" and weekend))) or (not v4 and weekend):
        return noon, 1
    return (noon, 2) if v4 and flash and day < "2026-09-10" else (instant, 1)


COUNTED = {
    "input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok", "input_audio_mtok", "input_image_mtok",
    "output_reasoning_mtok", "output_audio_mtok", "output_image_mtok", "web_searches_kcount",
}  # fmt: skip


def _rules(row: Row, prices: dict[str, Any]) -> str:
    """Refusals of llmlogs where genai-prices would count what nobody logged as nothing."""
    if not COUNTED & prices.keys():
        return "unpriced_model"
    half = "requests_kcount" in prices  # the book says so itself: the highest of a range
    half |= row["input_tokens"] is None and "input_mtok" in prices
    half |= row["output_tokens"] is None and "output_mtok" in prices and prices["output_mtok"] != 0
    if row["output_tokens"]:
        half |= "output_video_mtok" in prices
        half |= "output_audio_mtok" in prices and row["audio_output_tokens"] is None
        half |= "output_image_mtok" in prices and row["image_output_tokens"] is None
    return "partial_usage" if half else ""


def _kind(row: Row, prices: dict[str, Any]) -> str:
    tops = {"input_tokens": "input_mtok", "output_tokens": "output_mtok", "web_searches": "web_searches_kcount"}
    tops |= {"audio_output_tokens": "output_audio_mtok", "image_output_tokens": "output_image_mtok"}
    if any(row[column] and key not in prices for column, key in tops.items()):
        return "lower_bound"
    counted = [prices[key] for key in COUNTED & prices.keys()]
    return "priced" if any(isinstance(v, TieredPrices) or v for v in counted) else "free"


def main(count: int = 200_000, seed: int = 1) -> None:
    """Run a large sample and print what was found."""
    with TemporaryDirectory() as folder:
        wrong, classes = differences(rows(count, seed), Path(folder))
    sys.stdout.write(f"{dict(classes.most_common())} {len(wrong)} different\n")
    for row, expected, found in wrong[:20]:
        sys.stdout.write(f"{ {k: v for k, v in row.items() if v is not None} }\n   want {expected}\n   got  {found}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
