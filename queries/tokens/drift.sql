/*---
question  = "Did the number of tokens a call takes change?"
needs     = ["calls.input_tokens | calls.output_tokens"]
min_calls = 100
results   = ["verdict", "evidence", "daily"]
passes    = "No lasting change of tokens a call in {series_tested:int} series of feature, model and direction; {min_effect:pct0} in {top_name} would have been seen within three days."
fails     = "{name} tokens a call {went} by {size:pct0} since {first_seen:time} (95% interval {lo:pct0} to {hi:pct0}): the plain mean was {level_before:tok} and is {level_after:tok}{cause}{shape}."
info      = "A change cannot be judged: that takes 14 whole days with enough calls, and this log spans {days:int}. Most striking, as an early sign only: {name} tokens a call {went} by {size:pct0} since {first_seen:time}."
why       = "Tokens are money and waiting time. A grown prompt, a longer history or a changed model costs on every call from then on, and no error says so."
fix       = "1. Look at what began at the moment named: prompt, release, answering model, users. 2. Fixed text was added: shorten it, or put it where the prefix cache keeps it. 3. History or retrieved text grew: cut it to what is used. 4. Output grew: set max_tokens, ask for less. 5. Wanted? Then note it as an event and budget for it."
chart = { kind = "lines-over-time", result = "daily", title = "Mean tokens a call, by day", x = "day", y = "mean_tokens", by = "name", log = true }
[columns]
feature      = { label = "Feature" }
model        = { label = "Model", help = "as asked for" }
direction    = { label = "Direction" }
n_calls      = { label = "Calls", unit = "int", help = "logged calls of the days tested" }
change       = { label = "Change", unit = "pct0", help = "of the typical call, users' own habits taken out, at the most striking split of the days" }
lo           = { label = "from", unit = "pct0", help = "95 % interval" }
hi           = { label = "to", unit = "pct0" }
changed_at   = { label = "Since", unit = "date" }
first_seen   = { label = "First seen", unit = "time", help = "first call of the new value that began then; else the hour at which a CUSUM of the calls turns" }
level_before = { label = "Mean before", unit = "tok" }
level_after  = { label = "Mean after", unit = "tok" }
smallest     = { label = "Would be seen", unit = "pct0", help = "smallest change three days would show with power 95 %, at least 8 %" }
is_change    = { label = "Change?", unit = "bool" }
cause_kind   = { label = "Cause", help = "what explains at least half of the change by its mere share of the calls: prompt_version, model (the answering one), release, user_mix; those that began together cannot be told apart" }
cause_value  = { label = "Began then" }
shape        = { label = "Shape", help = "fixed_text: as many tokens in short calls as in long ones; ratio: in proportion to length; runaways: in a few very long calls only" }
days         = { label = "Days", unit = "int" }
day          = { label = "Day (UTC)", unit = "date" }
name         = { label = "Series" }
mean_tokens  = { label = "Mean tokens", unit = "tok" }
---*/
-- A change: at least 8 % in a log of 14 whole days; one to three days old with |t| of 3.8 (3 where a prompt version, model or release began with it, 4.5 without
-- user ids), or older with p < 1 % after counting every split and series tried. Days are the unit, users' habits are taken out (views token_shifts, day_tokens).
create or replace temp table shift as
with params as (
    select coalesce(getvariable('min_change'), 0.08) as min_change, -- smallest lasting change worth a word, as a share
        coalesce(getvariable('min_days'), 14) as min_days -- whole days needed to judge
),
tested as (select *, count(distinct series) over () as series_tested, max(smallest_shift) over (partition by series) as seen from token_shifts),
marked as (select *, days >= min_days and abs(exp(shift) - 1) >= min_change and coalesce(abs(t) >= needed, p_value * series_tested < 0.01) as is_change from tested, params)
select *, exp(shift) - 1 as change, exp(shift - 1.96 * se) - 1 as lo, exp(shift + 1.96 * se) - 1 as hi, case when seen is not null then greatest(min_change, exp(seen) - 1) end as smallest,
    case metric when 'input_tokens' then 'input' else 'output' end as direction, least(1e0, p_value * series_tested) as p_all, days >= min_days as judged,
    concat(coalesce(feature, 'calls without a feature'), ' on ', coalesce(model, 'an unnamed model'), case metric when 'input_tokens' then ': input' else ': output' end) as name
