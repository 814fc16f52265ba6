/*---
question  = "Are answers as quick as promised, how much of the error budget is left, and who breaks it?"
needs     = ["calls.started_at", "calls.duration_ms | calls.ttft_ms"]
results   = ["verdict", "evidence", "breakers", "daily"]
passes    = "{slos:target holds|targets hold} as of {as_of:time}. The tightest is {slo}: {value:pct1} of {n:call|calls} of the last {window_days:day|days} took {target_ms:ms} or less ({metric_said}) where {share:pct1} must[; {budget_left:pct0} of its error budget is left]. More than {min_effect:pct1} late would have missed it[ (known for {judged_share:pct0} of its calls)]."
fails     = "Target {slo} {what} as of {as_of:time}: {value:pct1} of {n:call|calls} of the last {window_days:day|days} took {target_ms:ms} or less ({metric_said}) where {share:pct1} must[; {burn:ratio} the pace its error budget allows over the last {burn_window}][. {top} has {top_bad:pct0} of the late calls and {top_calls:pct0} of all][; {others:other target|other targets} in trouble]."
info      = "No target is set. Of {n:call|calls} {within_1s:pct0} took 1 s or less, {within_3s:pct0} 3 s, {within_10s:pct0} 10 s[; the first token of a stream came within 1 s for {first_1s:pct0}]. A [[slo]] in llmlogs.toml (name, metric = \"ttft\" or \"duration\", target_ms, share) makes this card judge."
why       = "A mean hides the people who waited. A target says how many may, and its budget of late answers tells whether there is room for a risky release or only for repairs."
fix       = "1. Burns fast: something happened just now, see limits/rate_limit_bursts, errors/bursts and latency/by_model. 2. One feature, model or user stands out: its long answers, its provider, its load. 3. Missed by all alike: shorter answers, a faster model, streaming, a time limit with a fallback; or a target that can be kept."
chart     = { kind = "lines-over-time", result = "daily", title = "Pace of the error budget by day: above 1 the target would be missed", x = "day", y = "pace", by = "slo", threshold = 1 }
[columns]
slo          = { label = "Target" }
state        = { label = "State", help = "missed, burns fast, burns, holds; unlogged, few calls, no calls: cannot tell" }
metric       = { label = "Of", help = "duration = the caller's whole wait; ttft = first token of streams" }
target_ms    = { label = "At most", unit = "ms" }
share        = { label = "Must", unit = "pct1", help = "share of calls that must be as quick" }
met          = { label = "Are", unit = "pct1" }
lo           = { label = "from", unit = "pct1", help = "95 % interval (Wilson, widened by how days differ)" }
hi           = { label = "to", unit = "pct1" }
n_calls      = { label = "Calls", unit = "int", help = "of the window, answered or timed out; failures belong to errors/availability" }
late         = { label = "Late", unit = "int", help = "too slow, or timed out" }
judged_share = { label = "Known for", unit = "pct0", help = "calls that log what the target is about" }
budget_left  = { label = "Budget left", unit = "pct0", help = "1 - late over what may be late; below 0 overspent" }
pace_1h      = { label = "Pace, 1 h", unit = "ratio", help = "1 = as many late calls as the target allows" }
pace_6h      = { label = "Pace, 6 h", unit = "ratio" }
pace_3d      = { label = "Pace, 3 d", unit = "ratio" }
kind         = { label = "By" }
who          = { label = "Who" }
call_share   = { label = "Of the calls", unit = "pct0" }
late_share   = { label = "Of the late", unit = "pct0" }
excess       = { label = "Late beyond its share", unit = "int" }
day          = { label = "Day (UTC)", unit = "date" }
pace         = { label = "Pace", unit = "ratio" }
---*/
-- Multi-window burn rates of the SRE Workbook (chapter 5): fail above 14.4 times the allowed share over 1 h and 5 min, or 6 over 6 h and 30 min (where that is more than all calls: half of what is
-- left above the allowed), warn above 1 over 3 d and 6 h beyond chance, fail where the window as a whole misses. Own cache hits count, for the user feels them. Cancelled in time: not judged.
create temp table if not exists stat_slos (name varchar, metric varchar, target_ms double, share double, window_days integer, feature varchar, team varchar, model varchar, provider varchar, user_id varchar, project varchar);
create or replace temp table clock as
with seen as (select max(started_at) filter (started_at <= read_at + interval 1 day) as sane, max(started_at) as latest from calls, (select max(finished_at) as read_at from ingests) i)
select coalesce(getvariable('as_of'), sane, latest) as as_of -- the instant targets are looked at; sane is the last call that is not later than it was read
from seen;
create or replace temp table slo_calls as
with kept as (
    select s.name, s.metric, s.target_ms, c.feature, coalesce(c.response_model, c.request_model) as model, c.user_id, c.sample_weight as w, date_diff('microsecond', c.started_at, as_of) / 3.6e9 as age, c.status, c.duration_ms,
        case when s.metric = 'duration' or (c.app_cache = 'hit' and c.ttft_ms is null) then c.duration_ms else c.ttft_ms end as took
    from clock, stat_slos s join calls c on c.started_at <= as_of and c.started_at > as_of - s.window_days * interval 1 day and coalesce(c.status, 'ok') not in ('error', 'blocked', 'shed') and (s.metric = 'duration' or c.stream is distinct from false)
        and (s.feature is null or c.feature glob s.feature) and (s.team is null or c.team glob s.team) and (s.model is null or coalesce(c.response_model, c.request_model) glob s.model) and (s.provider is null or c.provider glob s.provider)
        and (s.user_id is null or c.user_id glob s.user_id) and (s.project is null or json_extract_string(c.tags, '$.project') glob s.project)
)
select name, feature, model, user_id, w, age, floor(age / 24) as day_no, case when status = 'timeout' or took > target_ms then 1 when status = 'cancelled' and duration_ms > target_ms and took is null then 1 when took is null then null when status = 'cancelled' and metric = 'duration' then null else 0 end as late,
    status is not distinct from 'cancelled' as left_early from kept;

