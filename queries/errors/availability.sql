/*---
question  = "How available was each provider, in requests and in minutes, and was one better than another?"
needs     = ["calls.started_at", "calls.status | calls.status_code"]
min_calls = 100
results   = ["verdict", "evidence", "timeline"]
passes    = "{top_provider}: {value:pct2} ({lo:pct2} to {hi:pct2}) of {top_n:request|requests} ended well without a fallback[; {top_incidents:incident|incidents}, {top_down:minute|minutes} down][. Least available of {providers:int} is {worst_provider}: {worst_value:pct2} ({worst_lo:pct2} to {worst_hi:pct2}), {worst_down:minute|minutes} down][. In the same hours {better} did better than {worse}, by {better_by:pct2}][. Not counted: {unlinked:fallback|fallbacks} without an operation_id that would say what failed before]."
fails     = "{reason}"          # it describes; errors/bursts warns of outages
why       = "What a user can count on is the provider's availability, unless there is a second one behind it. A rate hides the shape: one call in two hundred, or half an hour a month."
fix       = "1. Compare providers by `Better in the same hours` only: their traffic falls on different hours. 2. Outages by the minute: fall back after the first failure (errors/exposure says for whom there is no second path). 3. Failures spread over the day: retry once with jitter. 4. errors/by_class has the rest: your own faults, refusals by limits and cancels are left out here."
[[chart]]
kind   = "bars-over-time"
result = "timeline"
title  = "Requests that did not end well without a fallback"
x      = "window_start"
y      = "lost"
by     = "provider"
[columns]
provider     = { label = "Provider", help = "of the operation's first try" }
operations   = { label = "Requests", unit = "int", help = "operations whose first try went there, without the caller's own faults (4xx but 408 and 429, filters), refusals by rate limits and cancels" }
available    = { label = "Ended well", unit = "int", help = "retries there included, fallbacks not" }
availability = { label = "Availability", unit = "pct2" }
lo           = { label = "from", unit = "pct2", help = "95 % interval: Wilson, failures of one hour or day counted as the less the more they come together" }
hi           = { label = "to", unit = "pct2" }
minutes      = { label = "Minutes", unit = "int", help = "with five such requests or more" }
down_minutes = { label = "Down", unit = "int", help = "of these minutes: more than half of the first tries failed" }
incidents    = { label = "Incidents", unit = "int", help = "minutes down that lie 15 minutes or less apart are one" }
fell_back    = { label = "Fell back", unit = "int", help = "of the requests that did not end well here" }
better       = { label = "Better in the same hours", help = "providers whose availability was surely higher, by the hours in which both had five requests, 20 such hours at least" }
window_start = { label = "Window", unit = "time" }
lost         = { label = "Not ended well", unit = "int" }
---*/
-- Student's t at 97.5 % by Cornish and Fisher's expansion, from 4 degrees of freedom on.
create or replace temp macro t975(df) as 1.96 + 2.3724 / df + 2.8225 / (df * df) + 2.5558 / power(df, 3);
create or replace temp table asked as
select coalesce(provider, 'unknown provider') as provider, started_at, sample_weight as w, fell_back, outcome = 'failed' as is_down, ended_well and not fell_back as is_available
from whole_operations where outcome in ('ok', 'failed') and not first_is_fallback and started_at is not null;

create or replace temp table hourly as
select provider, date_trunc('hour', started_at) as hour, count(*) as rows_here, sum(w) as n, sum(w * w) as ww, coalesce(sum(w) filter (where is_available), 0) as y from asked group by provider, hour;

create or replace temp table rates as
with totals as (select provider, sum(n) as n, sum(y) as y, sum(y) / sum(n) as p, power(sum(n), 2) / sum(ww) as n_kish from hourly group by provider),
blocks as (select 'hour' as block, provider, hour as at, n, y from hourly union all select 'day', provider, date_trunc('day', hour), sum(n), sum(y) from hourly group by all),
spread as ( -- variance of the rate by blocks of time over that of independent calls
    select b.provider, block, case when count(*) > 1 and max(p) < 1 and max(p) > 0 then count(*) / (count(*) - 1e0) * sum(power(b.y - p * b.n, 2)) / power(max(t.n), 2) / (max(p) * (1 - max(p)) / max(n_kish)) else 1 end as effect
    from blocks b join totals t on b.provider = t.provider group by b.provider, block
),
effects as (select provider, case when max(effect) > 1 then max(effect) else 1 end as design_effect from spread group by provider),
ready as (select t.*, 1.96 * 1.96 * design_effect / n_kish as z2n from totals t join effects e on t.provider = e.provider)
select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from ready;

