"""Calls of the standard tier as batch and as flex calls: counterfactual pricing (llmlogs/pricing/counterfactual.py), summed by who might wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlogs.config import load
from llmlogs.pricing import counterfactual, load_overrides
from llmlogs.pricing.context import context
from llmlogs.schema.ddl import literal
from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

TIERS = ("batch", "flex")
AS_IT_WAS = "as it was"
FACTS = "feature, provider, model, operation, priority, is_streamed, is_chained, calls_tools"
ROWS = """select * exclude (service_tier), case when tier <> '{same}' then tier else service_tier end as service_tier,
    coalesce(response_model, request_model) as model, coalesce(stream, case when ttft_ms is not null then true end) as is_streamed,
    coalesce(trace_id in (select trace_id from calls where trace_id is not null group by trace_id having count(*) > 1), false) as is_chained,
    coalesce(tool_calls > 0 or lower(finish_reason) in ('tool_calls', 'tool_use', 'tool_call', 'function_call'), false) as calls_tools
    from calls, (select unnest([{tiers}]) as tier) where cost_usd > 0 and ({standard})"""
SUMS = f"""tier, {FACTS}, sum(sample_weight) as n, sum(sample_weight) filter (where new_usd is not null) as priced_n,
    sum(sample_weight * cost_usd::double) filter (where new_usd is not null) as now_usd, sum(sample_weight * new_usd::double) as new_usd"""


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_tiers`: one row per tier and kind of call, with n, priced_n [calls that have a price there], now_usd [theirs now] and new_usd.

    Where another book or another file of own prices priced the log, both sides are priced anew and the ratio is laid on what was paid.
    """
    named = load().prices
    prices = load_overrides(named) if named else None
    same = counterfactual.installed_book_priced(con, prices)
    wanted = [*TIERS, *([] if same else [AS_IT_WAS])]
    rows = ROWS.format(same=AS_IT_WAS, tiers=", ".join(map(literal, wanted)), standard=_standard(con))
    counterfactual.price(con, "stat_tiers", rows, SUMS, prices, frozenset({"service_tier"}))
    if not same:
        _on_what_was_paid(con)


def _standard(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: the call was served at the standard tier."""
    tiers = [row[0] for row in con.execute("select distinct service_tier from calls where service_tier is not null").fetchall()]
    plain = [tier for tier in tiers if not context(tier).named]
    return "service_tier is null" + (f" or service_tier in ({', '.join(map(literal, plain))})" if plain else "")


def _on_what_was_paid(con: duckdb.DuckDBPyConnection) -> None:
    keys = " and ".join(f"t.{name} is not distinct from b.{name}" for name in FACTS.split(", "))
    con.execute(
        f"""create or replace temp table stat_tiers as
        select t.* replace (t.new_usd * t.now_usd / nullif(b.new_usd * t.priced_n / nullif(b.priced_n, 0), 0) as new_usd)
        from stat_tiers t left join stat_tiers b on b.tier = '{AS_IT_WAS}' and {keys} where t.tier <> '{AS_IT_WAS}'"""
    )
