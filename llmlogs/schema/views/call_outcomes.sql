-- Every call with how it ended: class (NULL where it went well; the vocabulary of error_class, `unknown` where the log does not say why) and
-- is_failure: a failure somebody should repair. Refusals by a rate limit, content filters and the user's own cancels are none: they have questions of
-- their own. Adds: series (provider / model: where an outage would show), unit (see sampled_calls). Application cache hits are among them: they are answers, too.
create or replace view call_outcomes as
with classed as (
    select call_id, started_at, provider, coalesce(request_model, response_model) as model, feature, endpoint, region, api_key_hash, status_code, duration_ms, sample_weight, coalesce(trace_id, operation_id, call_id) as unit,
        case when status in ('ok', 'cancelled', 'blocked', 'shed') then null
            when coalesce(status, 'unknown') = 'unknown' and coalesce(status_code, 0) < 400 then null
            when error_class is not null then error_class
            when status_code = 429 then 'rate_limit'
            when status = 'timeout' then 'timeout'
            else 'unknown' end as class
    from calls
)
select *, concat_ws(' / ', coalesce(provider, 'unknown provider'), model) as series,
    class is not null and class not in ('rate_limit', 'client_cancel', 'content_filter') as is_failure
from classed;
