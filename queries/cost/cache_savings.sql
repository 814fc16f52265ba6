/*---
question  = "Do caches save money, after what filling them costs?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.cache_read_tokens where cost_usd is not null and app_cache is distinct from 'hit' -- on priced calls"]
min_calls = 100
results   = ["verdict", "evidence", "answers"]
passes    = "The providers' prompt caches saved {saved_usd:usd} net, {value:pct0} of what these calls would have cost without[, after {writes_usd:usd} paid for writes]. A group that lost {min_effect:pct0} of its spend would have been a warning[; your own answer cache saved about {app_usd:usd} more (estimated)]."
fails     = "{feature} on {model} loses money by prompt caching: writes cost {group_write_usd:usd} more than plain input, reads saved {group_read_usd:usd}. It reads {reads:num} tokens for each one it writes and needs {break_even:num}[; your own answer cache saved about {app_usd:usd} more (estimated)]."
info      = "The providers' prompt caches saved {saved_usd:usd} net, {value:pct0} of what these calls would have cost without[, after {writes_usd:usd} paid for writes][; your own answer cache saved about {app_usd:usd} more (estimated)]."
why       = "A cached token costs a tenth to a half of a fresh one, but some providers charge up to twice the price for writing it. A cache that is filled and not read costs more than none."
fix       = "1. Below break-even: mark only what is sent again within the lifetime, or leave the mark out. 2. Read too rarely for five minutes: one hour of life costs more to write and pays from two reads on. 3. Put what never changes first, see cache/prefix_cache. 4. Identical questions: an answer cache of your own saves the whole call."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Saved by prompt caches, net of writes"
x      = "feature"
y      = "saved_usd"
mark   = "loses"
[columns]
provider    = { label = "Provider" }
model       = { label = "Model", help = "as answered, else as asked for" }
feature     = { label = "Feature", help = "empty: calls that name no feature" }
n_calls     = { label = "Calls", unit = "int", help = "priced calls that report cache reads" }
spend       = { label = "Spend", unit = "usd" }
read_share  = { label = "Read from cache", unit = "pct0", help = "of input tokens" }
read_usd    = { label = "Reads saved", unit = "usd", help = "tokens read, at the difference between the plain rate and the rate of a read" }
write_usd   = { label = "Writes cost", unit = "usd", help = "tokens written, at what writing costs above the plain rate" }
saved_usd   = { label = "Saved, net", unit = "usd", help = "what the same calls would have cost without a cache, less what they cost" }
saved_share = { label = "Of the price without", unit = "pct0" }
reads       = { label = "Reads per write", unit = "num", help = "tokens read for each token written; empty where nothing was written" }
break_even  = { label = "Needed", unit = "num", help = "reads per write from which on the writes pay, at these calls' own rates; empty where writing costs nothing extra" }
loses       = { label = "Loses money" }
hits        = { label = "Hits", unit = "int", help = "answers from the application's own cache" }
est_usd     = { label = "Would have cost, about", unit = "usd", help = "estimated: the median price per token of misses of the same feature and model, times the hit's tokens; the median price of a miss where tokens are not logged" }
unknown     = { label = "No miss to compare", unit = "int" }
---*/
-- A problem: a provider, model and feature with at least 100 calls that write, whose net saving is below minus 5 % of its spend. All at the rates of each call's own rate row,
-- so tier, context bracket and instant are right: the sum equals pricing the calls again without cache columns, less what they cost.
create or replace temp table grouped as
with sums as (
    select provider, model, feature, sum(sample_weight) as n, sum(usd) as spend, sum(read_n) / nullif(sum(plain_n + read_n + write_n + hour_n + media_in_n), 0) as read_share,
        sum(read_n * (r_in - r_read)) as read_usd, sum(write_n * (r_write - r_in) + hour_n * (r_hour - r_in)) as write_usd, sum(sample_weight) filter (where write_n + hour_n > 0) as writing,
        sum(read_n) / nullif(sum(write_n + hour_n), 0) as reads, sum(write_n * (r_write - r_in) + hour_n * (r_hour - r_in)) / nullif(sum((write_n + hour_n) * (r_in - r_read)), 0) as break_even
    from call_charges where reports_cache and r_in is not null group by provider, model, feature
),
params as (
    select coalesce(getvariable('min_loss'), 5e-2) as min_loss, -- net loss of a group worth a warning, as a share of its spend
        coalesce(getvariable('min_writes'), 100) as min_writes -- calls that write which a group needs to be judged
)
select s.* exclude (break_even), case when break_even > 0 then break_even end as break_even, read_usd - write_usd as saved_usd, (read_usd - write_usd) / nullif(spend + read_usd - write_usd, 0) as saved_share,
    coalesce(writing >= min_writes and write_usd - read_usd >= min_loss * spend, false) as loses, p.min_loss
