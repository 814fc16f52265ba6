-- What the application asked for, one row each: the tries (see there) that share an operation_id, in order of time. What was answered from an application cache or
-- shed before sending is not among them. provider, model, feature, priority: of the first try. outcome of the first try: ok; caller (the caller's own fault: 4xx but 408 and
-- 429, a filter, an answer the application could not use), refused (rate limit, quota), cancelled (the user's own), failed (everything else); NULL: the log does not say.
-- ended_well: a try went well. fell_back: a try says what it stands in for, or follows one that did not go well with another provider or model than the first.
-- is_saved: such a try brought the answer. from_name, to_provider, to_model: the fallback's. first_id, last_id: calls of the first try and of the one that answered, else of
-- the last. first_is_fallback: the tries before it are not in this operation. n_tries [count].
create or replace view whole_operations as
with judged as (
    select *, case
            when status = 'cancelled' or error_class = 'client_cancel' or status_code = 499 then 'cancelled'
            when status = 'ok' or (coalesce(status, 'unknown') = 'unknown' and status_code < 400) then 'ok'
            when coalesce(status, 'unknown') = 'unknown' and status_code is null and error_class is null then null
            when is_refused or error_class in ('rate_limit', 'quota') then 'refused'
            when error_class in ('overloaded', 'server_error', 'timeout', 'connection', 'truncated_stream') or status_code = 408 then 'failed'
            when status_code between 400 and 498 and status_code <> 429 then 'caller'
            when status = 'blocked' or error_class in ('bad_request', 'context_length', 'auth', 'not_found', 'content_filter', 'parse_error', 'tool_error') then 'caller'
            else 'failed' end as outcome
    from tries
),
placed as (
    select *, row_number() over one as place, lag(outcome) over one as outcome_before, first_value(provider) over one as provider_1, first_value(model) over one as model_1
    from judged where not is_only window one as (partition by operation_id order by started_at, attempt, call_id)
),
marked as (
    select *, fallback_from is not null or (coalesce(outcome_before not in ('ok', 'cancelled'), false) and (coalesce(provider <> provider_1, false) or coalesce(model <> model_1, false))) as is_fallback,
        case when outcome = 'ok' then place end as place_ok
    from placed
),
ends as (select operation_id, max(place) as n_tries, coalesce(min(place_ok), max(place)) as end_place, min(place) filter (where is_fallback) as fall_place from marked group by operation_id)
select operation_id, call_id as first_id, call_id as last_id, started_at, feature, priority, provider, model, outcome, coalesce(outcome = 'ok', false) as ended_well, 1 as n_tries,
    fallback_from is not null as fell_back, fallback_from is not null and coalesce(outcome = 'ok', false) as is_saved, fallback_from is not null as first_is_fallback,
    fallback_from as from_name, case when fallback_from is not null then provider end as to_provider, case when fallback_from is not null then model end as to_model, sample_weight
from judged where is_only
union all
select f.operation_id, f.call_id, l.call_id, f.started_at, f.feature, f.priority, f.provider, f.model, f.outcome, coalesce(l.outcome = 'ok', false), e.n_tries,
    e.fall_place is not null, e.fall_place is not null and l.is_fallback and coalesce(l.outcome = 'ok', false), f.is_fallback,
    coalesce(b.fallback_from, case when b.operation_id is not null then coalesce(f.model, f.provider) end), case when l.is_fallback then l.provider else b.provider end,
    case when l.is_fallback then l.model else b.model end, f.sample_weight
from ends e join marked f on f.operation_id = e.operation_id and f.place = 1 join marked l on l.operation_id = e.operation_id and l.place = e.end_place
    left join marked b on b.operation_id = e.operation_id and b.place = e.fall_place;
