/*---
question  = "Are people satisfied with the answers?"
needs     = ["feedback.value | feedback.label"]
results   = ["verdict", "evidence"]
passes    = "{negative:int} of {rated:rating|ratings} are negative ({value:pct0}, 95% interval {lo:pct0} to {hi:pct0}); {rated_share:pct1} of the answers were rated. More than {warn_share:pct0} surely negative for a feature would have been a warning."
fails     = "{worst_name}: {worst_negative:int} of {worst_rated:rating|ratings} are negative ({worst_rate:pct0}, 95% interval {worst_lo:pct0} to {worst_hi:pct0}); over all it is {value:pct0}."
why       = "Ratings are the only word of the reader in these logs. Few rate, and rarely by chance: read the rate and who rates side by side."
fix       = "1. Open negatively rated calls of the feature named (`llmlogs sql \"select * from feedback where value <= 0\"`). 2. Compare prompt versions and models with llmlogs compare. 3. Hardly anybody rates: ask after the answer, and log re-asks (quality/follow_ups)."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Share of negative ratings"
x      = "name"
y      = "negative_rate"
[columns]
feature       = { label = "Feature" }
kind          = { label = "By", help = "human, judge (a model) or code" }
score         = { label = "Rating", help = "name of what was judged" }
name          = { label = "Rating" }
answers       = { label = "Answers", unit = "int", help = "calls of the feature that went well" }
rated         = { label = "Rated", unit = "int" }
rated_share   = { label = "Rated", unit = "pct1" }
negative      = { label = "Negative", unit = "int", help = "the lower half of the scale seen: 0 of 0 and 1, -1 of -1 to 1, 1 and 2 of 1 to 5, or a word that says so" }
negative_rate = { label = "Rate", unit = "pct0" }
lo            = { label = "from", unit = "pct0", help = "95 % interval: Wilson, ratings of one user counted as the less they agree" }
hi            = { label = "to", unit = "pct0" }
design_effect = { label = "Design effect", unit = "num", help = "how many ratings say as much as one of somebody new" }
---*/
-- Wilson's interval with n divided by the design effect of users: cluster-robust over binomial variance. From 30 ratings of a feature on.
create or replace temp table ratings as
select r.kind, r.score, c.feature, coalesce(c.user_id, r.judged, 'somebody') as who, coalesce(c.sample_weight, 1) as w, r.is_negative from call_ratings r left join calls c on r.call_id = c.call_id;

create or replace temp table rates as
with params as (
    select coalesce(getvariable('warn_share'), 0.25) as warn_share, -- a feature surely above this share of negative ratings is a warning
        coalesce(getvariable('fail_share'), 0.5) as fail_share -- and surely above this a failure
),
users as (select kind, score, feature, who, sum(w) as m, sum(w * is_negative::integer) as y, sum(w * w) as mm, count(*) as rows_here from ratings where is_negative is not null group by kind, score, feature, who),
sums as (select kind, score, feature, sum(m) as n, sum(y) as k, sum(y) / sum(m) as p, count(*) as c, power(sum(m), 2) / sum(mm) as n_kish, sum(y * y) as yy, sum(y * m) as ym, sum(m * m) as mm from users group by kind, score, feature),
effects as (select *, case when p > 0 and p < 1 and c > 1 then (yy - 2 * p * ym + p * p * mm) / (n * n) * c / (c - 1) / (p * (1 - p) / n_kish) end as raw from sums),
settled as (select *, greatest(coalesce(raw, max(raw) over (partition by kind, score), 1), 1) as design_effect from effects),
ready as (select *, 1.96 * 1.96 * design_effect / n_kish as z2n from settled),
answered as (select feature, sum(sample_weight) as answers from calls where coalesce(status, 'ok') = 'ok' group by feature)
select r.*, a.answers, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi, warn_share, fail_share, n >= 30 as is_judged,
    concat(coalesce(r.feature, 'calls without a feature'), case when score <> 'rating' then ', ' || score else '' end, case when kind <> 'human' then ' (' || kind || ')' else '' end) as name
from ready r cross join params left join answered a on r.feature is not distinct from a.feature;

with totals as (
    select coalesce(sum(n), 0) as n, sum(k) as k, sum(k) / sum(n) as p, 1.96 * 1.96 * sum(design_effect * n) / sum(n) / sum(n_kish) as z2n, max(warn_share) as warn_share, (select sum(answers) from (select distinct feature, answers from rates) each_one) as answers,
        count(*) filter (is_judged) as judged from rates
),
worst as (select * from rates where is_judged and lo > warn_share order by lo desc, name limit 1)
select case when t.judged = 0 then 'unknown' when w.lo > w.fail_share then 'fail' when w.name is not null then 'warn' else 'ok' end as verdict, cast(round(t.n) as bigint) as n, t.p as value,
    (t.p + t.z2n / 2 - sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as lo, (t.p + t.z2n / 2 + sqrt(t.z2n * (t.p * (1 - t.p) + t.z2n / 4))) / (1 + t.z2n) as hi, 'measured' as basis, t.warn_share as min_effect, cast(null as double) as p_value,
    cast(round(t.k) as bigint) as negative, cast(round(t.n) as bigint) as rated, t.n / nullif(t.answers, 0) as rated_share, t.warn_share, w.name as worst_name, cast(round(w.k) as bigint) as worst_negative, cast(round(w.n) as bigint) as worst_rated,
    w.p as worst_rate, w.lo as worst_lo, w.hi as worst_hi, 'no feature has 30 ratings' as reason
from totals t left join worst w on true;

select feature, kind, score, name, cast(round(answers) as bigint) as answers, cast(round(n) as bigint) as rated, n / nullif(answers, 0) as rated_share, cast(round(k) as bigint) as negative, case when n >= 30 then p end as negative_rate,
    case when n >= 30 then lo end as lo, case when n >= 30 then hi end as hi, design_effect from rates order by n desc, name limit 100;
