/*---
question  = "What would these calls cost under other choices?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.input_tokens | calls.output_tokens"]
min_calls = 1
method    = "stats.what_if"
results   = ["verdict", "evidence", "levers"]
passes    = "[{asked}: {n_touched:call|calls} that cost {now_usd:usd} would cost {base_usd:usd} ({low_usd:usd} to {high_usd:usd}), {more:pct0} more][{asked_less}: {n_touched:call|calls} that cost {now_usd:usd} would cost {base_usd:usd} ({low_usd:usd} to {high_usd:usd}), {less:pct0} less][ (left out: {unfit:int} that would not fit into the model)][ (left out: {unpriced:int} without a price there)][ (for {unknown:int} nobody knows what a chunk takes)][ ({other_book})][Ten percent shorter answers are worth {answers_usd:usd} of {bill_usd:usd}, ten percent shorter prompts {prompts_usd:usd}; llmlogs what-if asks for more]. No log knows whether the answers would stay as good and as long."
fails     = "{reason}"
why       = "Another model, tier or shorter prompt is the largest lever there is. Its worth depends on the real mix of prompts, cached tokens and long contexts, which a price list does not show."
fix       = "1. `llmlogs what-if --to provider/model`, `--tier flex`, `--output -20%`, `--chunks 10=5`: the same calls, priced at the book's rates of their own time. 2. Trust the range: tokens of another vocabulary and another model's reasoning are guesses. 3. Try the choice on one feature and compare quality before the rest."
[[chart]]
kind   = "bars"
result = "levers"
title  = "What each lever is worth"
x      = "lever"
y      = "saved_usd"
[columns]
feature      = { label = "Feature" }
provider     = { label = "Provider" }
model        = { label = "Model" }
to_model     = { label = "Would be" }
n_calls      = { label = "Calls", unit = "int" }
now_usd      = { label = "Now", unit = "usd", help = "of the calls that fit and have a price there" }
low_usd      = { label = "Low", unit = "usd", help = "lowest guess of tokens of the same text, of reasoning and of what stays cached" }
base_usd     = { label = "Base", unit = "usd" }
high_usd     = { label = "High", unit = "usd" }
change       = { label = "Change", unit = "pct0", help = "base against now" }
unfit_n      = { label = "Do not fit", unit = "int", help = "prompt and answer together are longer than the model's context" }
unpriced_n   = { label = "No price", unit = "int" }
lever        = { label = "Lever" }
saved_usd    = { label = "Saves", unit = "usd", help = "at each call's own rates; what goes beyond a long-context bracket is not counted" }
least_usd    = { label = "At least", unit = "usd", help = "if all that goes was read from the cache" }
most_usd     = { label = "At most", unit = "usd", help = "if all that goes was fresh" }
saved_share  = { label = "Of spend", unit = "pct1" }
---*/
create temp table if not exists stat_what_if (feature varchar, provider varchar, model varchar, to_model varchar, n double, now_usd double, fits_n double, fits_usd double,
    unpriced_n double, unpriced_usd double, unknown_n double, low_usd double, base_usd double, high_usd double, other_book boolean);

create or replace temp table levers as
with sums as (
    select sum(sample_weight) as n, sum(usd) as bill, sum(text_usd + think_usd + media_out_usd) as answers, sum(plain_usd + read_usd + write_usd + hour_usd + media_in_usd) as prompts,
        sum(least(0.1 * (plain_n + read_n + write_n + hour_n), read_n) * r_read + greatest(0.1 * (plain_n + read_n + write_n + hour_n) - read_n, 0) * r_in) as cut_cached,
        sum(least(0.1 * (plain_n + read_n + write_n + hour_n), plain_n + write_n + hour_n) * r_in) as cut_fresh,
        sum(read_n * (r_in - r_read) - write_n * (r_write - r_in) - hour_n * (r_hour - r_in)) as cached from call_charges
)
select 1 as place, 'answers 10 % shorter' as lever, 0.1 * answers as saved_usd, 0.1 * answers as least_usd, 0.1 * answers as most_usd, bill, n from sums
union all select 2, 'prompts 10 % shorter', 0.1 * prompts, least(cut_cached, 0.1 * prompts), greatest(cut_fresh, 0.1 * prompts), bill, n from sums
union all select 3, 'prompt cache, saves already', cached, cached, cached, bill, n from sums;

