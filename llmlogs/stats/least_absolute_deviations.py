"""How long a prompt takes to be read, where only the time to the first token is known: a line through (uncached input tokens, wait) per provider and model.

    first token = wait + slope * uncached input

Least absolute deviations, because queues only ever add: iteratively reweighted least squares with weights 1 / |residual| (Schlossmacher 1973, An iterative
technique for absolute deviations curve fitting, JASA 68). The scans are SQL; two by two systems are solved here. Quantile fits at 10 and 25 % were measured
to call reading too quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmlogs.stats import Inputs

if TYPE_CHECKING:
    import duckdb

ROUNDS = 12
LEAST_CALLS = 100
LEAST_VARIATION = 0.15  # standard deviation over mean of the tokens: constant prompts tell nothing

# x is divided by its mean; weights are held where a residual is next to nothing.
CALLS = """
create or replace temp table stat_first_tokens as
with waits as (
    select p.provider, p.model, p.first_token_ms as y, greatest(c.input_tokens - coalesce(c.cache_read_tokens, 0), 0)::double as x, p.sample_weight as w
    from call_parts p join calls c using (call_id) where p.first_token_ms > 0 and p.reading_ms = 0 and c.input_tokens is not null
),
groups as (
    select provider, model, row_number() over (order by provider, model)::integer as grp, avg(x) as x0, avg(y) as y0
    from waits group by provider, model having count(*) >= {least} and stddev_pop(x) >= {variation} * avg(x) and avg(x) > 0
)
select g.grp, w.provider, w.model, w.y, w.x / g.x0 as u, g.x0, g.y0, w.w
from waits w join groups g on w.provider is not distinct from g.provider and w.model is not distinct from g.model
"""
ROUND = """
create or replace temp table stat_line as
with weighed as (select t.*, w / greatest(abs(y - coalesce(l.a + l.b * u, y0)), 1e-4 * y0) as h from stat_first_tokens t left join {line} l using (grp)),
sums as (select grp, sum(h) as s, sum(h * u) as su, sum(h * u * u) as suu, sum(h * y) as sy, sum(h * u * y) as suy from weighed group by grp)
select grp, (sy - (s * suy - su * sy) / nullif(s * suu - su * su, 0) * su) / s as a, (s * suy - su * sy) / nullif(s * suu - su * su, 0) as b from sums
"""
RESULT = """
create or replace temp table stat_reading as
select provider, model, l.b / any_value(x0) as ms_per_token, count(*) as n
from stat_first_tokens join stat_line l using (grp) where l.b > 0 group by provider, model, l.b
"""


def compute(con: duckdb.DuckDBPyConnection, _inputs: Inputs) -> None:
    """Fill `stat_reading`: ms an uncached input token takes, per provider and model that log enough first tokens; others have no row."""
    con.execute(CALLS.format(least=LEAST_CALLS, variation=LEAST_VARIATION))
    con.execute(ROUND.format(line="(select null::integer as grp, null::double as a, null::double as b)"))
    for _ in range(ROUNDS):
        con.execute(ROUND.format(line="stat_line"))
    con.execute(RESULT)
