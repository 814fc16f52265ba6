/*---
question  = "How often does a person have to take over?"
needs     = ["calls.session_id | calls.trace_id"]
engine    = "duckdb"
results   = ["verdict", "evidence"]
passes    = "{n:session|sessions}."          # it describes and never alarms
fails     = "{n:session|sessions}."
info      = "A person took over in {escalated:int} of {n:session|sessions}{of_which} ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1})[, most often in {top_feature} ({top_rate:pct0} of {top_sessions:int})][, after {calls_before:num} calls in the median]. Told by {told_by}."
why       = "A session handed to a person is the dearest outcome, and the clearest word that the answers did not do."
fix       = "1. Read sessions of the first row (llmlogs show ID): what was asked that could not be answered? 2. Compare prompt versions and models with llmlogs compare. 3. Late hand-overs (many calls before) annoy most: offer the person earlier."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of sessions a person took over"
x      = "feature"
y      = "rate"
lo     = "lo"
hi     = "hi"
[columns]
feature      = { label = "Feature", help = "of the session's first call that names one" }
sessions     = { label = "Sessions", unit = "int", help = "by session_id, else trace_id" }
escalated    = { label = "Taken over", unit = "int" }
rate         = { label = "Share", unit = "pct1" }
lo           = { label = "from", unit = "pct1", help = "95 % interval (Wilson)" }
hi           = { label = "to", unit = "pct1" }
calls_before = { label = "Calls before", unit = "num", help = "median over sessions taken over; all calls of the session where no time is logged" }
example      = { label = "Example", help = "session or trace taken over" }
---*/
-- A mark is feedback, a tag, an event (its subject a session or trace) or a tool whose name or word says escalated, hand-off or human takeover. A mark of a call counts for its session.
-- Where marks say no at least as often as yes, only sessions with a mark are counted; else a session without one was not taken over.
create or replace temp macro is_mark(word) as regexp_matches(word, 'escalat|hand_?off|hand_?over|human_?(takeover|needed|required|intervention|agent|transfer)|needs_human|take_?over|_to_(a_)?(human|person|operator|live_)|live_agent'); -- blanks, dots and hyphens are _

create or replace temp table marks as
with params as (
    select coalesce(getvariable('names'), '') as names -- further names of such marks, separated by commas, in lower case with _ for blanks
),
tagged as (select call_id, try_cast(tags as json) as labels from calls, params where is_mark(translate(lower(tags), ' .-', '___')) or (names <> '' and tags is not null)),
pairs as (select call_id, labels, unnest(json_keys(labels)) as key from tagged),
raw as (
    select 'feedback ' || name as told_by, name, coalesce(lower(trim(label)), cast(value as varchar)) as word, call_id, trace_id, session_id, "at" from feedback
    union all select 'tag ' || key, key, lower(json_extract_string(labels, concat('/', replace(replace(key, '~', '~0'), '/', '~1')))), call_id, null, null, null from pairs
    union all select 'event ' || kind, kind, lower("value"), null, subject, subject, "at" from events
    union all select 'tool ' || name, name, case when status = 'error' then 'failed' end, call_id, trace_id, null, started_at from spans where kind = 'tool' and regexp_matches(lower(name), 'escalat|human|person|operator|live') -- agents hand over to agents, too
),
spelled as (select *, string_split(names, ',') as own, translate(lower(name), ' .-', '___') as said, translate(word, ' .-', '___') as answer from raw, params)
select told_by, call_id, trace_id, session_id, "at",
    case when regexp_matches(said, '^(no|not|non|de|avoid\w*)_|_(avoid|prevent)|resolved_without') then null
        when is_mark(said) or list_contains(own, said) then coalesce(answer not in ('0', '0_0', 'false', 'no', 'n', 'none', 'null', '', 'not_escalated', 'failed', 'off', 'never'), true)
        when is_mark(answer) and not regexp_matches(answer, '^(no|not|non|de)_|_(avoid|prevent)|without') then true end as is_escalated
