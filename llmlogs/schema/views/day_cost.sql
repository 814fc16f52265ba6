-- Spend per feature and whole day. value [ln USD], level [USD], noise [variance of value from the number of calls alone].
-- Days with fewer than 20 priced calls of a feature say nothing about its spend and are left out.
create or replace view day_cost as
select 'cost' as metric, feature, cast(null as varchar) as provider, cast(null as varchar) as model, day_no, day_start, weekend_share,
    count(*) as n, ln(sum(sample_weight * cost_usd)) as value, sum(sample_weight * cost_usd) as level,
    sum(power(sample_weight * cost_usd, 2)) / power(sum(sample_weight * cost_usd), 2) as noise
from call_days
where cost_usd > 0
group by feature, day_no, day_start, weekend_share
having count(*) >= 20 and sum(sample_weight * cost_usd) > 0;
