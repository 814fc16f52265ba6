-- Capacity paid by the hour ([[capacity]] of the own price file in force), every UTC hour of the log in which it was paid for: cost_usd, used_usd (what its
-- calls took, which is their cost_usd; above cost_usd where they took more than there was), idle_usd (the rest: no call carries it), n_calls [weighted].
-- Where the file does not say how use is counted, used_usd and idle_usd are NULL: calls carry nothing and cost_usd is one line.
create or replace view capacity_hours as
with terms as (
    select * from price_terms where kind = 'capacity'
        and own_book_id = (select arg_max(own_book_id, run_no) from pricing_runs where own_book_id is not null)
),
span as (select date_trunc('hour', min(started_at)) as first_hour, date_trunc('hour', max(started_at)) as last_hour from calls),
hours as (
    select t.*, unnest(generate_series(greatest(first_hour, coalesce(valid_from, first_hour)), least(last_hour, coalesce(valid_to - interval 1 hour, last_hour)), interval 1 hour)) as hour
    from terms t, span s where first_hour is not null
),
taken as (
    select t.provider, t.model, date_trunc('hour', c.started_at) as hour, sum(c.sample_weight * cast(c.cost_usd as double)) as used_usd, sum(c.sample_weight) as n_calls
    from calls c join price_rates r on c.rate_id = r.rate_id join price_plans p on r.plan_id = p.plan_id
        join price_terms t on t.own_book_id = p.own_book_id and t.line = r.own_line and t.kind = 'capacity'
    where c.cost_status = 'capacity' group by all
)
select h.provider, h.model, h.hour, cast(h.usd_per_hour as double) as cost_usd, case when h.unit is not null then coalesce(u.used_usd, 0) end as used_usd,
    case when h.unit is not null then greatest(0, cast(h.usd_per_hour as double) - coalesce(u.used_usd, 0)) end as idle_usd,
    coalesce(u.n_calls, 0) as n_calls, h.reason
from hours h left join taken u on u.provider = h.provider and u.model = h.model and u.hour = h.hour;