with params as (
    select coalesce(getvariable('models'), '') as models, -- other models, written from=provider/model, separated by commas; * stands for anything
        coalesce(getvariable('tier'), '') as tier, -- another service tier: batch, flex, priority
        coalesce(getvariable('cache'), 'keep') as cache, -- the provider's prompt cache: keep, none, best (every repeated prefix is read)
        coalesce(getvariable('input_factor'), 1.0) as input_factor, -- length of prompts, 0.8 = a fifth shorter
        coalesce(getvariable('output_factor'), 1.0) as output_factor, -- length of answers
        coalesce(getvariable('chunks'), '') as chunks, -- fewer retrieved chunks, written from=to: 10=5
        coalesce(getvariable('only_feature'), '') as only_feature, -- leave all other features as they are
        coalesce(getvariable('reasoning_low'), 0.5) as reasoning_low, -- reasoning tokens of another model for each of the present one, at least
        coalesce(getvariable('reasoning_high'), 2.0) as reasoning_high -- and at most
),
asked as (
    select *, nullif(concat_ws(', ', nullif(models, ''), nullif(concat(tier, ' tier'), ' tier'), case when cache <> 'keep' then concat('prompt cache: ', cache) end,
        case when input_factor <> 1 then concat('prompts times ', input_factor) end, case when output_factor <> 1 then concat('answers times ', output_factor) end,
        nullif(concat('chunks ', chunks), 'chunks '), nullif(concat('feature ', only_feature), 'feature ')), '') as asked from params
),
told as (
    select sum(n) as n, sum(fits_n - coalesce(unpriced_n, 0)) as compared, sum(fits_usd) as now_usd, sum(low_usd) as low_usd, sum(base_usd) as base_usd, sum(high_usd) as high_usd, cast(round(sum(n - coalesce(fits_n, 0))) as bigint) as unfit,
        cast(round(sum(unpriced_n)) as bigint) as unpriced, cast(round(sum(unknown_n)) as bigint) as unknown, bool_or(other_book) as other_book from stat_what_if
),
bill as (select max(n) as n, max(bill) as usd, max(saved_usd) filter (where place = 1) as answers, max(saved_usd) filter (where place = 2) as prompts from levers)
select case when coalesce(b.n, 0) = 0 or (a.asked is not null and t.base_usd is null) then 'unknown' else 'info' end as verdict, cast(round(coalesce(b.n, 0)) as bigint) as n,
    t.base_usd / nullif(t.now_usd, 0) - 1 as value, t.low_usd / nullif(t.now_usd, 0) - 1 as lo, t.high_usd / nullif(t.now_usd, 0) - 1 as hi, case when t.low_usd < t.high_usd then 'bounded' else 'estimated' end as basis,
    cast(null as double) as min_effect, cast(null as double) as p_value, case when t.base_usd >= t.now_usd then a.asked end as asked, case when t.base_usd < t.now_usd then a.asked end as asked_less, t.base_usd / nullif(t.now_usd, 0) - 1 as more, 1 - t.base_usd / nullif(t.now_usd, 0) as less, cast(round(t.compared) as bigint) as n_touched, t.now_usd, t.low_usd, t.base_usd, t.high_usd,
    nullif(t.unfit, 0) as unfit, nullif(t.unpriced, 0) as unpriced, nullif(t.unknown, 0) as unknown, case when t.other_book then 'priced with another book or price file than the log' end as other_book, case when a.asked is null then b.answers end as answers_usd, b.usd as bill_usd, b.prompts as prompts_usd,
    case when coalesce(b.n, 0) = 0 then 'no call has a price, see cost/unpriced' when t.base_usd is null then 'none of the calls this touches fits and has a price there; llmlogs what-if tells more' end as reason
from asked a, told t, bill b;

select feature, provider, model, to_model, cast(round(n) as bigint) as n_calls, fits_usd as now_usd, low_usd, base_usd, high_usd, base_usd / nullif(fits_usd, 0) - 1 as change, cast(round(n - coalesce(fits_n, 0)) as bigint) as unfit_n,
    cast(round(coalesce(unpriced_n, 0)) as bigint) as unpriced_n from stat_what_if order by stat_what_if.now_usd desc, feature, provider, model limit 100;

select lever, saved_usd, least_usd, most_usd, saved_usd / nullif(bill, 0) as saved_share from levers where saved_usd is not null and n > 0 order by place;
