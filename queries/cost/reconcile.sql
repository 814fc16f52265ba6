/*---
question  = "Does the provider's bill agree with the log, and if not, why?"
method    = "stats.reconciliation"
engine    = "duckdb"
results   = ["verdict", "evidence", "largest", "compared", "daily"]
passes    = "Over {days:day|days} [{bill_usd:usd} billed and {log_usd:usd} logged][, {bill_tokens:tok} tokens billed and {log_tokens:tok} logged] agree; a difference of {min_effect:pct1} would have been seen.{unseen}"
info      = "Over {days:day|days} [{bill_usd:usd} were billed and {log_usd:usd} logged][, {bill_tokens:tok} tokens billed and {log_tokens:tok} logged]. The differences have causes: {causes}.{unseen}"
fails     = "Over {days:day|days} [{bill_usd:usd} were billed and {log_usd:usd} logged][, {bill_tokens:tok} tokens billed and {log_tokens:tok} logged]; {value:pct1} of the bill stays unexplained.[ Known causes: {causes}.]{unseen}"
why       = "A bill nobody checks pays for lost logs, leaked keys and wrong tiers; a log nobody checks reports a spend that is not true."
fix       = "Take the causes from the top. missing logs, usage not logged, duplicates, cached tokens: mend the logging. another client: find whose model, project or key it is. tier, batch: log service_tier. discount, own prices: write them into llmlogs.prices.toml. unexplained: see the days and models in the second table."
[[chart]]
kind   = "lines-over-time"
result = "daily"
title  = "Billed and logged, by day"
x      = "day"
y      = ["bill_usd", "log_usd"]
[columns]
seller        = { label = "Bill of" }
cause         = { label = "Cause" }
tokens        = { label = "Tokens", unit = "num", help = "the bill has more: positive" }
requests      = { label = "Requests", unit = "num", help = "where the report counts them" }
usd           = { label = "USD", unit = "usd", help = "what the cause adds to the bill beyond the log; tokens at the price billed, prices at the quantity logged" }
moved_usd     = { label = "Moved", unit = "usd", help = "the same without sign, day by day: causes that cancel over the period show here" }
bill_share    = { label = "Of the bill", unit = "pct1", help = "moved, as a share of what was billed" }
meaning       = { label = "What it means" }
from_day      = { label = "From", unit = "date" }
to_day        = { label = "To", unit = "date" }
top_model     = { label = "Mostly" }
day           = { label = "Day", unit = "date", help = "day of the bill" }
model         = { label = "Model", help = "the price book's name for both sides" }
token_kind    = { label = "Kind", help = "input is the uncached part, where the report tells" }
service_tier  = { label = "Tier" }
account       = { label = "Project or key" }
reports       = { label = "Reports" }
grain         = { label = "Compared by" }
first_day     = { label = "First day", unit = "date" }
last_day      = { label = "Last day", unit = "date" }
n_days        = { label = "Days", unit = "int" }
log_tokens    = { label = "Logged tokens", unit = "tok" }
bill_tokens   = { label = "Billed tokens", unit = "tok" }
log_usd       = { label = "Logged", unit = "usd" }
bill_usd      = { label = "Billed", unit = "usd" }
cannot_see    = { label = "What cannot be seen" }
---*/
-- A warning where more than max_unexplained of the bill has no cause (failing at five times that): its money, or its tokens where no report has money.
create temp table if not exists stat_reconcile (seller varchar, day timestamp, model varchar, token_kind varchar, service_tier varchar, account varchar, cause varchar, tokens double, requests double, usd double);
create temp table if not exists stat_reconcile_bills (seller varchar, reports varchar, grain varchar, unit varchar, first_day timestamp, last_day timestamp, days bigint, log_calls double, log_tokens double, bill_tokens double, log_usd double, bill_usd double);
create temp table if not exists stat_reconcile_days (seller varchar, day timestamp, log_tokens double, bill_tokens double, log_usd double, bill_usd double);
create temp table if not exists stat_reconcile_notes (seller varchar, place integer, note varchar);
create or replace temp table words as select unnest([
    {'cause': 'missing_logs', 'label': 'missing logs', 'meaning': 'the log is silent, or counts fewer calls, while the bill goes on'},
    {'cause': 'usage_not_logged', 'label': 'usage not logged', 'meaning': 'calls that were logged without their tokens, such as streams; at the mean of their model'},
    {'cause': 'duplicates', 'label': 'duplicates', 'meaning': 'the log has the same calls twice'},
    {'cause': 'other_client', 'label': 'another client', 'meaning': 'a model, project, key or hour that the log never names'},
    {'cause': 'not_on_bill', 'label': 'not on this bill', 'meaning': 'logged calls that this report does not hold: another account or key?'},
    {'cause': 'day_boundary', 'label': 'day boundary', 'meaning': 'the days of one side begin hours before those of the other; cancels over the period'},
    {'cause': 'cache_semantics', 'label': 'cached tokens', 'meaning': 'cached tokens counted twice, left out, or at another price on one side'},
    {'cause': 'batch', 'label': 'batch', 'meaning': 'batch on one side, standard on the other'}, {'cause': 'tier', 'label': 'service tier', 'meaning': 'another service tier or context size than logged'},
    {'cause': 'price_date', 'label': 'price date', 'meaning': 'the price of another date'}, {'cause': 'price', 'label': 'another price', 'meaning': 'a lasting price of this model that is not the book''s'},
    {'cause': 'discount', 'label': 'discount', 'meaning': 'one ratio to the list price for most of the bill'}, {'cause': 'credit', 'label': 'credit', 'meaning': 'credit rows of the report'},
    {'cause': 'free_tier', 'label': 'free tier', 'meaning': 'tokens that were billed at nothing'}, {'cause': 'tax', 'label': 'tax', 'meaning': 'tax rows of the report'},
    {'cause': 'purchase', 'label': 'purchases', 'meaning': 'commitments and fees that no call makes'}, {'cause': 'adjustment', 'label': 'adjustments', 'meaning': 'corrections of the provider'},
    {'cause': 'not_tokens', 'label': 'not tokens', 'meaning': 'searches, storage, sessions and other lines without tokens'},
    {'cause': 'unpriced', 'label': 'no price in the log', 'meaning': 'tokens that the log has and cannot price'}, {'cause': 'rounding', 'label': 'rounding', 'meaning': 'half a unit of the last digit for each line'},
    {'cause': 'still_filling', 'label': 'still filling', 'meaning': 'the last bucket was downloaded before it was full'},
    {'cause': 'unexplained', 'label': 'unexplained', 'meaning': 'no cause fits'}], recursive := true);

