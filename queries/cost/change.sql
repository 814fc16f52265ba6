/*---
question  = "Why did the bill change?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)"]
min_calls = 100
results   = ["verdict", "evidence", "segments"]
passes    = "{after_usd:usd} in the {after_days} from {after_from:date}, {before_usd:usd} in the {before_days} from {before_from:date}[: {more_usd:usd} more ({more:pct0})][: {less_usd:usd} less ({less:pct0})][, {first} {first_usd:usd}][, {second} {second_usd:usd}][, {third} {third_usd:usd}][. {unpriced:call|calls} without a price are in neither]."
fails     = "{reason}"
why       = "More users, a longer prompt, another model and a new price look the same on an invoice. Taken apart, each has an owner, and only some are worth a talk."
fix       = "1. More calls of a feature that earns is growth; of one nobody ordered, see its users. 2. Longer prompts or answers: tokens/drift says since when. 3. Another model: was the switch meant? 4. Less read from the cache: cache/prefix_cache. 5. Prices: `llmlogs prices explain CALL_ID` shows the rate and its dates."
[[chart]]
kind   = "waterfall"
result = "evidence"
title  = "From the former bill to the present one"
x      = "step"
y      = "usd"
total  = "is_total"
[columns]
step        = { label = "Step", help = "each at the former period's values of what comes after it, so that the steps add up to the difference without a remainder" }
usd         = { label = "USD", unit = "usd" }
share       = { label = "Of the former bill", unit = "pct1" }
is_total    = { label = "Total" }
feature     = { label = "Feature" }
model       = { label = "Model", help = "provider and model, as answered, else as asked for" }
before_n    = { label = "Calls before", unit = "int", help = "sent to the provider and priced" }
after_n     = { label = "Calls after", unit = "int" }
before_usd  = { label = "Before", unit = "usd" }
after_usd   = { label = "After", unit = "usd" }
change_usd  = { label = "Change", unit = "usd" }
volume_usd  = { label = "Calls in all", unit = "usd", help = "all features that are in both periods grow or shrink alike" }
mix_usd     = { label = "Feature's share", unit = "usd", help = "this feature's share of calls changed; new and gone features stand here whole" }
model_usd   = { label = "Model", unit = "usd", help = "the feature's calls went to another model or provider" }
prompt_usd  = { label = "Prompt length", unit = "usd", help = "input tokens per call" }
answer_usd  = { label = "Answer length", unit = "usd", help = "output tokens per call" }
kind_usd    = { label = "Token kinds", unit = "usd", help = "share of input read from or written to a cache, of output spent on reasoning, audio and images" }
price_usd   = { label = "Price", unit = "usd", help = "the latter period's tokens at the difference of the rates they were billed at: list prices, tiers, long-context brackets, discounts" }
fee_usd     = { label = "Fees", unit = "usd", help = "web searches, fees per request, and what has no rate per token" }
---*/
-- Two periods: the last two whole months where the log has them, else the last 7 days and the 7 before (fewer where the log is shorter). Each step swaps one column of
-- N * feature share * model share * (tokens * kind share * rate), from the former to the latter period, in this order: price is thus the latter period's tokens at new less old rates.
create or replace temp table periods as
with params as (
    select coalesce(getvariable('period'), 'auto') as period, -- week, month, or auto: months where the log has two whole ones
        coalesce(getvariable('after_from'), cast(null as timestamp))::timestamp as after_from, -- start of the latter period, UTC
        coalesce(getvariable('after_to'), cast(null as timestamp))::timestamp as after_to, -- its end, not included
        coalesce(getvariable('before_from'), cast(null as timestamp))::timestamp as before_from, -- start of the former period; not given: as long as the latter
        coalesce(getvariable('before_to'), cast(null as timestamp))::timestamp as before_to -- its end; not given: where the latter begins
),
log as (select min(started_at) as begins_at, date_trunc('hour', max(started_at)) + interval 1 hour as hour_end from calls),
span as (select *, case when extract(hour from hour_end) >= 22 then date_trunc('day', hour_end) + interval 1 day else hour_end end as ends_at from log),
whole as (
    select *, date_trunc('month', ends_at) as month_end, least(7, (date_diff('second', begins_at, ends_at) + 7200) // 86400 // 2) as days, period = 'month' or (period = 'auto' and begins_at < date_trunc('month', ends_at) - interval 2 month + interval 1 day) as by_month from span, params
),
latter as (
    select *, coalesce(after_from, case when by_month then month_end - interval 1 month else coalesce(after_to, ends_at) - to_days(cast(days as integer)) end) as a0, coalesce(after_to, case when by_month and after_from is null then month_end else ends_at end) as a1 from whole
)
select a0, a1, coalesce(before_to, a0) as b1, coalesce(before_from, case when by_month and after_from is null then a0 - interval 1 month else coalesce(before_to, a0) - (a1 - a0) end) as b0 from latter;
create or replace temp table sums as
select c.started_at >= a0 and c.started_at < a1 as is_after, feature, provider, model, concat(coalesce(feature, chr(30)), chr(31), coalesce(provider, chr(30)), chr(31), coalesce(model, chr(30))) as segment,
    sum(sample_weight) as n, sum(usd) as usd, sum(fee_usd) as fee_usd, sum(plain_n) as plain_n, sum(plain_usd) as plain_usd, sum(read_n) as read_n, sum(read_usd) as read_usd, sum(write_n) as write_n, sum(write_usd) as write_usd, sum(hour_n) as hour_n, sum(hour_usd) as hour_usd, sum(media_in_n) as media_in_n, sum(media_in_usd) as media_in_usd,
    sum(text_n) as text_n, sum(text_usd) as text_usd, sum(think_n) as think_n, sum(think_usd) as think_usd, sum(media_out_n) as media_out_n, sum(media_out_usd) as media_out_usd,
    sum(plain_n + read_n + write_n + hour_n + media_in_n) as in_n, coalesce(sum(plain_usd + read_usd + write_usd + hour_usd + media_in_usd), 0) as in_usd, sum(text_n + think_n + media_out_n) as out_n, coalesce(sum(text_usd + think_usd + media_out_usd), 0) as out_usd
from call_charges c, periods where (c.started_at >= a0 and c.started_at < a1) or (c.started_at >= b0 and c.started_at < b1)
group by is_after, feature, provider, model;
-- What tokens of now would have cost at the average rate of then; at their own where there were none then.
create or replace temp macro at_old(new_n, old_n, old_usd, new_usd) as coalesce(new_n * old_usd / nullif(old_n, 0), new_usd, 0);

create or replace temp table segments as
with pairs as (
    select coalesce(a.feature, b.feature) as feature, coalesce(a.provider, b.provider) as provider, coalesce(a.model, b.model) as model, coalesce(b.n, 0) as n0, coalesce(a.n, 0) as n1, coalesce(b.usd, 0) as c0, coalesce(a.usd, 0) as c1,
        at_old(a.n, b.n, b.in_usd, a.in_usd) as in_calls, at_old(a.in_n, b.in_n, b.in_usd, a.in_usd) as in_tokens, a.in_usd as in_now, at_old(a.n, b.n, b.out_usd, a.out_usd) as out_calls, at_old(a.out_n, b.out_n, b.out_usd, a.out_usd) as out_tokens, a.out_usd as out_now, at_old(a.n, b.n, b.fee_usd, a.fee_usd) as fee_calls, a.fee_usd as fee_now,
        at_old(a.plain_n, b.plain_n, b.plain_usd, a.plain_usd) + at_old(a.read_n, b.read_n, b.read_usd, a.read_usd) + at_old(a.write_n, b.write_n, b.write_usd, a.write_usd) + at_old(a.hour_n, b.hour_n, b.hour_usd, a.hour_usd) + at_old(a.media_in_n, b.media_in_n, b.media_in_usd, a.media_in_usd) as in_kinds,
        at_old(a.text_n, b.text_n, b.text_usd, a.text_usd) + at_old(a.think_n, b.think_n, b.think_usd, a.think_usd) + at_old(a.media_out_n, b.media_out_n, b.media_out_usd, a.media_out_usd) as out_kinds
    from (select * from sums where is_after) a full join (select * from sums where not is_after) b on a.segment = b.segment
),
featured as (select *, sum(n0) over (partition by feature) as f0, sum(n1) over (partition by feature) as f1 from pairs),
grown as (select *, sum(case when f0 > 0 then n1 end) over () / nullif(sum(case when f1 > 0 then n0 end) over (), 0) as growth, f0 > 0 and f1 > 0 as is_kept, n0 > 0 and n1 > 0 as is_paired from featured)
select feature, concat_ws(' / ', provider, model) as model, n0, n1, c0, c1, case when is_kept then c0 * (growth - 1) else 0 end as volume_usd, case when is_kept then c0 * (f1 / f0 - growth) when f0 = 0 then c1 else -c0 end as mix_usd,
    case when is_kept then case when n0 > 0 then c0 * n1 / n0 else c1 end - c0 * f1 / f0 else 0 end as model_usd, f0 = 0 as is_new, f1 = 0 as is_gone, case when is_paired then in_tokens - in_calls else 0 end as prompt_usd, case when is_paired then out_tokens - out_calls else 0 end as answer_usd,
    case when is_paired then in_kinds - in_tokens + out_kinds - out_tokens else 0 end as kind_usd, case when is_paired then in_now - in_kinds + out_now - out_kinds else 0 end as price_usd, case when is_paired then fee_now - fee_calls else 0 end as fee_usd
from grown;
create or replace temp table steps as
with total as (select sum(volume_usd) as volume, sum(mix_usd) filter (where not is_new and not is_gone) as mix, sum(c1) filter (where is_new) as new, -sum(c0) filter (where is_gone) as gone, sum(model_usd) as model,
    sum(prompt_usd) as prompt, sum(answer_usd) as answer, sum(kind_usd) as kind, sum(price_usd) as price, sum(fee_usd) as fee from segments)
select unnest([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) as place, unnest([volume, new, gone, mix, model, prompt, answer, kind, price, fee]) as usd, unnest([case when volume < 0 then 'fewer calls' else 'more calls' end, 'new features', 'features that are gone', 'calls moved between features', 'calls moved between models',
        case when prompt < 0 then 'shorter prompts' else 'longer prompts' end, case when answer < 0 then 'shorter answers' else 'longer answers' end, 'cached, reasoning and media tokens', 'prices', 'searches and fees']) as step
from total;

with bill as (select sum(c0) as c0, sum(c1) as c1, sum(n0) as n0, sum(n1) as n1 from segments),
ranked as (select step, usd, row_number() over (order by abs(usd) desc, place) as rank from steps, bill where abs(usd) > 1e-9 * (c0 + c1)),
top as (select max(step) filter (where rank = 1) as first, max(usd) filter (where rank = 1) as first_usd, max(step) filter (where rank = 2) as second, max(usd) filter (where rank = 2) as second_usd, max(step) filter (where rank = 3) as third, max(usd) filter (where rank = 3) as third_usd from ranked),
blank as (select nullif(cast(round(sum(sample_weight)) as bigint), 0) as unpriced from call_costs c, periods where money = 'unpriced' and ((c.started_at >= a0 and c.started_at < a1) or (c.started_at >= b0 and c.started_at < b1)))
select case when coalesce(n0, 0) = 0 or coalesce(n1, 0) = 0 then 'unknown' else 'info' end as verdict, cast(round(coalesce(n0 + n1, 0)) as bigint) as n, (c1 - c0) / nullif(c0, 0) as value, cast(null as double) as lo, cast(null as double) as hi,
    'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value, case when coalesce(n0, 0) = 0 or coalesce(n1, 0) = 0 then 'one of the two periods has no priced call; it takes two whole days, or set after_from and after_to' end as reason,
    c0 as before_usd, c1 as after_usd, c1 - c0 as change_usd, case when c1 > c0 then c1 - c0 end as more_usd, case when c1 < c0 then c0 - c1 end as less_usd, case when c1 > c0 then (c1 - c0) / nullif(c0, 0) end as more, case when c1 < c0 then (c0 - c1) / nullif(c0, 0) end as less, b0 as before_from, a0 as after_from, b1 as before_to, a1 as after_to, concat(date_diff('hour', a0, a1) // 24, ' days') as after_days, concat(date_diff('hour', b0, b1) // 24, ' days') as before_days, top.*, unpriced
from bill, periods, top, blank;
select step, usd, usd / nullif(c0, 0) as share, is_total from (select 0 as place, 'before' as step, sum(c0) as usd, true as is_total from segments union all select place, step, usd, false from steps union all select 11, 'after', sum(c1), true from segments), (select sum(c0) as c0 from segments)
where usd is not null and (is_total or abs(usd) > 1e-9 * c0 or c0 = 0) order by place;
select feature, model, cast(round(n0) as bigint) as before_n, cast(round(n1) as bigint) as after_n, c0 as before_usd, c1 as after_usd, c1 - c0 as change_usd, volume_usd, mix_usd, model_usd, prompt_usd, answer_usd, kind_usd, price_usd, fee_usd
from segments order by abs(c1 - c0) desc, feature, model limit 100;
