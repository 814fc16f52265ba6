-- New values of prompt_version, response_model and release that took over a tenth of a series' calls or more, one row per feature, model, attribute and value.
-- New = its first call in the series [began_at] lies in the last four days, a week or more after the first that names such a value.
-- share [0..1 of the series' calls from then on that name one].
create or replace view token_events as
with daily as (
    select feature, model, day_no, prompt_version, response_model, release, sum(sample_weight) as w, min(started_at) as began_at
    from call_days where app_cache is distinct from 'hit' group by feature, model, day_no, prompt_version, response_model, release
),
named as (
    select feature, model, day_no, w, began_at, 'prompt_version' as attribute, prompt_version as said from daily where prompt_version is not null
    union all select feature, model, day_no, w, began_at, 'model', response_model from daily where response_model is not null
    union all select feature, model, day_no, w, began_at, 'release', release from daily where release is not null
),
begun as (
    select *, max(day_no) over (partition by feature, model, attribute, said) as first_day, max(day_no) over (partition by feature, model, attribute) as oldest_day
    from named
),
fresh as (
    select feature, model, attribute, said, first_day, min(began_at) as began_at, sum(w) as w
    from begun where first_day <= 3 and oldest_day >= first_day + 7 group by feature, model, attribute, said, first_day
)
select f.feature, f.model, f.attribute, f.said, f.began_at, f.w / sum(n.w) as share
from fresh f join named n on f.feature is not distinct from n.feature and f.model is not distinct from n.model and f.attribute = n.attribute and n.day_no <= f.first_day
group by f.feature, f.model, f.attribute, f.said, f.began_at, f.w
having f.w >= 0.1 * sum(n.w);
