-- How far each user's calls usually lie above or below the mean of their series, input and output tokens apart, one row per metric, feature, model and user.
-- effect [ln tokens]: the user's mean less that of all, shrunk by between / (between + within / n): a user of few calls says little.
-- Usual = the whole days before the last three. within_users: variance of ln tokens from call to call of one user. Partly counted output is left out.
create or replace view day_token_users as
with per_user as (
    select feature, model, user_id,
        sum(sample_weight) filter (input_tokens is not null) as n_in, sum(sample_weight * ln(greatest(input_tokens, 1))) as s_in,
        sum(sample_weight * power(ln(greatest(input_tokens, 1)), 2)) as q_in,
        sum(sample_weight) filter (output_tokens is not null and usage_status is distinct from 'partial') as n_out,
        sum(sample_weight * ln(greatest(output_tokens, 1))) filter (usage_status is distinct from 'partial') as s_out,
        sum(sample_weight * power(ln(greatest(output_tokens, 1)), 2)) filter (usage_status is distinct from 'partial') as q_out
    from call_days where day_no >= 3 and app_cache is distinct from 'hit'
    group by feature, model, user_id
),
users as (
    select 'input_tokens' as metric, feature, model, user_id, n_in as n, s_in as s, q_in as q, s_in / n_in as mean from per_user where n_in > 0
    union all
    select 'output_tokens', feature, model, user_id, n_out, s_out, q_out, s_out / n_out from per_user where n_out > 0
),
spread as (
    select metric, feature, model, sum(s) / sum(n) as mean, (sum(q) - sum(s * s / n)) / greatest(sum(n) - count(*), 1) as within_users,
        sum(s * s / n) - power(sum(s), 2) / sum(n) as between_sum, count(*) as users, sum(n) - sum(n * n) / sum(n) as between_n
    from users group by metric, feature, model
),
levels as (select *, greatest(between_sum - (users - 1) * within_users, 0) / nullif(between_n, 0) as between_users from spread)
select u.metric, u.feature, u.model, u.user_id, l.within_users,
    coalesce((u.mean - l.mean) * l.between_users / nullif(l.between_users + l.within_users / u.n, 0), 0) as effect
from users u join levels l on u.metric = l.metric and u.feature is not distinct from l.feature and u.model is not distinct from l.model;