create or replace temp table slo_states as
with params as (select coalesce(getvariable('floor_calls'), 10) as floor_calls -- late calls logged within the hour, or the six, from which it burns fast
),
days as (select name, day_no, sum(w) as n, sum(w * late) as bad from slo_calls where late is not null group by name, day_no),
spread as (select d.name, count(*) as days, sum(power(d.bad - t.p * d.n, 2)) * count(*) / nullif(count(*) - 1, 0) as squares from days d join (select name, sum(bad) / sum(n) as p from days group by name) t on d.name = t.name group by d.name),
summed as (
    select name, sum(w) as n_all, sum(w) filter (late is not null or left_early) as known, coalesce(sum(w) filter (late is not null), 0) as n, coalesce(sum(w * late), 0) as bad, power(sum(w) filter (late is not null), 2) / sum(w * w) filter (late is not null) as kish,
        sum(late) filter (age < 1) as b1h, sum(w * late) filter (age < 1 / 12e0) / sum(w) filter (age < 1 / 12e0 and late is not null) as r5m, sum(w * late) filter (age < 1) / sum(w) filter (age < 1 and late is not null) as r1h, sum(late) filter (age < 6) as b6h,
        sum(w * late) filter (age < 0.5) / sum(w) filter (age < 0.5 and late is not null) as r30m, sum(w * late) filter (age < 6) / sum(w) filter (age < 6 and late is not null) as r6h,
        sum(w * late) filter (age < 72) / sum(w) filter (age < 72 and late is not null) as r3d, sum(w) filter (age < 72 and late is not null) as n3d
    from slo_calls group by name),
judged as (select s.*, t.* exclude (name), 1 - s.share as allowed, 1 - bad / nullif(n, 0) as met, known / n_all as judged_share, -- calls of a day count as less than as many: days differ
        kish / greatest(1, case when days >= 5 and bad > 0 and bad < n then squares / n / n / (bad / n * (1 - bad / n) / kish) else 1 end) as n_eff
    from stat_slos s left join summed t on s.name = t.name left join spread d on d.name = s.name),
ranged as (select *, 3.8416 / n_eff as z, 3.8416 / (n3d * kish / nullif(n, 0)) as z3 from judged),
told as (select *, (met + z / 2 - sqrt(z * (met * (1 - met) + z / 4))) / (1 + z) as lo, (met + z / 2 + sqrt(z * (met * (1 - met) + z / 4))) / (1 + z) as hi, (r3d + z3 / 2 - sqrt(z3 * (r3d * (1 - r3d) + z3 / 4))) / (1 + z3) as r3d_low,
    least(14.4 * allowed, (1 + allowed) / 2) as fast, least(6 * allowed, (1 + allowed) / 2) as faster from ranged)
select *, case when n_all is null then 'no calls' when judged_share < 0.2 or n = 0 then 'unlogged' when allowed > 0 and n_eff * allowed < 1 and hi >= share then 'few calls' when met < share then 'missed' when r1h > fast and r5m > fast and b1h >= floor_calls then 'burns fast'
    when r6h > faster and r30m > faster and b6h >= floor_calls then 'burns fast' when r3d_low > allowed and r6h > allowed then 'burns' else 'holds' end as state from told, params;

create or replace temp table slo_breakers as
with parts as (select name, case grouping(feature, model, user_id) when 3 then 'feature' when 5 then 'model' else 'user' end as kind, coalesce(feature, model, user_id) as who, sum(w) as n, sum(w * late) as bad
    from slo_calls where late is not null group by grouping sets ((name, feature), (name, model), (name, user_id)) having sum(w * late) > 0),
