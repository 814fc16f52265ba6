/*---
question  = "Are answers grounded in their sources, where somebody checked?"
needs     = ["feedback.value | feedback.label -- of answers checked for grounding by a judge or code, named grounded or faithfulness"]
results   = ["verdict", "evidence"]
passes    = "{passed:int} of {n:checked answer|checked answers} were grounded ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}); {checked_share:pct1} of the answers were checked[ ({scores})]. A feature, model and prompt version of 30 checked answers surely below {warn_below:pct0} would have been a warning."
fails     = "{worst_name}: only {worst_passed:int} of {worst_checked:checked answer|checked answers} were grounded ({worst_rate:pct0}, 95% interval {worst_lo:pct0} to {worst_hi:pct0}); over all it is {value:pct0}, with {checked_share:pct1} of the answers checked."
why       = "An answer its sources do not carry reads like any other. Only checks show it, and only for what was checked."
fix       = "1. Open failed checks (llmlogs show ID): were the right documents retrieved? If not, repair retrieval. 2. They were: tell the model to answer from them alone, or take another one. 3. Few are checked: check a random sample, and log it as feedback."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of checked answers that were grounded"
x      = "name"
y      = "rate"
[columns]
feature        = { label = "Feature" }
model          = { label = "Model" }
prompt_version = { label = "Prompt version" }
name           = { label = "Answers" }
scores         = { label = "Checks", help = "names of the scores: grounded, faithful, hallucination, factual, citations ..." }
answers        = { label = "Answers", unit = "int", help = "calls that went well" }
checked        = { label = "Checked", unit = "int" }
checked_share  = { label = "Checked", unit = "pct1" }
passed         = { label = "Grounded", unit = "int", help = "passed every check: a word that says so, else the upper half of the scale (0 to 1, -1 to 1, 1 to 5, else 0 or the smallest to 10, 100 or the largest); hallucination the other way round" }
rate           = { label = "Share", unit = "pct1" }
lo             = { label = "from", unit = "pct1", help = "95 % interval: Wilson, answers to one user counted as the less they agree" }
hi             = { label = "to", unit = "pct1" }
design_effect  = { label = "Design effect", unit = "num", help = "how many answers say as much as one to somebody new" }
example        = { label = "Failed", help = "llmlogs show ID" }
---*/
-- A check that names a trace or session is one of its last call: the answer that was given. Of one call's checks by one name the newest counts. From 30 checked answers on.
create or replace temp table checks as
with params as (
    select coalesce(getvariable('pass_at'), 0.5) as pass_at -- share of a score's scale from which an answer passes
),
scores as (
    select *, lower(name) as score, lower(trim(label)) as word, (lower(name) like '%halluc%' and not lower(name) like '%free%' and not lower(name) like 'no_halluc%' and not lower(name) like 'no__halluc%') or lower(name) like '%unground%' or lower(name) like '%unfaith%' as is_bad
    from feedback where coalesce(kind, 'code') <> 'human' and (lower(name) like '%ground%' or lower(name) like '%faith%' or lower(name) like '%halluc%' or lower(name) like '%factual%' or lower(name) like '%citation%' or lower(name) like '%attribution%' or lower(name) like '%context_adherence%')
        and not lower(name) like '%background%' and not lower(name) like '%ground_truth%'
),
scales as (
    select score, case when min(value) < 0 then least(min(value), -1) when max(value) <= 1 then 0 when bool_and(value = round(value)) and min(value) >= 1 and max(value) <= 5 then 1 when max(value) <= 100 then 0 else min(value) end as least_value,
        case when min(value) < 0 then greatest(max(value), 1) when max(value) <= 1 then 1 when bool_and(value = round(value)) and min(value) >= 1 and max(value) <= 5 then 5 when max(value) <= 10 then 10 when max(value) <= 100 then 100 else max(value) end as most_value
    from scores group by score
),
judged as (
    select s.*, case
            when word in ('grounded', 'faithful', 'factual', 'supported', 'fully supported', 'fully_supported', 'not hallucinated', 'not_hallucinated', 'no hallucination') then true
            when word in ('ungrounded', 'unfaithful', 'hallucinated', 'hallucination', 'unsupported', 'not grounded', 'not_grounded', 'not supported', 'not_supported', 'not faithful', 'not_faithful', 'contradicted', 'nonfactual', 'not factual') then false
            when value is not null then case when is_bad then (value - least_value) / nullif(most_value - least_value, 0) < pass_at else (value - least_value) / nullif(most_value - least_value, 0) >= pass_at end
            when word in ('pass', 'passed', 'true', 'yes', 'y', 'correct', 'ok', 'good') then not is_bad when word in ('fail', 'failed', 'false', 'no', 'n', 'incorrect', 'bad', 'partial', 'partially supported') then is_bad end as is_passed
    from scores s join scales using (score) cross join params
),
traced as (select trace_id, arg_max(call_id, (started_at, call_id)) as call_id from calls where trace_id in (select trace_id from judged where call_id is null) group by trace_id),
seated as (select session_id, arg_max(call_id, (started_at, call_id)) as call_id from calls where session_id in (select session_id from judged where call_id is null and trace_id is null) group by session_id),
placed as (
    select j.*, coalesce(j.call_id, t.call_id, s.call_id, j.trace_id, j.session_id) as judged_id from judged j left join traced t on j.call_id is null and j.trace_id = t.trace_id
    left join seated s on j.call_id is null and j.trace_id is null and j.session_id = s.session_id where is_passed is not null
),
latest as (select * from placed where judged_id is not null qualify row_number() over (partition by judged_id, score order by "at" desc nulls last, line desc, is_passed) = 1)
select judged_id, score, is_passed, c.feature, coalesce(c.request_model, c.response_model) as model, c.prompt_version, coalesce(c.user_id, c.session_id, judged_id) as who, coalesce(c.sample_weight, 1) as w from latest l left join calls c on l.judged_id = c.call_id;

