/*---
question  = "What fills the log, and what would be lost by keeping a part of it?"
needs     = ["calls.call_id"]
min_calls = 100
results   = ["verdict", "evidence", "fields"]
passes    = "{told}"
fails     = "{told}"
info      = "[{bytes:bytes} of log for {n_records:record|records}, {per_record:bytes} each. ][Prompts and answers are at least {text_share:pct0} of it, by the lengths that are logged. ][The files are compressed: they hold {text_bytes:bytes} of text. ]Keeping {keep:pct0} of the requests, failures whole, would tell [spend within {spend_reach:pct1}, ][the p95 of waits within {p95_reach:pct1}, ][the error rate within {error_reach:pct1}, ]the number of calls within {calls_reach:pct1} (95%)."
why       = "Text is most of the bytes and answers none of these questions; lengths and hashes do. A tenth of the requests, chosen whole and weighted back, answers most of the rest: what it cannot answer is what happens within minutes or to one request."
fix       = "1. Log prompt_chars, completion_chars and keyed hashes in place of text. 2. Sample by request (trace), keep failures and slow calls whole, log sample_weight = 1 / keep rate. 3. Keep every call of what rate limits, bursts and retries are judged by. 4. Read the precision below before you choose a rate."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Precision of the main numbers after sampling (half of a 95 % interval)"
x      = "number"
y      = "reach"
[columns]
number   = { label = "Number" }
now      = { label = "Now", unit = "num" }
lo       = { label = "from", unit = "num", help = "95 % interval after sampling" }
hi       = { label = "to", unit = "num" }
reach    = { label = "Within", unit = "pct1", help = "half of the interval, of the number itself" }
unit     = { label = "In" }
source   = { label = "Source" }
field    = { label = "Field" }
bytes    = { label = "Bytes", unit = "bytes", help = "characters for prompts and answers, which is at least their bytes; files as they lie on disk" }
share    = { label = "Of its files", unit = "pct0", help = "empty where the text is longer than the files: they are compressed" }
a_record = { label = "A record", unit = "bytes" }
known    = { label = "Known for", unit = "pct0", help = "of the source's calls" }
---*/
-- Descriptive: it never warns. Requests (trace, else operation, else call) are kept with the rate `keep`, those with a failed call always: variance of a total = sum of (1 / keep - 1) * y^2 over the requests that
-- may be dropped (Horvitz and Thompson 1952, JASA 47), of a rate by linearisation, of the p95 by the share above it, inverted (Woodruff 1952).
create or replace temp table waits_below as
select duration_ms, sum(sample_weight) over (order by duration_ms) / sum(sample_weight) over () as below from call_waits;

create or replace temp table requests as
with cut as (select min(duration_ms) filter (below >= 0.95) as p95 from waits_below)
select coalesce(trace_id, operation_id, call_id) as request, sum(sample_weight) as m, coalesce(sum(sample_weight * cost_usd), 0) as usd,
    coalesce(sum(sample_weight) filter (status in ('error', 'timeout')), 0) as failed, coalesce(sum(sample_weight * output_tokens), 0) as written, coalesce(sum(sample_weight) filter (output_tokens is not null), 0) as m_written,
    coalesce(sum(sample_weight) filter (duration_ms > p95 and is_wait), 0) as slow, coalesce(sum(sample_weight) filter (duration_ms is not null and is_wait), 0) as waits
from (select *, app_cache is distinct from 'hit' and coalesce(status, 'unknown') not in ('error', 'blocked', 'shed') as is_wait from calls) c, cut group by 1;

