/*---
question  = "How much spend belongs to nobody, and where does it come from?"
needs     = ["calls.cost_usd -- (from model and tokens, see cost/unpriced)", "calls.feature | calls.team"]
min_calls = 20
results   = ["verdict", "evidence", "shared"]
passes    = "{loose:usd} of {spend:usd} ({value:pct}) names no {owner}[; its largest part, {origin_share:pct0}, comes from {top_origin}]. Shared out by {share_words}, {top_owner} would carry {top_after:usd} instead of {top_before:usd}."
fails     = "{loose:usd} of {spend:usd} ({value:pct}) names no {owner}[; its largest part, {origin_share:pct0}, comes from {top_origin}]. Shared out by {share_words}, {top_owner} would carry {top_after:usd} instead of {top_before:usd}."
info      = "{loose:usd} of {spend:usd} ({value:pct}) names no {owner}[; its largest part, {origin_share:pct0}, comes from {top_origin}]."
why       = "Spend without a name is questioned by nobody, and every share by feature or team is of the named part alone."
fix       = "1. Log `feature` or `team` where the largest rows below come from: the service, key and source are named. 2. Tag the root of a trace: its calls inherit it. 3. Keys or folders that stand for a feature: `feature_from` in llmlogs.toml. 4. Truly shared (a router, evaluations)? Share it out: -p share_by=tokens, calls or money."
[[chart]]
kind   = "bars"
result = "shared"
title  = "Spend as named, and with the rest shared out"
x      = "owner"
y      = ["before_usd", "after_usd"]
[columns]
source        = { label = "Source" }
service       = { label = "Service" }
provider      = { label = "Provider" }
model         = { label = "Model" }
api_key       = { label = "Key", help = "start of its hash" }
n_calls       = { label = "Calls", unit = "int" }
priced_share  = { label = "Priced", unit = "pct", help = "of the calls that may have cost something" }
tokens        = { label = "Tokens", unit = "tok" }
spend         = { label = "Spend", unit = "usd", help = "of calls that name no owner" }
spend_high    =  { label = "Up to", unit = "usd", help = "with what calls without an exact price may have cost at most; empty: something nothing bounds, see cost/unpriced" }
loose_share   = { label = "Of the unnamed", unit = "pct0" }
owner         = { label = "Owner", help = "feature or team, see the parameter owner; empty: named by none" }
before_usd    = { label = "As named", unit = "usd" }
shared_usd    = { label = "Shared out", unit = "usd", help = "its part of what nobody is named for, by the weights of share_by" }
after_usd     = { label = "With its part", unit = "usd" }
weight_share  = { label = "Weight", unit = "pct" }
---*/
-- A warning: more than a tenth of the spend has no name in a log that names some. Parts are rounded to 12 decimals on their running sum, so that they add up exactly.
create or replace temp table owned as
with params as (
    select coalesce(getvariable('owner'), 'feature') as owner, -- whose spend it is: feature or team
        coalesce(getvariable('share_by'), 'tokens') as share_by, -- what unnamed spend is shared out by: tokens, calls or money
        coalesce(getvariable('max_share'), 0.1) as max_share -- share of spend without a name that is a warning
)
select case p.owner when 'team' then team else feature end as owner, c.source, c.service, c.provider, c.model, left(c.api_key_hash, 8) as api_key, p.owner as kind, p.share_by, p.max_share,
    sum(sample_weight) as n, sum(sample_weight) filter (money = 'priced') as priced, sum(sample_weight) filter (money <> 'refused') as billable,
    sum(coalesce(tokens_in, 0) + coalesce(tokens_out, 0)) as tokens, coalesce(sum(spend), 0) as spend, count(spend) as prices, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high
from call_costs c, params p group by all;

create or replace temp table shares as
with owners as (
    select owner, sum(spend) as before_usd, sum(case share_by when 'calls' then n when 'money' then cast(spend as double) else tokens end) as weight from owned where owner is not null group by owner
),
pot as (select coalesce(sum(spend), 0) as loose from owned where owner is null),
summed as (
    select *, sum(weight) over up / nullif(sum(weight) over (), 0) as up_to, row_number() over up = count(*) over () as is_last, weight / nullif(sum(weight) over (), 0) as weight_share
    from owners, pot window up as (order by owner rows between unbounded preceding and current row)
),
cut as (select *, case when up_to is null then 0 when is_last then loose else cast(round(cast(loose as double) * up_to, 12) as decimal(38, 12)) end as ends_at from summed)
select owner, before_usd, ends_at - lag(ends_at, 1, cast(0 as decimal(38, 12))) over (order by owner) as shared_usd, weight_share from cut;

with total as (select sum(n) as n, sum(spend) as spend, coalesce(sum(spend) filter (owner is null), 0) as loose, sum(prices) as prices, max(kind) as owner, max(share_by) as share_by, max(max_share) as max_share, count(owner) as named from owned),
origin as (select concat(coalesce(service, source), coalesce(' on ' || model, '')) as top_origin, cast(sum(spend) as double) / nullif(sum(sum(spend)) over (), 0) as origin_share
    from owned where owner is null group by service, source, model order by sum(spend) desc, 1 limit 1),
top as (select owner as top_owner, before_usd, before_usd + shared_usd as after_usd from shares order by before_usd desc, owner limit 1)
select case when coalesce(t.prices, 0) = 0 or t.named = 0 or t.share_by not in ('tokens', 'calls', 'money') or t.owner not in ('feature', 'team') then 'unknown' when t.loose = 0 or t.spend = 0 then 'info' when t.loose > t.max_share * t.spend then 'warn' else 'ok' end as verdict, cast(round(coalesce(t.n, 0)) as bigint) as n,
    cast(t.loose as double) / nullif(t.spend, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis, t.max_share as min_effect, cast(null as double) as p_value,
    case when coalesce(t.prices, 0) = 0 then 'no call has a price, see cost/unpriced' when t.owner not in ('feature', 'team') then 'owner is feature or team'
        when t.share_by not in ('tokens', 'calls', 'money') then 'share_by is tokens, calls or money' when t.named = 0 then concat('no call names a ', t.owner) end as reason,
    t.loose, t.spend, t.owner, case when (select count(weight_share) from shares) > 0 then t.share_by else concat(t.share_by, ' (none are known, so nothing is)') end as share_words, case when t.loose > 0 then o.top_origin end as top_origin, o.origin_share, top.top_owner, top.before_usd as top_before, top.after_usd as top_after
from total t left join origin o on true left join top on true;

select source, service, provider, model, api_key, cast(round(sum(n)) as bigint) as n_calls, coalesce(sum(priced), 0) / nullif(sum(billable), 0) as priced_share, cast(round(sum(tokens)) as bigint) as tokens, sum(spend) as spend, case when count(*) = count(spend_high) then sum(spend_high) end as spend_high,
    cast(sum(spend) as double) / nullif(sum(sum(spend)) over (), 0) as loose_share
from owned where owner is null group by source, service, provider, model, api_key order by sum(spend) desc, n_calls desc, source, service, provider, model, api_key;

select owner, before_usd, shared_usd, before_usd + shared_usd as after_usd, weight_share from shares
union all
select null, sum(spend), -(select coalesce(sum(shared_usd), 0) from shares), sum(spend) - (select coalesce(sum(shared_usd), 0) from shares), null from owned where owner is null having count(*) > 0
order by before_usd desc, owner;
