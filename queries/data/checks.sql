/*---
question  = "Are there fields that are logged, and say nothing or the wrong thing?"
needs     = ["calls.started_at | calls.duration_ms | calls.input_tokens | calls.output_tokens"]
min_calls = 100
results   = ["verdict", "evidence"]
passes    = "No field of {n:call|calls} is constant, coarse, always 0 or at odds with another; on {min_effect:pct0} of a source's rows it would have been seen."
fails     = "{wrong:check fails|checks fail}: {top_finding}[; {doubtful:other field looks|other fields look} doubtful]."
info      = "{doubtful:field looks|fields look} doubtful: {top_finding}."
why       = "A field that is there and wrong is worse than one that is missing: its question is answered, confidently, from a constant, a clock of whole seconds or letters counted as tokens."
fix       = "The list says for each field what is wrong and what to log instead. A wrong unit or column is mended in the mapping file ([units], [columns]); then ingest into a new database."
[columns]
source   = { label = "Source" }
field    = { label = "Field" }
finding  = { label = "Finding" }
severity = { label = "Weight", help = "wrong: two fields cannot both be true; doubtful: possible, but seldom so; coarse: true, and too rough for some questions" }
share    = { label = "Of the rows it concerns", unit = "pct" }
rows_seen = { label = "Rows", unit = "int", help = "that log the field" }
effect   = { label = "What it spoils" }
remedy   = { label = "Log instead" }
---*/
-- A warning: two fields at odds on 5 % of a source's rows or more (of 100 at least). All else is told and not judged: a log of one user, or of a provider without a cache, may be right.
create or replace temp table facts as
select coalesce(source, 'unknown') as source, count(*) as n, sum(sample_weight) as w,
    count(duration_ms) as n_duration, min(duration_ms) as duration_low, max(duration_ms) as duration_high, count(*) filter (duration_ms > 0 and duration_ms % 1000 = 0) as duration_whole, count(*) filter (duration_ms = 0 and app_cache is distinct from 'hit' and coalesce(status, 'ok') = 'ok') as duration_zero,
    count(ttft_ms) as n_ttft, min(ttft_ms) as ttft_low, max(ttft_ms) as ttft_high, count(*) filter (ttft_ms > duration_ms + 1) as ttft_over, count(*) filter (ttft_ms is not null and duration_ms is not null) as n_ttft_both, count(*) filter (ttft_ms = duration_ms and output_tokens > 20) as ttft_same,
    count(*) filter (ttft_ms is not null and output_tokens > 20) as n_ttft_long,
    count(input_tokens) as n_in, min(input_tokens) as in_low, max(input_tokens) as in_high, count(output_tokens) filter (is_text) as n_out, min(output_tokens) filter (is_text) as out_low, max(output_tokens) filter (is_text) as out_high,
    count(started_at) as n_start, count(*) filter (date_trunc('second', started_at) = started_at) as start_whole, count(*) filter (date_trunc('day', started_at) = started_at) as start_day,
    count(*) filter (ended_at is not null and duration_ms is not null and started_at is not null) as n_span, count(*) filter (abs(date_diff('microsecond', started_at, ended_at) / 1e3 - duration_ms) > greatest(1000, 0.1 * duration_ms)) as span_odd,
    count(*) filter (cache_read_tokens is not null and input_tokens >= 1024) as n_cache, count(*) filter (cache_read_tokens > 0) as cache_read,
    count(*) filter (prompt_chars > 40 and input_tokens is not null) as n_chars, count(*) filter (prompt_chars > 40 and input_tokens = prompt_chars) as in_is_chars, quantile_cont(case when prompt_chars > 40 then input_tokens / prompt_chars end, 0.5) as in_ratio,
    count(*) filter (completion_chars > 40 and output_tokens is not null) as n_out_chars, count(*) filter (completion_chars > 40 and output_tokens = completion_chars) as out_is_chars,
    count(user_id) as n_user, min(user_id) as user_low, max(user_id) as user_high, count(max_tokens) filter (output_tokens is not null) as n_limit, count(*) filter (output_tokens > max_tokens) as over_limit,
    count(status) as n_status, count(*) filter (status in ('error', 'timeout', 'cancelled', 'blocked', 'shed') or status_code >= 400) as failed
from (select *, coalesce(operation, 'chat') in ('chat', 'text_completion') as is_text from calls) c group by 1;

