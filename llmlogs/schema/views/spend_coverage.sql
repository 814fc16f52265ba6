-- How much of the money is known, in one row. billable_calls: calls that may have cost something; priced_calls and lower_bound_calls (priced, but at least
-- that) of them; priced_share and priced_token_share [ratio], of billable calls and of all tokens; spend [USD]: what is known; spend_high [USD]: at most,
-- without the unbounded_calls, which nothing bounds. All weighted by the calls a row stands for.
create or replace view spend_coverage as
select coalesce(sum(sample_weight), 0) as all_calls, coalesce(sum(sample_weight) filter (money <> 'refused'), 0) as billable_calls,
    coalesce(sum(sample_weight) filter (money = 'priced'), 0) as priced_calls,
    coalesce(sum(sample_weight) filter (money = 'priced' and cost_status = 'lower_bound'), 0) as lower_bound_calls,
    coalesce(sum(sample_weight) filter (money = 'priced'), 0) / nullif(sum(sample_weight) filter (money <> 'refused'), 0) as priced_share,
    coalesce(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) filter (money = 'priced'), 0) / nullif(sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)), 0) as priced_token_share,
    sum(spend) as spend, sum(spend_high) as spend_high, coalesce(sum(sample_weight) filter (spend_high is null), 0) as unbounded_calls
from call_costs;
