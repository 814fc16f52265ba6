-- Tokens per call, per feature, model and whole day, input and output apart. value = mean of ln(tokens) after each user's usual level is taken out
-- (view day_token_users), so that it does not matter who was active. level [tokens]: the plain mean per call.
-- noise = within-user variance / calls. user_share [0..1 of calls] = those that name a user. Output of partly counted calls (usage_status partial) is
-- left out, and so are days with fewer than 20 calls.
create or replace view day_tokens as
with counted as (
    select * replace (case when usage_status is distinct from 'partial' then output_tokens end as output_tokens) from call_days where app_cache is distinct from 'hit'
),
per_user as (
    select feature, model, user_id, day_no, day_start, weekend_share,
        sum(sample_weight) filter (input_tokens is not null) as n_in, sum(sample_weight * input_tokens) as t_in,
        sum(sample_weight * ln(greatest(input_tokens, 1))) as s_in,
        sum(sample_weight) filter (output_tokens is not null) as n_out, sum(sample_weight * output_tokens) as t_out,
        sum(sample_weight * ln(greatest(output_tokens, 1))) as s_out,
        count(input_tokens) as rows_in, count(output_tokens) as rows_out
    from counted
    group by feature, model, user_id, day_no, day_start, weekend_share
),
long as (
    select 'input_tokens' as metric, feature, model, user_id, day_no, day_start, weekend_share, rows_in as calls, n_in as n, t_in as t, s_in as s
    from per_user where n_in > 0
    union all
    select 'output_tokens', feature, model, user_id, day_no, day_start, weekend_share, rows_out, n_out, t_out, s_out
    from per_user where n_out > 0
)
select l.metric, l.feature, cast(null as varchar) as provider, l.model, l.day_no, l.day_start, l.weekend_share, cast(sum(l.calls) as bigint) as n,
    sum(l.s - l.n * coalesce(e.effect, 0)) / sum(l.n) as value, sum(l.t) / sum(l.n) as level, coalesce(max(e.within_users), 0) / sum(l.n) as noise,
    coalesce(sum(l.n) filter (l.user_id is not null), 0) / sum(l.n) as user_share
from long l
left join day_token_users e on l.metric = e.metric and l.feature is not distinct from e.feature and l.model is not distinct from e.model
    and l.user_id is not distinct from e.user_id
group by l.metric, l.feature, l.model, l.day_no, l.day_start, l.weekend_share
having sum(l.calls) >= 20;