create or replace temp table precision_of as
with params as (
    select coalesce(getvariable('keep'), 0.1) as keep -- share of the requests without a failure that would be kept
),
totals as (select sum(m) as n, cast(sum(usd) as double) as usd, sum(failed) as failed, sum(written) / nullif(sum(m_written), 0) as mean_written, sum(m_written) as n_written, sum(waits) as waits, sum(slow) / nullif(sum(waits), 0) as slow_share from requests),
errors as (
    select any_value(keep) as keep, 1.96 * sqrt((1 / any_value(keep) - 1) * sum(m * m)) as calls, 1.96 * sqrt((1 / any_value(keep) - 1) * sum(power(cast(usd as double), 2))) as usd,
        1.96 * sqrt((1 / any_value(keep) - 1) * sum(power(t_failed / n * m, 2))) / any_value(n) as rate, 1.96 * sqrt((1 / any_value(keep) - 1) * sum(power(written - mean_written * m_written, 2))) / any_value(n_written) as written,
        1.96 * sqrt((1 / any_value(keep) - 1) * sum(power(slow - slow_share * waits, 2))) / any_value(t_waits) as share
    from params, (select n, usd as t_usd, failed as t_failed, mean_written, n_written, waits as t_waits, slow_share from totals) t, requests r where r.failed = 0
),
tails as (
    select min(duration_ms) filter (below >= 0.95) as p95, min(duration_ms) filter (below >= 0.95 - share) as lo, min(duration_ms) filter (below >= least(1 - 1e-9, 0.95 + share)) as hi from waits_below, errors
)
select 1 as place, 'calls' as number, 'calls' as unit, n as now, calls as half, n - calls as lo, n + calls as hi, keep from totals, errors where n > 0
union all select 2, 'spend', 'USD', t.usd, e.usd, t.usd - e.usd, t.usd + e.usd, keep from totals t, errors e where t.usd > 0
union all select 3, 'error rate', 'share of calls', failed / n, rate, failed / n - rate, failed / n + rate, keep from totals, errors where n > 0
union all select 4, 'output tokens, mean', 'tokens', mean_written, written, mean_written - written, mean_written + written, keep from totals, errors where mean_written > 0
union all select 5, 'p95 of the wait', 'ms', p95, (hi - lo) / 2, lo, hi, keep from tails, errors where p95 > 0;

create or replace temp table weights_of as
with texts as (select coalesce(source, 'unknown') as source, count(*) as n, sum(prompt_chars) as prompts, sum(completion_chars) as answers, count(prompt_chars) as n_prompts, count(completion_chars) as n_answers, sum(sample_weight) as n_calls from calls group by 1),
held as (select source, sum(bytes) as bytes, sum(records) as records from files where records > 0 group by source)
select t.*, h.bytes, h.records, coalesce(prompts, 0) + coalesce(answers, 0) as chars, coalesce(prompts, 0) + coalesce(answers, 0) > h.bytes as is_packed from texts t left join held h on t.source = h.source;

with bytes as (select sum(bytes) as bytes, sum(records) as records, sum(chars) as chars, bool_or(is_packed) as is_packed, max(n_prompts + n_answers) as told from weights_of),
log as (select cast(round(coalesce(sum(m), 0)) as bigint) as n from requests)
select case when l.n = 0 then 'unknown' else 'info' end as verdict, l.n, cast(b.bytes as double) / nullif(b.records, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'estimated' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    'there is no call' as reason, '' as told, b.bytes, b.records as n_records, b.bytes / nullif(b.records, 0) as per_record, case when b.told > 0 and not b.is_packed then b.chars / nullif(b.bytes, 0) end as text_share, case when b.is_packed then b.chars end as text_bytes,
    (select any_value(keep) from precision_of) as keep, (select half / nullif(now, 0) from precision_of where place = 2) as spend_reach, (select half / nullif(now, 0) from precision_of where place = 5) as p95_reach, (select half / nullif(now, 0) from precision_of where place = 1) as calls_reach,
    (select half / nullif(now, 0) from precision_of where place = 3) as error_reach
from log l left join bytes b on true;

select number, now, half / nullif(now, 0) as reach, lo, hi, unit from precision_of order by place;

with parts as (select *, unnest(['prompts', 'answers', 'everything else']) as field, unnest([prompts, answers, case when not is_packed then bytes - chars end]) as size, unnest([n_prompts, n_answers, n]) as told from weights_of)
select source, field, size as bytes, case when not is_packed then size / nullif(bytes, 0) end as share, size / nullif(case field when 'everything else' then records else told end, 0) as a_record, told / n as known from parts where size is not null order by bytes desc, source, field limit 100;