create or replace temp table moves as
with by_day as (select seller, cause, day, sum(tokens) as tokens, sum(requests) as requests, sum(usd) as usd from stat_reconcile group by all),
by_cause as (select seller, cause, sum(tokens) as tokens, sum(requests) as requests, sum(usd) as usd, sum(abs(usd)) as moved_usd, sum(abs(tokens)) as moved_tokens, min(day) as from_day, max(day) as to_day from by_day group by all),
tops as (select seller, cause, model as top_model from stat_reconcile where model is not null group by seller, cause, model
    qualify row_number() over (partition by seller, cause order by sum(abs(coalesce(usd, 0))) desc, sum(abs(coalesce(tokens, 0))) desc, model) = 1)
select m.*, top_model, moved_usd / nullif(b.bill_usd, 0) as bill_share, moved_tokens / nullif(b.bill_tokens, 0) as token_share, label, meaning
from by_cause m join stat_reconcile_bills b using (seller) join words using (cause) left join tops using (seller, cause);

with bills as (select * from stat_reconcile_bills where days > 0),
total as (select cast(coalesce(sum(log_calls), 0) as bigint) as n, coalesce(max(days), 0) as days, sum(bill_usd) as bill_usd, sum(log_usd) filter (bill_usd is not null) as log_usd, sum(bill_tokens) as bill_tokens, sum(log_tokens) as log_tokens from bills),
rest as (select sum(moved_usd) filter (cause = 'unexplained') as usd, sum(moved_tokens) filter (cause = 'unexplained') as tokens, sum(moved_usd) as moved, sum(moved_tokens) as moved_tokens from moves),
named as (select string_agg(label || case when usd is not null then ' ' || format('{:+.2f} USD', usd) else ' ' || format('{:+.0f} tokens', coalesce(tokens, requests)) end, ', ' order by moved_usd desc nulls last, moved_tokens desc) as causes
    from (select label, sum(usd) as usd, sum(tokens) as tokens, sum(requests) as requests, sum(moved_usd) as moved_usd, sum(moved_tokens) as moved_tokens from moves where cause <> 'unexplained' group by label)),
notes as (select string_agg(note, '; ' order by place, seller) as unseen from (select * from stat_reconcile_notes where place in (1, 2, 3) order by place, seller limit 3)),
judged as (
    select *, coalesce(rest.usd, 0) / nullif(abs(total.bill_usd), 0) as usd_share, coalesce(rest.tokens, 0) / nullif(total.bill_tokens, 0) as token_share,
        coalesce(rest.moved / nullif(abs(total.bill_usd), 0), rest.moved_tokens / nullif(total.bill_tokens, 0), 0) as moved_share, coalesce(getvariable('max_unexplained'), 0.01) as max_unexplained -- share of the bill that may stay without a cause
    from total, rest)
select case when not exists (select 1 from bills) then 'unknown' when value > 5 * max_unexplained then 'fail' when value > max_unexplained then 'warn' when moved_share > max_unexplained then 'info' else 'ok' end as verdict,
    n, value, null::double as lo, null::double as hi, 'measured' as basis, max_unexplained as min_effect, null::double as p_value, days, bill_usd, log_usd, bill_tokens, log_tokens, bill_usd - log_usd as difference_usd, usd as unexplained_usd, causes, coalesce(' Not seen: ' || unseen || '.', '') as unseen,
    case when not exists (select 1 from usage_buckets) then 'no usage or cost report of a provider was read (llmlogs reconcile usage.json costs.json)'
    when not exists (select 1 from stat_reconcile_bills) then 'its tables stat_reconcile are made by llmlogs query cost/reconcile' else 'the bill and the log share no day: ' || coalesce(unseen, '') end as reason
from (select *, coalesce(usd_share, token_share, 0) as value from judged) left join named on true left join notes on true;

select seller, label as cause, meaning, usd, bill_share, tokens, from_day, to_day, top_model, moved_usd, requests from moves order by moved_usd desc nulls last, moved_tokens desc nulls last, seller, cause;

select day, seller, model, token_kind, service_tier, account, label as cause, tokens, usd from stat_reconcile join words using (cause) where coalesce(tokens, usd) is not null
order by abs(coalesce(usd, 0)) desc, abs(coalesce(tokens, 0)) desc, day, seller, model, token_kind limit 200;

select b.seller, reports, grain, first_day, last_day, days as n_days, bill_usd, log_usd, bill_tokens, log_tokens, n.cannot_see
from stat_reconcile_bills b left join (select seller, string_agg(note, '; ' order by place, note) as cannot_see from stat_reconcile_notes group by seller) n using (seller) order by bill_usd desc nulls last, b.seller;

select day, sum(bill_usd) as bill_usd, sum(log_usd) as log_usd from stat_reconcile_days where bill_usd is not null group by day order by day;
