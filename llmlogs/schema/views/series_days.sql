-- Every daily series that is watched for a lasting change, one row per series and whole day; see day_cache, day_cost, day_prefix, day_tokens, day_waits.
-- series = one text for (metric, feature, provider, model), so that rows without a feature keep a series of their own.
create or replace view series_days as
select *, concat(metric, chr(31), coalesce(feature, chr(30)), chr(31), coalesce(provider, chr(30)), chr(31), coalesce(model, chr(30))) as series
from (
    select * from day_cost
    union all by name select * from day_cache
    union all by name select * from day_waits
    union all by name select * from day_prefix
    union all by name select * from day_tokens
);
