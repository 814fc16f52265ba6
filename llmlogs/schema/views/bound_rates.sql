-- Rates [USD for one token, search, request] that bound a cost which is not known exactly. scope: rate (by rate_id: most_in, most_out, search and request
-- are the dearest of all times and sizes of its plan, where a model without any rate for output bills none; the others are the row's own), provider (as
-- logged), or all of this database. fee: the plan has a fee per request that depends on what no log counts.
create or replace view bound_rates as
with rates as (
    select r.rate_id, r.plan_id, p.provider_raw as provider, contains(coalesce(r.unseen, ''), 'requests_kcount') as fee,
        cast(greatest(r.input_rate, r.cache_write_rate, r.cache_write_1h_rate, r.audio_input_rate, r.image_input_rate) as double) as most_in,
        cast(greatest(r.output_rate, r.reasoning_rate, r.audio_output_rate, r.image_output_rate) as double) as most_out,
        cast(r.input_rate as double) as input, cast(greatest(r.output_rate, r.reasoning_rate) as double) as output, cast(r.web_search_rate as double) as search,
        cast(r.request_rate as double) as request, cast(r.audio_output_rate as double) as audio, cast(r.image_output_rate as double) as image
    from price_rates r join price_plans p on r.plan_id = p.plan_id where coalesce(r.kind, 'cost') = 'cost'
),
plans as (
    select plan_id, max(most_in) as most_in, case when count(most_in) > 0 then coalesce(max(most_out), 0) else max(most_out) end as most_out,
        max(search) as most_search, max(request) as most_request, bool_or(fee) as any_fee
    from rates group by plan_id
)
select 'rate' as scope, rate_id, null as provider, {'most_in': p.most_in, 'most_out': p.most_out, 'most_search': most_search, 'request': most_request, 'fee': any_fee,
        'input': r.input, 'output': r.output, 'search': r.search, 'audio': r.audio, 'image': r.image} as rates
from rates r join plans p on r.plan_id = p.plan_id
union all
select case when grouping(provider) = 0 then 'provider' else 'all' end, null, provider, {'most_in': max(most_in), 'most_out': max(most_out), 'most_search': max(search),
        'request': null, 'fee': false, 'input': null, 'output': null, 'search': null, 'audio': null, 'image': null}
from rates group by grouping sets ((provider), ());
