"""The same calls under other choices: counterfactual pricing (llmlogs/pricing) of a scenario at a low, a base and a high guess.

Guessed are: tokens of the same text in another model's vocabulary, reasoning of another model, whether a cut takes cached or fresh tokens of a prompt, and
tokens per retrieved chunk: ordinary least squares of input_tokens on document_count, per feature and model, with the 95 % interval of its slope.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmlogs.config import load
from llmlogs.pricing import counterfactual, load_overrides, swaps
from llmlogs.pricing.plans import KEYS
from llmlogs.pricing.resolve import Tuple
from llmlogs.pricing.scenario import LEVELS, NAMES, SWAPPED, Scenario, read, rows
from llmlogs.schema.ddl import literal
from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

GROUP = ("feature", "provider", "model", "to_model")
TABLE = """create or replace temp table stat_what_if (feature varchar, provider varchar, model varchar, to_model varchar, n double, now_usd double,
    fits_n double, fits_usd double, unpriced_n double, unpriced_usd double, unknown_n double, low_usd double, base_usd double, high_usd double,
    other_book boolean)"""
TARGETS = f"""create or replace temp table stat_what_if_targets (
    {", ".join(f"{prefix}{key} varchar" for prefix in ("", "to_") for key in KEYS)}, to_model varchar,
    f_low double, f_base double, f_high double, is_moved boolean, is_elsewhere boolean, context_window bigint, shortest bigint)"""
SLOPES = """create or replace temp table stat_what_if_chunks as
    with fitted as (
        select feature, coalesce(response_model, request_model) as model, count(*) as n,
            regr_slope(input_tokens, document_count) as slope, regr_r2(input_tokens, document_count) as r2
        from calls where document_count is not null and input_tokens is not null group by all)
    select feature, model, slope, case when r2 > 0 then 1.96 * slope * sqrt((1 - r2) / r2 / (n - 2)) else 0 end as margin
    from fitted where n > 2 and slope > 0"""


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_what_if`: one row per feature and model, now and under the scenario of the session's variables [USD]; empty where nothing is asked."""
    con.execute(TABLE)
    asked = read(_variables(con))
    if not asked.is_asked:
        return
    named = load().prices
    prices = load_overrides(named) if named else None
    for swap in asked.models:
        swaps.check(swap, prices)
    con.execute(TARGETS)
    for key in counterfactual.tuples(con, "select * from calls where cost_usd is not null"):
        _touch(con, key, asked)
    con.execute(SLOPES)
    for level in LEVELS[1:2] if asked.is_certain else LEVELS:
        counterfactual.price(con, f"stat_what_if_{level}", rows(asked, level), _sums(level), prices, SWAPPED)
    _together(con, asked, not counterfactual.installed_book_priced(con, prices))


def _variables(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    row = con.execute(f"select {', '.join(f'getvariable({literal(name)})' for name in NAMES)}").fetchall()[0]
    return {name: value for name, value in zip(NAMES, row, strict=True) if value is not None}


def _touch(con: duckdb.DuckDBPyConnection, key: Tuple, asked: Scenario) -> None:
    """Note what a tuple of the log becomes, where the scenario touches it."""
    swap = next((swap for swap in asked.models if swap.takes(key)), None)
    if asked.models and not swap:
        return
    after = swap.applied(key) if swap else key
    after = replace(after, service_tier=asked.tier) if asked.tier else after
    moved = replace(key, service_tier=None) != replace(after, service_tier=None)
    factors = swaps.factors(key, after) if moved else (1.0, 1.0, 1.0)
    names = [getattr(one, name) for one in (key, after) for name in KEYS]
    fits = [swaps.context_window(after), swaps.shortest_cached(after)] if moved else [None, 0]
    row = [*names, after.response_model or after.request_model, *factors, moved, key.provider != after.provider, *fits]
    con.execute(f"insert into stat_what_if_targets values ({', '.join('?' * len(row))})", row)


def _sums(level: str) -> str:
    weighed = "sum(sample_weight * {}) filter (where {})".format
    parts = {
        "n": weighed("1", "true"),
        "now_usd": weighed("cost_usd::double", "true"),
        "fits_n": weighed("1", "fits"),
        "fits_usd": weighed("cost_usd::double", "fits and new_usd is not null"),
        "unpriced_n": weighed("1", "fits and new_usd is null"),
        "unpriced_usd": weighed("cost_usd::double", "fits and new_usd is null"),
        "unknown_n": weighed("1", "is_unknown"),
        f"{level}_usd": weighed("new_usd::double", "fits"),
    }
    return f"feature, was_provider as provider, model, to_model, {', '.join(f'{value} as {name}' for name, value in parts.items())}"


def _together(con: duckdb.DuckDBPyConnection, asked: Scenario, other_book: bool) -> None:
    """The levels side by side, lowest first: which guess makes the lowest bill depends on the rates."""
    if asked.is_certain:
        con.execute(f"insert into stat_what_if by name select *, base_usd as low_usd, base_usd as high_usd, {other_book} as other_book from stat_what_if_base")
        return
    low, high = (" and ".join(f"b.{name} is not distinct from {side}.{name}" for name in GROUP) for side in "lh")
    con.execute(
        f"""insert into stat_what_if by name
        select b.*, least(l.low_usd, b.base_usd, h.high_usd) as low_usd, greatest(l.low_usd, b.base_usd, h.high_usd) as high_usd, {other_book} as other_book
        from stat_what_if_base b left join stat_what_if_low l on {low} left join stat_what_if_high h on {high}"""
    )
