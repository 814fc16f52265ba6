-- Tokens per call, per feature, model and whole day, input and output apart. value = mean of ln(tokens) after each user's usual level is taken out
-- (shrunk: effect * between / (between + within / n), usual = before the last three days), so that it does not matter who was active.
-- level [tokens]: the plain mean per call. Output of partly counted calls (usage_status partial) is left out.
-- noise = within-user variance / calls. Days with fewer than 20 calls are left out.
create or replace view day_tokens as
with counted as (
    select * replace (case when usage_status is distinct from 'partial' then output_tokens end as output_tokens) from call_days where app_cache is distinct from 'hit'
),
per_user as (
    select feature, model, user_id, day_no, day_start, weekend_share,
        sum(sample_weight) filter (input_tokens is not null) as n_in, sum(sample_weight * input_tokens) as t_in,
        sum(sample_weight * ln(greatest(input_tokens, 1))) as s_in, sum(sample_weight * power(ln(greatest(input_tokens, 1)), 2)) as q_in,
        sum(sample_weight) filter (output_tokens is not null) as n_out, sum(sample_weight * output_tokens) as t_out,
        sum(sample_weight * ln(greatest(output_tokens, 1))) as s_out, sum(sample_weight * power(ln(greatest(output_tokens, 1)), 2)) as q_out,
        count(input_tokens) as rows_in, count(output_tokens) as rows_out
    from counted
    group by feature, model, user_id, day_no, day_start, weekend_share
),
long as (
    select 'input_tokens' as metric, feature, model, user_id, day_no, day_start, weekend_share, rows_in as calls, n_in as n, t_in as t, s_in as s, q_in as q
    from per_user where n_in > 0
    union all
    select 'output_tokens', feature, model, user_id, day_no, day_start, weekend_share, rows_out, n_out, t_out, s_out, q_out
    from per_user where n_out > 0
),
users as (
    select metric, feature, model, user_id, sum(n) as n, sum(s) as s, sum(q) as q, sum(s) / sum(n) as mean
    from long where day_no >= 3 group by metric, feature, model, user_id
),
spread as (
    select metric, feature, model, sum(n) as n, sum(s) / sum(n) as mean,
        (sum(q) - sum(s * s / n)) / greatest(sum(n) - count(*), 1) as within_users,
        sum(s * s / n) - power(sum(s), 2) / sum(n) as between_sum, count(*) as users, sum(n) - sum(n * n) / sum(n) as between_n
    from users group by metric, feature, model
),
effects as (
    select u.metric, u.feature, u.model, u.user_id, p.within_users,
        greatest(p.between_sum - (p.users - 1) * p.within_users, 0) / nullif(p.between_n, 0) as between_users, u.mean - p.mean as raw, u.n
    from users u join spread p on u.metric = p.metric and u.feature is not distinct from p.feature and u.model is not distinct from p.model
)
select l.metric, l.feature, cast(null as varchar) as provider, l.model, l.day_no, l.day_start, l.weekend_share, cast(sum(l.calls) as bigint) as n,
    sum(l.s - l.n * coalesce(e.raw * e.between_users / nullif(e.between_users + e.within_users / e.n, 0), 0)) / sum(l.n) as value,
    sum(l.t) / sum(l.n) as level, coalesce(max(e.within_users), 0) / sum(l.n) as noise
from long l
left join effects e on l.metric = e.metric and l.feature is not distinct from e.feature and l.model is not distinct from e.model
    and l.user_id is not distinct from e.user_id
group by l.metric, l.feature, l.model, l.day_no, l.day_start, l.weekend_share
having sum(l.calls) >= 20;