create or replace temp table rates as
with every_answer as (select feature, model, prompt_version, who, judged_id, max(w) as w, bool_and(is_passed)::integer as is_passed from checks group by feature, model, prompt_version, who, judged_id),
users as (select feature, model, prompt_version, who, sum(w) as m, sum(w * is_passed) as y, sum(w * w) as mm, max(judged_id) filter (is_passed = 0) as example from every_answer group by feature, model, prompt_version, who),
sums as (
    select feature, model, prompt_version, sum(m) as n, sum(y) as k, sum(y) / sum(m) as p, count(*) as c, power(sum(m), 2) / sum(mm) as n_kish, sum(y * y) as yy, sum(y * m) as ym, sum(m * m) as mm, max(example) as example
    from users group by feature, model, prompt_version
),
named as (select feature, model, prompt_version, string_agg(score, ', ' order by score) as scores from (select distinct feature, model, prompt_version, score from checks) each_one group by feature, model, prompt_version),
effects as (select *, case when p > 0 and p < 1 and c > 1 then (yy - 2 * p * ym + p * p * mm) / (n * n) * c / (c - 1) / (p * (1 - p) / n_kish) end as raw from sums),
settled as (select *, greatest(coalesce(raw, max(raw) over (), 1), 1) as design_effect from effects),
ready as (select *, 1.96 * 1.96 * design_effect / n_kish as z2n from settled),
answered as (select feature, coalesce(request_model, response_model) as model, prompt_version, sum(sample_weight) as answers from calls where coalesce(status, 'ok') = 'ok' and (operation is null or operation in ('chat', 'text_completion')) group by all)
select r.*, d.scores, a.answers, n >= 30 as is_judged, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, concat_ws(', ', coalesce(r.feature, 'calls without a feature'), r.model, r.prompt_version) as name
from ready r left join answered a on r.feature is not distinct from a.feature and r.model is not distinct from a.model and r.prompt_version is not distinct from a.prompt_version
left join named d on r.feature is not distinct from d.feature and r.model is not distinct from d.model and r.prompt_version is not distinct from d.prompt_version;

with params as (
    select coalesce(getvariable('warn_below'), 0.8) as warn_below, -- a feature, model and prompt version surely grounded less often is a warning
        coalesce(getvariable('fail_below'), 0.5) as fail_below -- and less often than this a failure
),
totals as (
    select coalesce(sum(n), 0) as n, sum(k) as k, sum(k) / sum(n) as p, 1.96 * 1.96 * sum(design_effect * n) / sum(n) / sum(n_kish) as z2n, count(*) filter (is_judged) as judged from rates
),
answered as (select sum(sample_weight) as answers from calls where coalesce(status, 'ok') = 'ok' and (operation is null or operation in ('chat', 'text_completion'))),
named as (select string_agg(score, ', ' order by score) as scores from (select distinct score from checks) each_one),
worst as (select r.* from rates r, params where is_judged and hi < warn_below order by hi, name limit 1)
select case when t.judged = 0 then 'unknown' when w.hi < p.fail_below then 'fail' when w.name is not null then 'warn' else 'ok' end as verdict, cast(round(t.n) as bigint) as n, t.p as value,
    (t.p + t.z2n / 2 - sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as lo, (t.p + t.z2n / 2 + sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as hi, 'measured' as basis, p.warn_below as min_effect, cast(null as double) as p_value,
    cast(round(t.k) as bigint) as passed, t.n / nullif(a.answers, 0) as checked_share, d.scores, p.warn_below, w.name as worst_name, cast(round(w.k) as bigint) as worst_passed, cast(round(w.n) as bigint) as worst_checked, w.p as worst_rate, w.lo as worst_lo, w.hi as worst_hi,
    case when t.n = 0 then 'no answer was checked: log feedback named grounded (kind judge or code, value 0 to 1) on calls or traces' else 'no feature, model and prompt version has 30 checked answers' end as reason
from totals t cross join params p cross join answered a cross join named d left join worst w on true;

select feature, model, prompt_version, name, scores, cast(round(answers) as bigint) as answers, cast(round(n) as bigint) as checked, n / nullif(answers, 0) as checked_share, cast(round(k) as bigint) as passed, case when is_judged then p end as rate, case when is_judged then lo end as lo,
    case when is_judged then hi end as hi, design_effect, example from rates order by n desc, name limit 100;
