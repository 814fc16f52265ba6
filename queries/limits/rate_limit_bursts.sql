/*---
question  = "Are you being rate limited, when, and by whom?"
needs     = ["calls.started_at", "calls.status | calls.status_code", "calls.status_code | calls.error_class where status = 'error' -- on failed calls"]
min_calls = 100
method    = "stats.negative_binomial_scan"  # windows of every provider / model / key; fails on any burst that is not chance, warns where refusals are many and even
results   = ["verdict", "evidence", "timeline"]
passes    = "{refused:int} of {n:int} calls were rate limited ({value:pct1}), never in a burst; one that refused {min_effect:pct0} of the calls in {window_minutes:minute|minutes} or an hour would have been seen.{caveat}"
fails     = "{refused:int} of {n:int} calls were rate limited ({value:pct1})[; {bursts:burst|bursts}, the worst refused {worst_refused:int} of {worst_calls:int} calls ({worst_share:pct0}) of {worst_series} between {worst_from:time} and {worst_to:time}][, {worst_sender_share:pct0} of the excess sent by {worst_sender}].{caveat}"
why       = "A refused call waits or fails, its retries use up the same limit, and one feature's batch can shut out every other user of the key."
fix       = "Slow the named sender down (queue it, or give it a key of its own), let every retry wait as long as retry-after says and add jitter, then ask for more of the limit that ran out."
chart     = { kind = "bars-over-time", result = "timeline", x = "window_start", y = "refused" }
[columns]
started_at    = { label = "From", unit = "time", help = "first refused call" }
ended_at      = { label = "To", unit = "time", help = "last refused call" }
series        = { label = "Limit of", help = "provider / model / start of the key's hash" }
calls_sent    = { label = "Calls", unit = "int", help = "first tries between from and to" }
refused       = { label = "Refused", unit = "int", help = "first tries answered by a rate limit" }
refused_share = { label = "Share", unit = "pct0" }
usual_share   = { label = "Usually", unit = "pct1", help = "share refused outside bursts" }
sender        = { label = "Who sent more than usual", help = "the feature, user or key with the largest part of the excess, from a minute before" }
sender_kind   = { label = "Which is", help = "feature, user_id or api_key_hash" }
sender_share  = { label = "Part of the excess", unit = "pct0" }
limit_scope   = { label = "Limit that ran out", help = "of the logged rate limit headers, the one with the least left" }
limit_value   = { label = "Its size", unit = "num" }
tries_each    = { label = "Tries per call", unit = "num", help = "all tries over first tries: how far retries multiplied the load" }
too_soon      = { label = "Retried too soon", unit = "pct0", help = "share of retries that did not wait as long as retry-after said, where it was logged" }
window_start  = { label = "Window", unit = "time" }
---*/
create temp table if not exists stat_tries as select * from tries;
create temp table if not exists stat_bursts (burst integer, series varchar, window_start timestamp, window_end timestamp, p_value double, usual_share double);
create temp table if not exists stat_burst_scan (windows bigint, smallest_share double);
create or replace temp table bursts as
with edges as (
    select burst, b.series, p_value, usual_share, min(t.started_at) as started_at, max(t.started_at) as ended_at
    from stat_bursts b join stat_tries t on t.series = b.series and t.started_at >= b.window_start and t.started_at < b.window_end
    where t.is_first and t.is_refused group by burst, b.series, p_value, usual_share
)
select burst, e.series, p_value, usual_share, e.started_at, e.ended_at, date_diff('second', e.started_at, e.ended_at) + 60e0 as seconds,
    sum(sample_weight) filter (where is_first) as calls_sent, sum(sample_weight) filter (where is_first and is_refused) as refused, sum(sample_weight) / calls_sent as tries_each
from edges e join stat_tries t on t.series = e.series and t.started_at between e.started_at and e.ended_at group by burst, e.series, p_value, usual_share, e.started_at, e.ended_at;

-- Who sent more than at its own pace outside the burst. Only where there is more than one to choose from.
create or replace temp table senders as
with firsts as (select series, started_at, feature, user_id, api_key_hash, sample_weight from stat_tries where is_first and series in (select series from bursts)),
kinds as (select unnest(['feature', 'user_id', 'api_key_hash']) as kind),
named as (select *, case kind when 'feature' then feature when 'user_id' then user_id else left(api_key_hash, 8) end as name from firsts, kinds),
span as (select date_diff('second', min(started_at), max(started_at)) + 60e0 as span_seconds from firsts),
paces as (
    select burst, kind, name, seconds, coalesce(sum(sample_weight) filter (where n.started_at between b.started_at - interval 60 second and b.ended_at), 0) as inside, sum(sample_weight) as total
    from bursts b join named n on n.series = b.series where name is not null group by burst, kind, name, seconds
),
excess as (select *, greatest(0, inside - (total - inside) * seconds / greatest(span_seconds - seconds, seconds)) as more from paces, span),
shares as (select *, more / nullif(sum(more) over (partition by burst, kind), 0) as share, count(*) over (partition by burst, kind) as rivals from excess)
select burst, case kind when 'user_id' then 'user' when 'api_key_hash' then 'key' else kind end || ' ' || name as sender, kind as sender_kind, share as sender_share from shares where rivals > 1 and share >= 0.3
qualify row_number() over (partition by burst order by share + case kind when 'feature' then 0.1 else 0 end desc, kind, name) = 1;

