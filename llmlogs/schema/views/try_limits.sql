-- The limits of each series (provider / model / start of the key's hash, as in tries): what headers told of, else what its refusals imply.
-- limit_kind: requests, tokens (a minute), requests_day, tokens_day, input_tokens ... (the header's scope); NULL: refused, and the log cannot tell by what.
-- limit_value, lo, hi [of limit_kind]; basis: measured (a header), estimated, bounded (refusals lie so far apart that others use the limit too: at least so much).
-- refused [weighted tries]; is_binding: of a series' limits the one that refuses, without refusals the one that came nearest.
-- used [share of limit_value, 99.9th percentile of the last week] where headers tell what remains; spread [(q90 - q10) / q50] of what had been taken when it refused.
-- Inferred from 30 refusals on: what was taken in the last 60 seconds, or since the full minute, at each of them; the limit that binds is the one at which it is
-- always the same. Tokens are input + output; half of what the refused try asked for is added, for it did not fit. A day's limit: refused from one moment to the
-- end of the day (UTC or US Pacific), on two days or more, after the same amount.
create or replace view try_limits as
with told as (
    select concat_ws(' / ', coalesce(r.provider, c.provider, 'unknown provider'), coalesce(r.model, c.request_model, c.response_model), left(coalesce(r.api_key_hash, c.api_key_hash), 8)) as series,
        case r.scope when 'requests_minute' then 'requests' when 'tokens_minute' then 'tokens' else r.scope end as limit_kind, coalesce(r.at, c.started_at) as moment, r.limit_value,
        r.remaining / r.limit_value as left_over,
        c.error_class = 'rate_limit' or (c.status_code = 429 and coalesce(c.error_class, 'unknown') = 'unknown') as at_refusal
    from rate_limits r left join calls c on r.call_id = c.call_id where r.limit_value > 0 and r.scope is not null
),
recent as (select series, limit_kind, max(moment) - interval 7 day as since from told group by series, limit_kind),
headers as (
    select t.series, t.limit_kind, arg_max(limit_value, (moment, limit_value)) as limit_value, count(*) filter (where at_refusal and left_over < 0.5) as spent, min(left_over) as least_left,
        1 - quantile_cont(left_over, 0.001) filter (where moment >= since) as used
    from told t join recent r on t.series = r.series and t.limit_kind = r.limit_kind group by t.series, t.limit_kind
),
near as (select *, row_number() over (partition by series order by spent desc, least_left, limit_kind) as place from headers),
loud as (select series, sum(sample_weight) as refused, count(*) as n from tries where is_refused group by series),
load as (
    select t.series, t.started_at, date_trunc('minute', t.started_at) as full_minute, t.is_refused, t.operation_id, case when not t.is_refused then t.sample_weight else 0 end as w,
        coalesce(t.input_tokens, t.output_tokens) is not null as has_size, coalesce(t.input_tokens, 0) + coalesce(t.output_tokens, 0) as size, t.sample_weight
    from tries t where t.started_at is not null and t.series in (select series from loud where n >= 30)
),
close_by as (
    select distinct series, full_minute from load where is_refused
    union select distinct series, full_minute - interval 1 minute from load where is_refused
),
sized as (
    select series, operation_id, max(size) as size from load where w > 0 and has_size and operation_id in (select operation_id from load where is_refused) group by series, operation_id
),
typical as (
    select series, quantile_cont(size, 0.5) filter (where has_size) as size, count(*) filter (where has_size) >= 0.9 * count(*) as is_known, max(sample_weight) > 1 as is_sampled from load where w > 0 group by series
),
rolling as (
    select l.series, operation_id, is_refused, sum(w) over slide as n_slide, sum(w * size) over slide as t_slide, sum(w) over clock as n_fixed, sum(w * size) over clock as t_fixed
    from load l semi join close_by c on l.series = c.series and l.full_minute = c.full_minute
    window slide as (partition by l.series order by started_at range between interval 60 second preceding and interval 1 microsecond preceding),
        clock as (partition by l.series, l.full_minute order by started_at range between unbounded preceding and interval 1 microsecond preceding)
),
refusals as (
    select r.series, coalesce(n_slide, 0) as n_slide, coalesce(n_fixed, 0) as n_fixed, coalesce(t_slide, 0) + coalesce(s.size, y.size) / 2 as t_slide, coalesce(t_fixed, 0) + coalesce(s.size, y.size) / 2 as t_fixed
    from rolling r join typical y on r.series = y.series left join sized s on r.series = s.series and r.operation_id = s.operation_id where r.is_refused
),
forms as (select series, unnest(['requests', 'requests', 'tokens', 'tokens']) as limit_kind, unnest([n_slide, n_fixed, t_slide, t_fixed]) as taken, unnest([1, 2, 1, 2]) as form from refusals),
fits as (
    select series, limit_kind, form, quantile_cont(taken, 0.5) as limit_value, quantile_cont(taken, 0.1) as lo, quantile_cont(taken, 0.9) as hi from forms group by series, limit_kind, form
),
steadiest as (
    select *, (hi - lo) / nullif(limit_value, 0) as spread from fits where limit_value > 0 qualify row_number() over (partition by series, limit_kind order by spread, form) = 1
),
ranked as (
    select s.*, y.is_known, y.is_sampled, lead(spread) over (partition by s.series order by spread, s.limit_kind) as next_spread, row_number() over (partition by s.series order by spread, s.limit_kind) as place
    from steadiest s join typical y on s.series = y.series where s.limit_kind = 'requests' or y.is_known
),
minutes as (
    select l.series, l.full_minute, sum(w) as requests, sum(w * size) as tokens, count(c.series) > 0 as is_close from load l left join close_by c on l.series = c.series and l.full_minute = c.full_minute group by l.series, l.full_minute
),
-- A limit that most minutes reach without a refusal is none: the load is steady, and something else refused.
unhindered as (
    select r.series, r.limit_kind, coalesce(avg(m.is_close::integer), 1) < 0.5 as is_none from ranked r join minutes m on r.series = m.series and case r.limit_kind when 'requests' then m.requests else m.tokens end >= 0.98 * r.limit_value
    where r.place = 1 group by r.series, r.limit_kind
),
minute as (
    select r.series, r.limit_kind, limit_value, lo, hi, spread, case when spread > 0.25 then 'bounded' else 'estimated' end as basis from ranked r left join unhindered u on r.series = u.series and r.limit_kind = u.limit_kind
    where place = 1 and spread <= 0.6 and not coalesce(is_none, false) and case when is_known then spread * 1.2 + 0.002 < next_spread else spread <= 0.05 end
),
hours as (
    select series, date_trunc('hour', started_at) as hour, sum(w) as requests, sum(w * size) as tokens, max(started_at) filter (where not is_refused) as last_taken from load group by series, hour
),
zones as (select unnest(['UTC', 'America/Los_Angeles']) as zone),
taken as (
    select series, zone, date_trunc('day', timezone(zone, timezone('UTC', hour))) as day, sum(requests) as requests, sum(tokens) as tokens, max(last_taken) as last_taken from hours cross join zones group by series, zone, day
),
days as (
    select t.series, t.zone, t.day, any_value(requests) as requests, any_value(tokens) as tokens, count(*) as refused_after from load l cross join zones z
    join taken t on l.series = t.series and z.zone = t.zone and date_trunc('day', timezone(z.zone, timezone('UTC', l.started_at))) = t.day
    where l.is_refused and l.started_at > t.last_taken group by t.series, t.zone, t.day having count(*) >= 5 and max(l.started_at) >= min(l.started_at) + interval 1 hour
),
caps as (
    select series, zone, unnest(['requests_day', 'tokens_day']) as limit_kind, unnest([requests, tokens]) as taken, refused_after from days
),
daily as (
    select series, limit_kind, quantile_cont(taken, 0.5) as limit_value, min(taken) as lo, max(taken) as hi, (max(taken) - min(taken)) / quantile_cont(taken, 0.5) as spread, 'estimated' as basis, sum(refused_after) as after
    from caps group by series, zone, limit_kind having count(*) >= 2 and min(taken) > 0 and (max(taken) - min(taken)) <= 0.1 * quantile_cont(taken, 0.5)
),
inferred as (
    select series, limit_kind, limit_value, lo, hi, spread, basis, 2 as rank, 0 as after from minute
    union all select d.series, limit_kind, limit_value, lo, hi, spread, basis, 1, after from daily d join loud l on d.series = l.series where after >= l.n / 2
),
chosen as (select * from inferred qualify row_number() over (partition by series order by rank, spread, after desc, limit_kind) = 1),
binding as (
    select l.series, case when h.spent > 0 then h.limit_kind else c.limit_kind end as limit_kind from loud l left join near h on l.series = h.series and h.place = 1 left join chosen c on l.series = c.series
)
select coalesce(h.series, c.series) as series, coalesce(h.limit_kind, c.limit_kind) as limit_kind, coalesce(h.limit_value, c.limit_value) as limit_value, coalesce(h.limit_value, c.lo) as lo, coalesce(h.limit_value, c.hi) as hi,
    case when h.series is not null then 'measured' else c.basis end as basis, coalesce(l.refused, 0) as refused, l.n as n_refused,
    case when b.series is null then h.place = 1 else coalesce(b.limit_kind = coalesce(h.limit_kind, c.limit_kind), false) end as is_binding, h.used, c.spread
from near h full join chosen c on h.series = c.series and h.limit_kind = c.limit_kind left join loud l on l.series = coalesce(h.series, c.series) left join binding b on b.series = coalesce(h.series, c.series)
union all
select l.series, null, null, null, null, null, l.refused, l.n, true, null, null from loud l left join binding b on l.series = b.series where b.limit_kind is null;
