-- The log at the grain of an hour: what was used, what it cost by the log's own prices, and the calls that were not metered.
create or replace temp view rc_named as
select c.*, n.seller, n.model, t.named as tier, coalesce(started_at, ended_at) as instant, {project} as project, {key} as own_key,
    case when operation = 'embeddings' then 'embeddings' when operation in ('image', 'audio', 'rerank', 'other') then operation else 'completions' end as subject,
    coalesce(billed_input_tokens, input_tokens) as sent, coalesce(billed_output_tokens, output_tokens) as made
from calls c
join rc_call_names n on n.provider is not distinct from c.provider and n.gateway is not distinct from c.gateway and n.request_model is not distinct from c.request_model
    and n.response_model is not distinct from c.response_model and n.deployment is not distinct from c.deployment
join rc_tiers t on t.raw is not distinct from c.service_tier
where cost_status is distinct from 'app_cache_hit' and coalesce(started_at, ended_at) is not null and n.seller in (select seller from rc_grain);

create or replace temp table rc_calls as
select seller, model, tier, project, own_key, date_trunc('hour', instant) as hour, rate_id, source, subject, cost_usd is not null as priced,
    coalesce(sum(sample_weight) filter (sent is not null or made is not null or coalesce(status, 'ok') not in ('error', 'blocked', 'shed')), 0) as calls,
    coalesce(sum(sample_weight) filter (sent is null and made is null and coalesce(status, 'ok') not in ('error', 'blocked', 'shed')), 0) as unmetered,
    sum(sample_weight * coalesce(sent, 0)) as input, sum(sample_weight * coalesce(cache_read_tokens, 0)) as cache_read,
    sum(sample_weight * coalesce(cache_write_tokens, 0)) as cache_write, sum(sample_weight * coalesce(cache_write_1h_tokens, 0)) as cache_write_1h,
    sum(sample_weight * coalesce(made, 0)) as output, sum(sample_weight * coalesce(web_searches, 0)) as searches, sum(sample_weight * cost_usd::double) as usd
from rc_named group by all;

-- Days that the log covers, whoever was asked: where it is silent inside them, calls may be missing.
create or replace temp table rc_span as
select date_trunc('day', min(instant)) as first_day, date_trunc('day', max(instant)) + interval 1 day as end_day from (select coalesce(started_at, ended_at) as instant from calls);

-- Kinds of tokens, each with its money. What a call costs beyond its tokens at the plain rates (reasoning, audio) is with the output, a search apart.
create or replace temp table rc_log as
with rated as (
    select c.*, greatest(input - cache_read - cache_write, 0) as fresh, r.input_rate::double as i, coalesce(r.cache_read_rate, r.input_rate)::double as cr,
        coalesce(r.cache_write_rate, r.input_rate)::double as cw, coalesce(r.cache_write_1h_rate, r.cache_write_rate, r.input_rate)::double as cw1,
        coalesce(searches * r.web_search_rate::double, 0) + coalesce(calls * r.request_rate::double, 0) as apart
    from rc_calls c left join price_rates r using (rate_id)
),
paid as (select *, fresh * i as fresh_usd, cache_read * cr as read_usd, (cache_write - cache_write_1h) * cw + cache_write_1h * cw1 as write_usd from rated),
parts as (
    select seller, model, tier, project, own_key, hour, source, subject, priced, unnest([
        {'kind': 'input', 'tokens': fresh, 'usd': fresh_usd}, {'kind': 'cache_read', 'tokens': cache_read, 'usd': read_usd},
        {'kind': 'cache_write', 'tokens': cache_write, 'usd': write_usd}, {'kind': 'other', 'tokens': 0e0, 'usd': apart},
        {'kind': 'requests', 'tokens': calls, 'usd': 0e0},
        {'kind': 'output', 'tokens': output, 'usd': usd - coalesce(fresh_usd, 0) - coalesce(read_usd, 0) - coalesce(write_usd, 0) - apart}], recursive := true)
    from paid
)
select seller, model, tier, project, own_key, hour, source, subject, kind, sum(tokens) as tokens, coalesce(sum(tokens) filter (not priced), 0) as unpriced,
    coalesce(sum(usd) filter (priced), 0) as usd
from parts group by all;