with totals as (
    select coalesce(sum(sample_weight), 0) as n, coalesce(sum(sample_weight) filter (where is_refused), 0) as refused, coalesce(bool_or(sample_weight <> 1), false) as is_sampled,
        power(sum(sample_weight), 2) / sum(power(sample_weight, 2)) as effective_n, coalesce(sum(sample_weight) filter (where hidden_tries > 0), 0) as hidden
    from stat_tries where is_first
),
rate as (select *, refused / nullif(n, 0) as p, 1.96 * 1.96 / effective_n as z2n from totals),
wilson as (select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from rate),
scan as (select max(windows) as windows, max(smallest_share) as smallest_share,
    coalesce(getvariable('window_minutes'), 5) as window_minutes, -- length of the short windows; whole hours are looked at beside them
    coalesce(getvariable('chronic_share'), 5e-2) as chronic_share -- share of all calls refused, bursts or not, that is a warning
    from stat_burst_scan),
counted as (select count(*) as bursts, min(p_value) as p_value from bursts),
worst as (select * from bursts left join senders using (burst) order by refused desc, burst limit 1)
select case when bursts > 0 then 'fail' when lo > chronic_share then 'warn' when windows is null or smallest_share is null then 'unknown' else 'ok' end as verdict,
    case when windows is null then 'llmlogs query limits/rate_limit_bursts runs the scan this needs' else 'so few calls an hour that no burst could be told from chance' end as reason,
    cast(round(n) as bigint) as n, p as value, lo, hi, 'measured' as basis, smallest_share as min_effect, counted.p_value, window_minutes,
    cast(round(wilson.refused) as bigint) as refused, bursts, cast(round(worst.refused) as bigint) as worst_refused, cast(round(calls_sent) as bigint) as worst_calls,
    worst.refused / calls_sent as worst_share, series as worst_series, started_at as worst_from, ended_at as worst_to,
    sender as worst_sender, sender_share as worst_sender_share,
    case when is_sampled then ' The log is a sample: short bursts may be missing.' else '' end || case when hidden > 0 then ' Retries out of sight of this log are not counted.' else '' end as caveat
from wilson, scan, counted left join worst on true;

with scopes as (
    select burst, scope, arg_min(r.limit_value, remaining / r.limit_value) as limit_value, min(remaining / r.limit_value) as least_left
    from bursts b join rate_limits r on r.at between b.started_at - interval 60 second and b.ended_at and starts_with(b.series || ' / ', r.provider || ' / ')
    where r.limit_value > 0 and coalesce(contains(b.series, ' / ' || r.model), true) group by burst, scope
),
binding as (select burst, scope as limit_scope, limit_value from scopes qualify row_number() over (partition by burst order by least_left, scope) = 1),
gaps as (
    select series, started_at, is_first, sample_weight, lag(retry_after_ms) over o as asked_ms,
        coalesce(wait_before_ms, date_diff('millisecond', lag(started_at) over o, started_at) - coalesce(lag(duration_ms) over o, 0)) as waited_ms
    from stat_tries where series in (select series from bursts) window o as (partition by operation_id order by started_at, attempt)
),
retries as (
    select burst, coalesce(sum(sample_weight) filter (where waited_ms < asked_ms), 0) / sum(sample_weight) as too_soon
    from bursts b join gaps g on g.series = b.series and g.started_at between b.started_at and b.ended_at + interval 120 second where not is_first and asked_ms is not null group by burst
)
select started_at, ended_at, series, cast(round(calls_sent) as bigint) as calls_sent, cast(round(refused) as bigint) as refused, refused / calls_sent as refused_share, usual_share,
    sender, sender_kind, sender_share, limit_scope, limit_value, tries_each, too_soon
from bursts left join senders using (burst) left join binding using (burst) left join retries using (burst) order by refused desc, burst limit 50;
with span as (select date_diff('hour', min(started_at), max(started_at)) as hours from stat_tries)
select case when hours <= 6 then date_trunc('minute', started_at) when hours <= 400 then date_trunc('hour', started_at) else date_trunc('day', started_at) end as window_start,
    cast(round(sum(sample_weight) filter (where is_first)) as bigint) as calls_sent, cast(round(coalesce(sum(sample_weight) filter (where is_first and is_refused), 0)) as bigint) as refused
from stat_tries, span group by 1 order by 1;
