-- What bounds the cost of calls whose cost is not known exactly: one row for every provider_key, model_key, feature_key and rate_key (as in calls, nothing
-- recorded = '' and -1) that has such a call. most_in, most_out [tokens]: how large its calls usually are at most (bound_sizes: its feature's, else the
-- model's); rate_in, rate_out, rate_search [USD for one]: the dearest of the plan, else of the provider, else of the database; other_in, other_out,
-- other_search: without the plan; own: the rate row's own, see bound_rates.
create or replace view bounds_of_calls as
with keys as (
    select distinct coalesce(provider, '') as provider_key, coalesce(response_model, request_model, '') as model_key, coalesce(feature, '') as feature_key, coalesce(rate_id, -1) as rate_key
    from calls where cost_usd is null or cost_status = 'lower_bound'
)
select k.*, coalesce(f.most_in, m.most_in) as most_in, coalesce(f.most_out, m.most_out) as most_out,
    coalesce(own.most_in, beside.most_in, any_of.most_in) as rate_in, coalesce(own.most_out, beside.most_out, any_of.most_out) as rate_out,
    coalesce(own.most_search, beside.most_search, any_of.most_search) as rate_search, coalesce(beside.most_in, any_of.most_in) as other_in,
    coalesce(beside.most_out, any_of.most_out) as other_out, coalesce(beside.most_search, any_of.most_search) as other_search, own
from keys k
left join (select rate_id, any_value(rates) as own from bound_rates where scope = 'rate' group by rate_id) r on k.rate_key = r.rate_id
left join (select provider, rates as beside from bound_rates where scope = 'provider') p on k.provider_key = p.provider
left join (select rates as any_of from bound_rates where scope = 'all') a on true
left join (select * from bound_sizes where not of_model) f on k.provider_key = f.provider and k.model_key = f.model and k.feature_key = f.feature
left join (select * from bound_sizes where of_model) m on k.provider_key = m.provider and k.model_key = m.model;
