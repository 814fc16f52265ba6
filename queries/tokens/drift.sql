/*---
question  = "Did the number of tokens a call takes change?"
needs     = ["calls.input_tokens | calls.output_tokens"]
min_calls = 100
results   = ["verdict", "evidence", "daily"]
passes    = "No lasting change of tokens a call in {series_tested:int} series of feature, model and direction; {min_effect:pct0} in {top_name} would have been seen within three days."
fails     = "{name} tokens a call {went} by {size:pct0} since {first_seen:time} (95% interval {lo:pct0} to {hi:pct0}): the plain mean was {level_before:tok} and is {level_after:tok}{cause}{shape}."
info      = "A change cannot be judged: that takes 14 whole days with enough calls, and this log spans {days:int}. Most striking, as an early sign only: {name} tokens a call {went} by {size:pct0} since {first_seen:time}."
why       = "Tokens are money and waiting time. A grown prompt, a longer history or a changed model costs on every call from then on, and no error says so."
fix       = "1. Look at what began at the moment named: prompt, release, answering model. 2. Fixed text was added: shorten it, or put it where the prefix cache keeps it. 3. History or retrieved text grew: cut it to what is used. 4. Output grew: set max_tokens, ask for less. 5. Wanted? Then note it as an event and budget for it."
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
level_before = { label = "Mean before", unit = "tok" }
level_after  = { label = "Mean after", unit = "tok" }
smallest     = { label = "Would be seen", unit = "pct0", help = "smallest change three days would show: t of 3.8, power 95 %, at least 8 %" }
is_change    = { label = "Change?", unit = "bool" }
cause        = { label = "Began then", help = "what explains at least half of the change by its mere share of the calls" }
days         = { label = "Days", unit = "int" }
day          = { label = "Day (UTC)", unit = "date" }
name         = { label = "Series" }
mean_tokens  = { label = "Mean tokens", unit = "tok" }
---*/
-- A change: at least 8 % in a log of 14 whole days; three days old or less with a normal deviate of 3.4, or older with p < 1 % after counting every split and
-- series tried. The day is the unit (view series_shifts), each user's habits are taken out (view day_tokens). Cause: Kitagawa's split into mix and within.
create or replace temp table shift as
with params as (
    select coalesce(getvariable('min_change'), 0.08) as min_change, -- smallest lasting change worth a word, as a share
        coalesce(getvariable('min_days'), 14) as min_days -- whole days needed to judge
)
select s.*, exp(shift) - 1 as change, exp(shift - 1.96 * se) - 1 as lo, exp(shift + 1.96 * se) - 1 as hi, greatest(min_change, exp(smallest_shift) - 1) as smallest,
    case metric when 'input_tokens' then 'input' else 'output' end as direction, count(*) over () as series_tested, least(1e0, p_value * count(*) over ()) as p_all, days >= min_days as judged,
    concat(coalesce(feature, 'calls without a feature'), ' on ', coalesce(model, 'an unnamed model'), case metric when 'input_tokens' then ': input' else ': output' end) as name,
    days >= min_days and abs(exp(shift) - 1) >= min_change and ((days_after <= 3 and z >= 3.4) or p_value * count(*) over () < 0.01) as is_change
from series_shifts s, params where metric in ('input_tokens', 'output_tokens');

