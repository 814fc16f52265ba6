"""Answers of fallbacks as the first model's: counterfactual pricing (llmlogs/pricing/counterfactual.py) of the same token counts, at the same instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlogs.config import load
from llmlogs.pricing import counterfactual, load_overrides
from llmlogs.schema.ddl import literal
from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

TABLE = "create or replace temp table stat_fallback_prices (call_id varchar, first_usd double)"
SWAPPED = frozenset({"provider", "request_model", "response_model", "deployment", "region"})
AS_FIRST, AS_IT_WAS = "as first", "as it was"
# Where the failed try is not in the log, only its model's name is: the provider that mostly serves it stands in. A name without a model has no price.
FIRSTS = """create or replace temp table stat_fallback_firsts as
with serving as (
    select coalesce(request_model, response_model) as name, provider, row_number() over (partition by name order by count(*) desc, provider) as place
    from calls where provider is not null group by name, provider)
select o.last_id, coalesce(s.provider, o.provider) as to_provider, case when o.first_is_fallback then s.name else o.model end as to_model
from whole_operations o left join serving s on o.first_is_fallback and s.name = o.from_name and s.place = 1
where o.is_saved and (s.name is not null or not o.first_is_fallback)"""
# Another model's deployment and region say nothing of the first's.
ROWS = """select c.* exclude (provider, request_model, response_model, deployment, region), v.variant,
    {fields} from calls c join stat_fallback_firsts f on f.last_id = c.call_id, (select unnest([{variants}]) as variant) v
    where c.cost_usd is not null"""
NEW = {"provider": "f.to_provider", "request_model": "f.to_model", "response_model": "null", "deployment": "null", "region": "null"}


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_fallback_prices`: what the first model would have cost for each answer of a fallback [USD, one call; NULL = no price there].

    Where another book or another file of own prices priced the log, both sides are priced anew and the ratio is laid on what was paid.
    """
    con.execute(TABLE)
    con.execute(FIRSTS)
    named = load().prices
    prices = load_overrides(named) if named else None
    same = counterfactual.installed_book_priced(con, prices)
    variants = [AS_FIRST] if same else [AS_FIRST, AS_IT_WAS]
    fields = ", ".join(f"case when v.variant = {literal(AS_FIRST)} then {new} else c.{name} end as {name}" for name, new in NEW.items())
    rows = ROWS.format(fields=fields, variants=", ".join(map(literal, variants)))
    counterfactual.price(con, "stat_fallback_variants", rows, "call_id, variant, cost_usd::double as now_usd, new_usd::double as new_usd", prices, SWAPPED)
    paid = "f.new_usd" if same else "f.now_usd * f.new_usd / nullif(w.new_usd, 0)"
    con.execute(
        f"""insert into stat_fallback_prices select f.call_id, {paid} from stat_fallback_variants f
        left join stat_fallback_variants w on w.call_id = f.call_id and w.variant = {literal(AS_IT_WAS)} where f.variant = {literal(AS_FIRST)}"""
    )