from marked qualify row_number() over (partition by series order by is_change desc, z desc, days_after) = 1;

create or replace temp table causes as
with flagged as (select * from shift where is_change or p_value < 0.5 order by is_change desc, p_value, series limit 12),
sides as ( -- calls from four weeks before; y [ln tokens] without the user's habits
    select s.series, s.changed_at, s.shift, c.started_at >= s.changed_at as is_after, c.started_at, c.sample_weight as w, case s.metric when 'input_tokens' then c.input_tokens else c.output_tokens end as tokens,
        ln(greatest(tokens, 1)) - coalesce(u.effect, 0) as y, prompt_version, release, response_model, c.user_id, min(c.started_at) over (partition by s.series, c.user_id) as user_since
    from flagged s join calls c on s.feature is not distinct from c.feature and s.model is not distinct from coalesce(c.request_model, c.response_model) and c.started_at >= s.changed_at - interval 28 days
    left join day_token_users u on s.metric = u.metric and s.feature is not distinct from u.feature and s.model is not distinct from u.model and c.user_id is not distinct from u.user_id
    where c.app_cache is distinct from 'hit' and case s.metric when 'input_tokens' then c.input_tokens else c.output_tokens end is not null
),
said as (
    from sides select series, changed_at, is_after, started_at, w, y, unnest([{kind: 'prompt_version', name: prompt_version}, {kind: 'model', name: response_model}, {kind: 'release', name: release},
        {kind: 'user_mix', name: case when user_since >= changed_at - interval 24 hours then 'new users' when user_id is not null then 'known users' end}], recursive := true)
),
groups as ( -- Kitagawa 1955: mix = moved share * how far the group lies from the middle, here by its shares, so that a few early calls of a new value do not speak for it
    select series, changed_at, kind, name, coalesce(sum(w) filter (not is_after), 0) as wa, coalesce(sum(w) filter (is_after), 0) as wb, min(started_at) as began_at,
        sum(w * y) filter (not is_after) / nullif(sum(w) filter (not is_after), 0) as xa, sum(w * y) filter (is_after) / nullif(sum(w) filter (is_after), 0) as xb
    from said where name is not null group by series, changed_at, kind, name
),
sums as (select *, nullif(sum(wa) over one, 0) as na, nullif(sum(wb) over one, 0) as nb, sum(wa * xa) over one as sa, sum(wb * xb) over one as sb from groups window one as (partition by series, kind)), shares as (select *, wb / nb - wa / na as moved, sa / na as ma, sb / nb as mb from sums),
mixed as (select *, sum(moved * ((coalesce(wa * xa / na, 0) + coalesce(wb * xb / nb, 0)) / nullif(wa / na + wb / nb, 0) - (ma + mb) / 2)) over (partition by series, kind) / nullif(mb - ma, 0) as mix_share from shares),
hours as (select series, shift, changed_at, is_after, date_trunc('hour', started_at) as hour, extract(hour from started_at) as clock, sum(w) as n, sum(w * y) as s from sides group by all),
centred as (select *, s - n * sum(s) filter (not is_after) over (partition by series) / sum(n) filter (not is_after) over (partition by series) as e from hours),
-- Page 1954: the hour from which on the calls lie beyond the middle of both levels, the time of day's own level taken out
evened as (select *, e - n * coalesce(sum(e) filter (not is_after) over one / sum(n) filter (not is_after) over one, 0) - n * shift / 2 as step from centred window one as (partition by series, clock)),
later as (select series, shift, hour, sum(step * sign(shift)) over (partition by series order by hour desc) as beyond from evened where abs(date_diff('hour', changed_at, hour)) <= 72), turned as (select series, arg_max(hour, beyond) as turned_at, max(beyond) as peak from later group by series),
wobble as (select series, var_pop(y) + 4e-4 * count(*) / 28 as v from sides where not is_after group by series), -- from call to call, and days that move by 2 % of themselves
-- Named: new within 36 hours, and as likely a beginning as the hour found (log likelihood less by 10 at most); new users come one by one.
named as (
    select m.* from mixed m join turned using (series) join wobble using (series) left join later l on m.series = l.series and l.hour = date_trunc('hour', began_at)
    where (kind = 'user_mix' or peak - beyond <= 10 * v / abs(shift)) and mix_share >= 0.5 and moved >= 0.05 and abs(date_diff('hour', began_at, changed_at)) <= 36 and name <> 'known users' qualify row_number() over (partition by m.series, kind order by moved desc, name) = 1
),
together as (select series, string_agg(kind, ', ' order by kind) as cause_kind, string_agg(name, ', ' order by kind) as cause_value, string_agg(case kind when 'user_mix' then name else replace(kind, '_', ' ') || ' ' || name end, ' and ' order by kind) as cause_text, min(began_at) filter (kind <> 'user_mix') as began_at from named group by series),
levels as ( -- tenths of the calls by length, before and after
    select series, unnest(range(1, 10)) as tenth, unnest(quantile_cont(tokens, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) filter (not is_after)) as a, unnest(quantile_cont(tokens, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) filter (is_after)) as b from sides group by series having min(w) = max(w)
),
middle as (select *, quantile_cont(b - a, 0.5) over one as added, quantile_cont(ln(b / a), 0.5) over one as grown from levels where a > 0 and b > 0 window one as (partition by series)),
fits as (select series, sum(power(ln(b / greatest(a + added, 1)), 2)) as off_text, sum(power(ln(b / a) - grown, 2)) as off_ratio, avg(ln(b / a)) filter (tenth <= 8) as most, max(a) >= 1.5 * min(a) as vary from middle group by series)
select f.series, cause_kind, cause_value, cause_text, coalesce(began_at, turned_at) as first_seen, case when abs(most) < 0.25 * abs(f.shift) then 'runaways' when vary and off_text < 0.7 * off_ratio then 'fixed_text' when vary and off_ratio < 0.7 * off_text then 'ratio' end as shape
from flagged f left join together using (series) left join turned using (series) left join fits using (series);