-- What the calls without usage may have used: as much as the model's others.
create or replace temp table rc_unmetered as
with metered as (select seller, model, nullif(sum(calls) - sum(unmetered), 0) as n from rc_calls group by all),
usual as (select l.seller, l.model, l.kind, sum(l.tokens) / n as tokens_each, sum(l.usd) / n as usd_each
    from rc_log l join metered using (seller, model) where l.kind not in ('other', 'requests') group by l.seller, l.model, l.kind, n)
select c.seller, c.model, c.tier, c.project, c.own_key, c.hour, c.source, c.subject, u.kind, sum(unmetered) as n, sum(unmetered * tokens_each) as tokens, 0e0 as unpriced, sum(unmetered * usd_each) as usd
from rc_calls c join usual u using (seller, model) where unmetered > 0 group by all;

-- Calls that repeat another one within a minute, all counts alike: harmless chance where answers are short, a file read twice where the bill has half.
-- Looked for only where the log has more output than the bill.
create or replace temp table rc_excess as
with own as (select seller, model, date_trunc('day', hour) as day, sum(output) as q from rc_calls group by all),
billed as (select seller, model, day, sum(tokens) as q from rc_used where measure = 'tokens' and kind = 'output' group by all)
select o.seller, o.model, o.day from own o join rc_grain g using (seller) left join billed b using (seller, model, day)
where (o.seller, o.day) in (select (seller, day) from rc_used) and (unit <> 'tokens' or not has_model or not has_kind or o.q > coalesce(b.q, 0) * 1.0001);
create or replace temp table rc_twins as
with found as (
    select *, sent is not null and made >= 1 and instant - lag(instant) over (partition by seller, model, sent, made, cache_read_tokens order by instant) <= interval 1 minute as repeats
    from rc_named where (seller, model, date_trunc('day', instant)) in (select (seller, model, day) from rc_excess)
),
counted as (
    select seller, model, tier, project, own_key, date_trunc('hour', instant) as hour, source, subject, sum(sample_weight) as requests, sum(sample_weight * sent) as input,
        sum(sample_weight * coalesce(cache_read_tokens, 0)) as cache_read, sum(sample_weight * coalesce(cache_write_tokens, 0)) as cache_write, sum(sample_weight * made) as output,
        sum(sample_weight * cost_usd::double) as usd
    from found where repeats group by all
),
parts as (
    select * exclude (requests, input, cache_read, cache_write, output, usd), unnest([{'kind': 'input', 'tokens': greatest(input - cache_read - cache_write, 0)},
        {'kind': 'cache_read', 'tokens': cache_read}, {'kind': 'cache_write', 'tokens': cache_write}, {'kind': 'output', 'tokens': output},
        {'kind': 'requests', 'tokens': requests}], recursive := true)
    from counted
)
select p.*, 0e0 as unpriced, p.tokens * coalesce(l.usd / nullif(l.tokens, 0), 0) as usd
from parts p left join (select seller, model, tier, kind, sum(tokens) as tokens, sum(usd) as usd from rc_log group by all) l using (seller, model, tier, kind);

-- Silences: minutes without a call of the seller, too long to be chance among so many calls at its own pace. The log's first and last day count as a whole.
create or replace temp table rc_gaps as
with edges as (select distinct seller, date_trunc('minute', instant) as minute from rc_named
    union select seller, first_day - interval 1 minute from rc_grain, rc_span union select seller, end_day from rc_grain, rc_span),
silences as (select seller, minute + interval 1 minute as begins, lead(minute) over (partition by seller order by minute) as ends from edges),
hours as (
    select seller, begins, ends, unnest(generate_series(date_trunc('hour', begins), ends - interval 1 microsecond, interval 1 hour)) as hour
    from silences where ends - begins >= interval 5 minute
),
pace as (select seller, hour(hour) as hour_of_day, sum(calls) / greatest(any_value(date_diff('day', first_day, end_day)), 1) as calls from rc_calls, rc_span group by all),
parts as (
    select h.*, date_diff('second', greatest(begins, h.hour), least(ends, h.hour + interval 1 hour)) / 3600e0 as share, coalesce(p.calls, 0) as pace
    from hours h left join pace p on p.seller = h.seller and p.hour_of_day = hour(h.hour)
)
select seller, hour, share * pace as calls from parts join (select seller, sum(calls) as all_calls from rc_calls group by seller) using (seller)
qualify sum(share * pace) over (partition by seller, begins) >= ln(greatest(all_calls, 1)) + 3;