create or replace temp table causes as
with flagged as (select * from shift where is_change or p_value < 0.5 order by is_change desc, p_value, series limit 6),
sides as (
    select s.series, s.changed_at, c.started_at >= s.changed_at as is_after, c.started_at, c.sample_weight as w, case s.metric when 'input_tokens' then c.input_tokens else c.output_tokens end as tokens,
        c.prompt_version, c.release, c.response_model
    from flagged s join calls c on s.feature is not distinct from c.feature and s.model is not distinct from coalesce(c.request_model, c.response_model)
    where c.app_cache is distinct from 'hit' and case s.metric when 'input_tokens' then c.input_tokens else c.output_tokens end is not null
),
attributes as (
    select series, changed_at, is_after, started_at, w, tokens, 'prompt version ' as attribute, prompt_version as said from sides where prompt_version is not null
    union all select series, changed_at, is_after, started_at, w, tokens, 'release ', release from sides where release is not null
    union all select series, changed_at, is_after, started_at, w, tokens, 'answering model ', response_model from sides where response_model is not null
),
groups as (
    select series, changed_at, attribute, said, coalesce(sum(w) filter (not is_after), 0) as wa, coalesce(sum(w) filter (is_after), 0) as wb, min(started_at) as began_at,
        sum(w * tokens) filter (not is_after) / sum(w) filter (not is_after) as xa, sum(w * tokens) filter (is_after) / sum(w) filter (is_after) as xb
    from attributes group by series, changed_at, attribute, said
),
shares as (
    select *, wb / sum(wb) over one - wa / sum(wa) over one as moved, sum(wa * xa) over one / sum(wa) over one as ma, sum(wb * xb) over one / sum(wb) over one as mb
    from groups window one as (partition by series, attribute)
),
mixed as (select *, sum(moved * ((coalesce(xa, xb) + coalesce(xb, xa)) / 2 - (ma + mb) / 2)) over (partition by series, attribute) / nullif(mb - ma, 0) as mix_share from shares),
named as (
    select * from mixed where mix_share >= 0.5 and moved >= 0.1 and abs(date_diff('hour', began_at, changed_at)) <= 72
    qualify row_number() over (partition by series, attribute order by moved desc, said) = 1
),
shapes as (
    select series, quantile_cont(tokens, 0.1) filter (is_after) - quantile_cont(tokens, 0.1) filter (not is_after) as d10, quantile_cont(tokens, 0.5) filter (is_after) - quantile_cont(tokens, 0.5) filter (not is_after) as d50,
        quantile_cont(tokens, 0.9) filter (is_after) - quantile_cont(tokens, 0.9) filter (not is_after) as d90,
        ln(nullif(quantile_cont(tokens, 0.1) filter (is_after), 0) / nullif(quantile_cont(tokens, 0.1) filter (not is_after), 0)) as r10, ln(nullif(quantile_cont(tokens, 0.9) filter (is_after), 0) / nullif(quantile_cont(tokens, 0.9) filter (not is_after), 0)) as r90
    from sides group by series having min(w) = max(w)
)
select f.series, n.cause, n.began_at, case when abs(d90 - d10) <= 0.25 * abs(d50) and abs(r90 - r10) <= 0.25 * abs(r90 + r10) / 2 then '' -- too alike in length to tell
    when abs(d90 - d10) <= 0.25 * abs(d50) then '; by as many tokens in short calls as in long ones, as when fixed text is added'
    when abs(r90 - r10) <= 0.25 * abs(r90 + r10) / 2 then '; in proportion to length, as when content or history grows' when abs(d50) <= 0.1 * abs(d90) then '; in a few very long calls only' else '' end as shape
from flagged f left join (select series, string_agg(attribute || said, ' and ' order by attribute) as cause, min(began_at) as began_at from named group by series) n on f.series = n.series
left join shapes p on f.series = p.series;

with worst as (
    select s.*, c.cause, c.began_at, c.shape from shift s left join causes c on s.series = c.series order by is_change desc, judged desc, p_value, s.series limit 1
),
top as (select name as top_name, smallest from shift where judged order by n_all desc, series limit 1),
every as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n from calls where coalesce(calls.input_tokens, calls.output_tokens) is not null and app_cache is distinct from 'hit')
select case when e.n = 0 or w.series is null then 'unknown' when w.is_change then case when abs(w.change) >= 0.25 then 'fail' else 'warn' end when w.judged then 'ok' else 'info' end as verdict,
    e.n, w.change as value, w.lo, w.hi, 'estimated' as basis, t.smallest as min_effect, case when w.judged then w.p_all end as p_value, w.series_tested, t.top_name, w.name,
    case when w.change < 0 then 'fell' else 'rose' end as went, abs(w.change) as size, coalesce(w.began_at, w.changed_at) as first_seen, w.level_before, w.level_after,
    coalesce('; ' || w.cause || ' began then', '') as cause, coalesce(w.shape, '') as shape, w.days,
    case when e.n > 0 and w.series is null then 'no feature and model has 20 calls a day on 8 whole days; 14 are needed to judge' end as reason
from every e left join worst w on true left join top t on true;

select s.feature, s.model, s.direction, cast(s.n_all as bigint) as n_calls, s.change, s.lo, s.hi, s.changed_at, s.level_before, s.level_after, s.smallest, s.is_change, c.cause, s.days
from shift s left join causes c on s.series = c.series order by s.is_change desc, s.p_value, s.series;

select d.day_start as day, s.name, d.level as mean_tokens from day_tokens d join (select metric, feature, model, name from shift order by is_change desc, p_value, series limit 6) s on d.metric = s.metric and d.feature is not distinct from s.feature and d.model is not distinct from s.model
order by d.day_start, s.name limit 500;