create or replace temp table downs as
with minutely as (select provider, date_trunc('minute', started_at) as minute, sum(w) filter (where is_down) > sum(w) / 2 as is_down from asked group by provider, minute having count(*) >= 5),
apart as (select *, case when is_down and coalesce(date_diff('minute', max(minute) filter (where is_down) over (partition by provider order by minute rows between unbounded preceding and 1 preceding), minute) > 15, true) then 1 else 0 end as opens from minutely)
select provider, count(*) as minutes, count(*) filter (where is_down) as down_minutes, sum(opens) as incidents from apart group by provider;

create or replace temp table pairs as -- Mantel and Haenszel's weights; the block is the day from five days on, else the hour; never surer than independent calls
with common as (
    select a.provider as one, b.provider as other, a.hour, a.n * b.n / (a.n + b.n) as m, a.y / a.n - b.y / b.n as d, a.y + b.y as y, a.n + b.n as n
    from hourly a join hourly b on a.hour = b.hour and a.provider <> b.provider where a.rows_here >= 5 and b.rows_here >= 5
),
means as (select one, other, count(*) as hours, count(distinct date_trunc('day', hour)) as days, sum(m * d) / sum(m) as difference, sum(m) as m, sum(m) * sum(y) / sum(n) * (1 - sum(y) / sum(n)) as least_v from common group by one, other having count(*) >= 20),
off as (select c.one, c.other, hour, c.m * (d - difference) as r from common c join means m on c.one = m.one and c.other = m.other),
by_day as (select one, other, sum(power(r, 2)) as v from (select one, other, date_trunc('day', hour), sum(r) as r from off group by all) each_day group by one, other),
by_hour as (select one, other, sum(power(r, 2)) as v from off group by one, other)
select m.one, m.other, hours, difference, case when days >= 5 then t975(days - 1) * sqrt(greatest(h.v, d.v, least_v) * days / (days - 1)) else t975(hours - 1) * sqrt(greatest(h.v, least_v) * hours / (hours - 1)) end / m.m as half
from means m join by_day d on d.one = m.one and d.other = m.other join by_hour h on h.one = m.one and h.other = m.other;

with every as (select coalesce(sum(n), 0) as n, count(*) as providers from rates),
top as (select r.*, incidents, down_minutes from rates r left join downs d on r.provider = d.provider order by n desc, r.provider limit 1),
worst as (select r.*, down_minutes from rates r left join downs d on r.provider = d.provider where n >= 30 order by p, r.provider limit 1),
won as (select * from pairs where difference > half order by difference - half desc, one, other limit 1),
unlinked as (select nullif(cast(round(sum(sample_weight)) as bigint), 0) as n from whole_operations where first_is_fallback)
select case when e.n = 0 then 'unknown' else 'info' end as verdict, cast(round(e.n) as bigint) as n, t.p as value, t.lo, t.hi, 'measured' as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    'no call with a time says how it ended' as reason, t.provider as top_provider, cast(round(t.n) as bigint) as top_n, t.incidents as top_incidents, t.down_minutes as top_down, e.providers,
    w.provider as worst_provider, w.p as worst_value, w.lo as worst_lo, w.hi as worst_hi, coalesce(w.down_minutes, 0) as worst_down, won.one as better, won.other as worse, won.difference as better_by, u.n as unlinked
from every e left join top t on true left join worst w on w.provider <> t.provider and e.providers > 1 left join won on true cross join unlinked u;

with beaten as (select other as provider, string_agg(one, ', ' order by difference desc, one) as better from pairs where difference > half group by other),
fell as (select provider, sum(w) filter (where fell_back and not is_available) as fell_back from asked group by provider)
select r.provider, cast(round(r.n) as bigint) as operations, cast(round(r.y) as bigint) as available, r.p as availability, r.lo, r.hi, coalesce(d.minutes, 0) as minutes, coalesce(d.down_minutes, 0) as down_minutes,
    cast(coalesce(d.incidents, 0) as bigint) as incidents, cast(round(coalesce(f.fell_back, 0)) as bigint) as fell_back, b.better
from rates r left join downs d on r.provider = d.provider left join beaten b on r.provider = b.provider left join fell f on r.provider = f.provider order by r.n desc, r.provider limit 50;

with span as (select date_diff('hour', min(started_at), max(started_at)) as hours from asked)
select case when hours <= 6 then date_trunc('minute', started_at) when hours <= 400 then date_trunc('hour', started_at) else date_trunc('day', started_at) end as window_start, provider,
    cast(round(coalesce(sum(w) filter (where not is_available), 0)) as bigint) as lost, cast(round(sum(w)) as bigint) as operations
from asked, span group by 1, 2 order by 1, 2;
