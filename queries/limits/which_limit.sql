/*---
question  = "Which limit refuses your calls, and how large is it?"
needs     = ["calls.started_at", "calls.status | calls.status_code", "calls.status_code | calls.error_class where status = 'error' -- on failed calls"]
results   = ["verdict", "evidence"]
passes    = "No rate limit refused a call[; the limit that came nearest is {limit_value:num} {kind_said} of {worst_series}]."
info      = "{worst_series} was refused {refused:int} times by its limit of {at_least}{limit_value:num} {kind_said}{how}.[ {untold:other series is|other series are} refused by a limit that the log does not tell.]"
fails     = "{worst_series} was refused {refused:int} times by its limit of {limit_value:num} {kind_said}."
why       = "Requests and tokens run out for different reasons: many small calls, or few large ones. To slow down the wrong one changes nothing, and the size of the limit says how far there is to go."
fix       = "1. Requests bind: fewer, larger calls, batch what can wait. 2. Tokens bind: shorter prompts, lower max_tokens, spread large jobs. 3. A day's limit binds: ask for a larger one, move jobs to another model or to batch. 4. Send no faster than the limit: a queue in front of the key. To have limits told instead of inferred, log the x-ratelimit headers of the answers."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Calls refused, by what is limited"
x      = "series"
y      = "refused"
[columns]
series        = { label = "Limit of", help = "provider / model / start of the key's hash" }
limit_kind    = { label = "Limits", help = "requests, tokens: a minute; requests_day: a day; empty = cannot tell" }
limit_value   = { label = "Size", unit = "num" }
lo            = { label = "from", unit = "num", help = "eight of ten refusals came after this much ..." }
hi            = { label = "to", unit = "num", help = "... to this much had been taken" }
basis         = { label = "Basis", help = "measured: a header; estimated: the same amount had been taken at each refusal; bounded: at least so much, for others seem to use the limit too" }
refused       = { label = "Refused", unit = "int", help = "tries that a rate limit refused" }
refused_share = { label = "Share", unit = "pct1", help = "of the tries of the series" }
used          = { label = "Used, peak", unit = "pct0", help = "by the headers, 99.9th percentile of the last week" }
---*/
-- Descriptive: it never warns. How the limits are told: view try_limits. What is inferred holds as far as these logs have all that the key sends.
create or replace temp table binding as
with sent as (select series, sum(sample_weight) as tries, max(sample_weight) > 1 as is_sampled from tries group by series)
select l.*, s.tries, coalesce(s.is_sampled, false) as is_sampled,
    case limit_kind when 'requests' then 'requests a minute' when 'tokens' then 'tokens a minute' when 'requests_day' then 'requests a day' when 'tokens_day' then 'tokens a day' else replace(limit_kind, '_', ' ') end as kind_said
from try_limits l left join sent s on l.series = s.series where is_binding;

with totals as (
    select (select coalesce(sum(sample_weight), 0) from tries) as n, coalesce(sum(refused), 0) as refused_all, count(*) filter (where refused > 0 and limit_kind is null) as untold, count(*) filter (where refused > 0 and limit_kind is not null) as told,
        max(refused) filter (where limit_kind is null) as most_untold
    from binding
),
worst as (select * from binding where limit_kind is not null order by refused desc, used desc nulls last, series limit 1)
select case when n = 0 then 'unknown' when refused_all = 0 then 'ok' when told = 0 then 'unknown' else 'info' end as verdict, cast(round(n) as bigint) as n, limit_value as value, lo, hi, coalesce(basis, 'measured') as basis, 1 / nullif(n, 0) as min_effect,
    cast(null as double) as p_value, w.series as worst_series, cast(round(w.refused) as bigint) as refused, limit_value, kind_said, nullif(untold, 0) as untold, case when basis = 'bounded' then 'at least ' else '' end as at_least,
    case basis when 'measured' then ', as its headers say' else ' (inferred: as much had been taken at nearly every refusal; right where this log has all that the key sends' || case when is_sampled then ', and it is a sample' else '' end || ')' end as how,
    case when most_untold < 30 then 'it takes 30 refusals of one limit, or the x-ratelimit headers of the answers' else 'what had been taken before the refusals fits no one limit; log the x-ratelimit headers, and all that the key sends with input_tokens' end as reason
from totals left join worst w on true;

select series, limit_kind, limit_value, lo, hi, basis, cast(round(refused) as bigint) as refused, refused / nullif(tries, 0) as refused_share, used
from binding order by refused desc, used desc nulls last, series limit 100;