from sums s, params p;

-- Answers of the application's own cache: what misses of the same feature and model cost by the token.
create or replace temp table answered as
with sent as (
    select feature, coalesce(request_model, response_model) as asked, app_cache = 'hit' as is_hit, cast(cost_usd as double) as usd,
        nullif(coalesce(input_tokens, 0) + coalesce(output_tokens, 0), 0) as tokens, sample_weight as w
    from calls where (app_cache = 'hit' and cost_status = 'app_cache_hit')
        or (app_cache = 'miss' and cost_usd is not null and coalesce(feature, '') in (select coalesce(feature, '') from calls where app_cache = 'hit'))
),
ranked as (
    select feature, asked, usd, usd / tokens as each_usd, sum(w) over (partition by feature, asked order by usd) / sum(w) over (partition by feature, asked) as call_rank,
        sum(w) over (partition by feature, asked, tokens is null order by usd / tokens) / sum(w) over (partition by feature, asked, tokens is null) as token_rank
    from sent where not is_hit
),
misses as (
    select feature, asked, min(usd) filter (where call_rank >= 0.5) as per_call, min(each_usd) filter (where token_rank >= 0.5) as per_token from ranked group by feature, asked
)
select h.feature, h.asked as model, sum(h.w) as hits, sum(h.w * coalesce(h.tokens * m.per_token, m.per_call)) as est_usd, coalesce(sum(h.w) filter (where m.per_call is null), 0) as unknown
from sent h left join misses m on h.feature is not distinct from m.feature and h.asked is not distinct from m.asked where h.is_hit group by h.feature, h.asked;

with every as (select coalesce(sum(n), 0) as n, sum(spend) as spend, sum(read_usd) as read_usd, sum(write_usd) as write_usd, sum(saved_usd) as saved_usd, max(min_loss) as min_loss, coalesce(sum(writing), 0) as writing from grouped),
worst as (select * from grouped order by loses desc, saved_usd, provider, model, feature limit 1),
app as (select sum(hits) as hits, sum(est_usd) as usd from answered)
select case when e.n = 0 then 'unknown' when w.loses then 'warn' when e.writing >= 100 then 'ok' else 'info' end as verdict, cast(round(e.n) as bigint) as n,
    e.saved_usd / nullif(e.spend + e.saved_usd, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis, e.min_loss as min_effect, cast(null as double) as p_value,
    e.saved_usd, case when e.write_usd > 0 then e.write_usd end as writes_usd, e.read_usd as reads_usd, coalesce(w.feature, 'calls without a feature') as feature, coalesce(w.model, 'an unnamed model') as model,
    w.read_usd as group_read_usd, w.write_usd as group_write_usd, coalesce(w.reads, 0) as reads, w.break_even, app.usd as app_usd,
    case when e.n = 0 then 'no priced call reports cache reads' end as reason
from every e left join worst w on true left join app on true;

select provider, model, feature, cast(round(n) as bigint) as n_calls, spend, read_share, read_usd, write_usd, saved_usd, saved_share, reads, break_even, loses
from grouped order by saved_usd desc, provider, model, feature;

select feature, model, cast(round(hits) as bigint) as hits, est_usd, cast(round(unknown) as bigint) as unknown from answered order by est_usd desc nulls last, feature, model;