with worst as (select s.*, c.* exclude (series) from shift s left join causes c using (series) order by is_change desc, judged desc, p_value, s.series limit 1),
top as (select name as top_name, smallest from shift where judged order by n_all desc, series limit 1), every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n from calls where coalesce(calls.input_tokens, calls.output_tokens) is not null and app_cache is distinct from 'hit')
select case when e.n = 0 or w.series is null then 'unknown' when w.is_change then case when abs(w.change) >= 0.25 then 'fail' else 'warn' end when w.judged then 'ok' else 'info' end as verdict,
    e.n, w.change as value, w.lo, w.hi, 'estimated' as basis, t.smallest as min_effect, case when w.judged then w.p_all end as p_value, w.series_tested, t.top_name, w.name,
    case when w.change < 0 then 'fell' else 'rose' end as went, abs(w.change) as size, coalesce(w.first_seen, w.changed_at) as first_seen, w.level_before, w.level_after,
    coalesce('; ' || w.cause_text || ' began then', '') as cause, w.days,
    case w.shape when 'fixed_text' then '; by as many tokens in short calls as in long ones, as when fixed text is added' when 'ratio' then '; in proportion to length, as when content or history grows' when 'runaways' then '; in a few very long calls only' else '' end as shape,
    case when e.n > 0 and w.series is null then 'no feature and model has 20 calls a day on 8 whole days; 14 are needed to judge' end as reason from every e left join worst w on true left join top t on true;

select s.feature, s.model, s.direction, cast(s.n_all as bigint) as n_calls, s.change, s.lo, s.hi, s.changed_at, c.first_seen, s.level_before, s.level_after, s.smallest, s.is_change, c.cause_kind, c.cause_value, c.shape, s.days from shift s left join causes c on s.series = c.series order by s.is_change desc, s.p_value, s.series;

with shown as (select metric, feature, model, name from shift order by is_change desc, p_value, series limit 6)
select d.day_start as day, s.name, d.level as mean_tokens from day_tokens d join shown s on d.metric = s.metric and d.feature is not distinct from s.feature and d.model is not distinct from s.model order by d.day_start, s.name limit 500;