shares as (select p.*, p.n / s.n as call_share, p.bad / s.bad as late_share, p.bad - s.bad * p.n / s.n as excess, s.bad * least(1, s.n_eff / s.n) as b from parts p join slo_states s on p.name = s.name)
select name as slo, kind, who, n as n_calls, bad as late, call_share, late_share, excess, excess >= 0.05 * late / late_share and (late_share - call_share) * sqrt(b) > 3 * sqrt(call_share * (1 - call_share)) as named
from shares where who is not null and excess > 0 and call_share < 1
qualify row_number() over (partition by name, kind order by excess desc, who) <= 5;

with ranked as (select *, row_number() over (order by case state when 'missed' then 1 when 'burns fast' then 2 when 'burns' then 3 when 'holds' then 5 else 4 end, met - share, name) as place, count(*) over () as slos, count(*) filter (state in ('missed', 'burns fast', 'burns')) over () as alarms from slo_states),
top as (select slo, kind || ' ' || who as top, call_share, late_share from slo_breakers where named qualify row_number() over (partition by slo order by excess desc, kind, who) = 1),
every as (select as_of, coalesce(sum(sample_weight) filter (duration_ms is not null), 0) as calls_seen, sum(sample_weight) filter (duration_ms <= 1000) as s1, sum(sample_weight) filter (duration_ms <= 3000) as s3, sum(sample_weight) filter (duration_ms <= 10000) as s10,
    sum(sample_weight) filter (ttft_ms <= 1000) / sum(sample_weight) filter (ttft_ms is not null) as first_1s from clock left join calls on coalesce(status, 'ok') not in ('error', 'blocked', 'shed') group by as_of)
select case when calls_seen = 0 and place is null then 'unknown' when place is null then 'info' when state = 'missed' and hi >= share then 'warn' when state in ('missed', 'burns fast') then 'fail' when state = 'burns' then 'warn' when state = 'holds' then 'ok' else 'unknown' end as verdict,
    cast(round(coalesce(n, calls_seen)) as bigint) as n, met as value, lo, hi, 'measured' as basis, allowed as min_effect, cast(null as double) as p_value,
    case when place is null then 'there is no answered call with a duration' when state = 'no calls' then 'no call fits target ' || name || ': is its filter spelt as in the log?' when state = 'unlogged' then 'calls of target ' || name || ' do not log ' || case metric when 'ttft' then 'ttft_ms' else 'duration_ms' end
        else 'target ' || name || ' has too few calls: at ' || round(100 * share, 2) || '% one late call would miss it' end as reason,
    slos, name as slo, case state when 'missed' then 'is missed' when 'burns fast' then 'burns its error budget fast' else 'burns its error budget too fast' end as what, as_of, window_days, target_ms, case metric when 'ttft' then 'first token' else 'whole answer' end as metric_said, share,
    1 - (1 - met) / nullif(allowed, 0) as budget_left, case state when 'burns fast' then case when r1h > fast then r1h else r6h end when 'burns' then r3d end / nullif(allowed, 0) as burn, case when state = 'burns' then '3 days' when r1h > fast then 'hour' else '6 hours' end as burn_window,
    t.top, t.late_share as top_bad, t.call_share as top_calls, case when alarms > 1 then alarms - 1 end as others, case when judged_share < 0.9 then judged_share end as judged_share,
    s1 / calls_seen as within_1s, s3 / calls_seen as within_3s, s10 / calls_seen as within_10s, first_1s
from every left join ranked on place = 1 left join top t on t.slo = name;

select name as slo, state, metric, target_ms, share, met, lo, hi, cast(round(n) as bigint) as n_calls, cast(round(bad) as bigint) as late, judged_share, 1 - (1 - met) / nullif(allowed, 0) as budget_left, r1h / nullif(allowed, 0) as pace_1h, r6h / nullif(allowed, 0) as pace_6h, r3d / nullif(allowed, 0) as pace_3d
from slo_states order by case state when 'missed' then 1 when 'burns fast' then 2 when 'burns' then 3 when 'holds' then 5 else 4 end, met - share, name;

select slo, kind, who, cast(round(n_calls) as bigint) as n_calls, cast(round(late) as bigint) as late, call_share, late_share, excess from slo_breakers order by slo, excess desc, kind, who;

select date_trunc('day', as_of - age * interval 1 hour) as day, c.name as slo, sum(w * late) / sum(w) / nullif(1 - any_value(s.share), 0) as pace from clock, slo_calls c join stat_slos s on c.name = s.name where late is not null group by 1, 2 order by 1, 2;