create or replace temp table found as
with params as (
    select coalesce(getvariable('warn_share'), 0.05) as warn_share -- share of a source's rows on which two fields disagree that is a warning
),
every as (
    select source, 'duration_ms' as field, 'wrong' as severity, 'is not the time from start to end' as finding, span_odd as k, n_span as of, warn_share as least_share, 100 as least_n, 'every latency' as effect, 'the caller''s wait in ms; leave out the end if it means something else' as remedy from facts, params
    union all select source, 'ttft_ms', 'wrong', 'comes after the whole answer', ttft_over, n_ttft_both, warn_share, 100, 'streaming/*, latency/where_time_goes', 'ms from the call''s start to its first token, in the unit of duration_ms' from facts, params
    union all select source, 'input_tokens', 'wrong', 'are the characters of the prompt', in_is_chars, n_chars, 0.5, 50, 'every cost and token count', 'the usage the provider returns' from facts
    union all select source, 'output_tokens', 'wrong', 'are the characters of the answer', out_is_chars, n_out_chars, 0.5, 50, 'every cost and token count', 'the usage the provider returns' from facts
    union all select source, 'input_tokens', 'doubtful', 'are four fifths of the characters or more: characters, a script of one token a sign, or much that is no text (tools, pictures)?', case when in_ratio >= 0.8 and in_is_chars < 0.5 * n_chars then n_chars else 0 end, n_chars, 0.5, 50, 'every cost and token count', 'the usage the provider returns' from facts
    union all select source, 'duration_ms', 'doubtful', 'is the same in every call', case when duration_low = duration_high then n_duration else 0 end, n_duration, 1, 100, 'every latency', 'the measured wait, not a default' from facts
    union all select source, 'duration_ms', 'doubtful', 'is 0 for answered calls', duration_zero, n_duration, 0.2, 100, 'every latency', 'NULL where it was not measured' from facts
    union all select source, 'duration_ms', 'coarse', 'is whole seconds', case when duration_low < duration_high then duration_whole else 0 end, n_duration, 0.98, 100, 'percentiles and parts of short calls', 'milliseconds' from facts
    union all select source, 'ttft_ms', 'doubtful', 'is the same in every call', case when ttft_low = ttft_high then n_ttft else 0 end, n_ttft, 1, 100, 'streaming/time_to_first_token', 'the measured time of the first chunk' from facts
    union all select source, 'ttft_ms', 'doubtful', 'equals the whole duration: the answer came in one piece, or the clock was stopped at the last chunk', ttft_same, n_ttft_long, 0.5, 100, 'streaming/*', 'the time of the first chunk' from facts
    union all select source, 'input_tokens', 'doubtful', 'is the same in every call', case when in_low = in_high then n_in else 0 end, n_in, 1, 100, 'every cost, tokens/drift', 'the usage the provider returns' from facts
    union all select source, 'output_tokens', 'doubtful', 'is the same in every call', case when out_low = out_high then n_out else 0 end, n_out, 1, 100, 'every cost, latency/estimated_parts', 'the usage the provider returns' from facts
    union all select source, 'started_at', 'doubtful', 'is a day without a time', start_day, n_start, 0.98, 100, 'limits/*, errors/bursts, everything by hour', 'ISO 8601 with milliseconds and a zone' from facts
    union all select source, 'started_at', 'coarse', 'has whole seconds', case when start_day < 0.98 * n_start then start_whole else 0 end, n_start, 0.98, 100, 'limits/retries, gaps between calls, times from start to first token', 'milliseconds' from facts
    union all select source, 'cache_read_tokens', 'doubtful', 'is always 0, though prompts are long enough to be cached: no cache, or a field that is not passed on', case when cache_read = 0 then n_cache else 0 end, n_cache, 1, 100, 'cache/prefix_cache, every cost', 'prompt_tokens_details.cached_tokens or cache_read_input_tokens of the response' from facts
    union all select source, 'user_id', 'doubtful', 'is the same in every call', case when user_low = user_high then n_user else 0 end, n_user, 1, 200, 'cost/by_user, intervals by user', 'a pseudonym of the end user, not of the service' from facts
    union all select source, 'max_tokens', 'doubtful', 'is less than what was written', over_limit, n_limit, 0.01, 100, 'latency/max_tokens', 'the limit that was sent' from facts
    union all select source, 'status', 'doubtful', 'never tells of a failure', case when failed = 0 then n_status else 0 end, n_status, 1, 5000, 'errors/*, limits/*', 'failed and cancelled calls, too' from facts
)
select *, k / nullif(of, 0) as share from every where of >= least_n and k >= least_share * of and k > 0;

with top as (select concat(field, ' ', finding, ' (', source, ')') as top_finding from found order by severity <> 'wrong', severity <> 'doubtful', share * of desc, field, source limit 1),
counted as (select count(*) filter (severity = 'wrong') as wrong, count(*) filter (severity <> 'wrong') as doubtful from found),
every as (select cast(round(coalesce(sum(w), 0)) as bigint) as n from facts),
log as (select coalesce(sum(n), 0) as logged from facts)
select case when logged = 0 then 'unknown' when wrong > 0 then 'warn' when doubtful > 0 then 'info' else 'ok' end as verdict, e.n, (wrong + doubtful) * 1e0 as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis, warn_share as min_effect, cast(null as double) as p_value,
    'there is no call' as reason, wrong, nullif(doubtful, 0) as doubtful, top_finding
from every e cross join log cross join counted cross join (select coalesce(getvariable('warn_share'), 0.05) as warn_share) p left join top on true;

select source, field, finding, severity, share, of as rows_seen, effect, remedy from found order by severity <> 'wrong', severity <> 'doubtful', of desc, field, source limit 200;