from spelled where is_mark(said) or is_mark(answer) or list_contains(own, said);

create or replace temp table seats as
with found as (
    select c.seat, m.told_by, m.is_escalated, m."at" from marks m join (select coalesce(session_id, trace_id) as seat, call_id from calls where call_id in (select call_id from marks)) c on m.call_id = c.call_id where is_escalated is not null
    union all select distinct c.seat, m.told_by, m.is_escalated, m."at" from marks m join (select coalesce(session_id, trace_id) as seat, trace_id from calls where trace_id in (select trace_id from marks where call_id is null)) c on m.trace_id = c.trace_id where m.call_id is null and is_escalated is not null
    union all select m.session_id, m.told_by, m.is_escalated, m."at" from marks m where m.call_id is null and m.session_id is not null and is_escalated is not null
),
seated as (select seat, bool_or(is_escalated) as is_escalated, min("at") filter (is_escalated) as escalated_at, min(told_by) filter (is_escalated) as told_by from found where seat is not null group by seat),
sessions as (
    select coalesce(c.session_id, c.trace_id) as seat, arg_min(c.feature, c.started_at) as feature, max(c.sample_weight) as w, count(*) filter (coalesce(c.started_at <= s.escalated_at, true)) as calls_before, max(s.told_by) as told_by, bool_or(s.is_escalated) as is_escalated
    from calls c left join seated s on coalesce(c.session_id, c.trace_id) = s.seat where coalesce(c.session_id, c.trace_id) is not null group by 1
),
scope as (select count(*) filter (not is_escalated) >= count(*) filter (is_escalated) as says_no, count(is_escalated) as marked from sessions)
select seat, feature, w, calls_before, told_by, coalesce(is_escalated, false) as is_escalated, says_no from sessions, scope where marked > 0 and (is_escalated is not null or not says_no);

create or replace temp table rates as
with sums as (
    select feature, sum(w) as n, power(sum(w), 2) / sum(w * w) as effective_n, coalesce(sum(w) filter (is_escalated), 0) as k, quantile_cont(calls_before, 0.5) filter (is_escalated) as calls_before, max(seat) filter (is_escalated) as example from seats group by feature
),
ready as (select *, k / n as p, 1.96 * 1.96 / effective_n as z2n from sums)
select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from ready;

with totals as (select coalesce(sum(n), 0) as n, sum(k) as k, sum(k) / sum(n) as p, 1.96 * 1.96 / sum(effective_n) as z2n from rates),
middle as (select quantile_cont(calls_before, 0.5) filter (is_escalated) as calls_before, bool_or(says_no) as says_no from seats),
named as (select coalesce(string_agg(told_by, ', ' order by told_by), (select min(told_by) from marks)) as told_by from (select distinct told_by from seats where told_by is not null) each_one),
top as (select coalesce(feature, 'sessions without a feature') as top_feature, p as top_rate, n as top_sessions from rates where n >= 30 and k > 0 and (select count(*) from rates) > 1 order by lo desc, feature limit 1)
select case when t.n = 0 then 'unknown' else 'info' end as verdict, cast(round(t.n) as bigint) as n, t.p as value, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi,
    case when says_no then 'measured' else 'bounded' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value, cast(round(t.k) as bigint) as escalated, case when says_no then ' that say whether' else ' (a session without a mark counts as not)' end as of_which,
    calls_before, named.told_by, top_feature, top_rate, cast(round(top_sessions) as bigint) as top_sessions,
    'nothing in this log says when a person took over: log feedback named escalated (value 1 or 0) on the session, or a tag escalated on its calls' as reason
from totals t cross join middle cross join named left join top on true;

select feature, cast(round(n) as bigint) as sessions, cast(round(k) as bigint) as escalated, p as rate, lo, hi, calls_before, example from rates order by k desc, n desc, feature limit 50;
