/*---
question  = "Which calls fail, of what, and how often?"
needs     = ["calls.status | calls.status_code"]
min_calls = 100
results   = ["verdict", "evidence", "timeline"]
passes    = "{failed:int} of {n:int} calls failed ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}); more than {warn_share:pct1} would have been a warning.[ Refused by limits or filters, judged apart: {apart:int}.]"
fails     = "{failed:int} of {n:int} calls failed ({value:pct1}, 95% interval {lo:pct1} to {hi:pct1}), most of {top_class}: {top_failed:int}[, {top_share:pct0} of them at {top_provider}].[ Refused by limits or filters, judged apart: {apart:int}.]"
why       = "A failed call is an answer a user did not get, or got late after a retry, and often one that was paid for."
fix       = "Start with the first row: its class says whether to repair the request (bad_request, context_length, auth, not_found), to retry with back-off and a second provider (overloaded, server_error, connection), or to raise a time limit (timeout)."
[[chart]]
kind   = "bars-over-time"
result = "timeline"
x      = "window_start"
y      = "failed"
by     = "class"
[columns]
class        = { label = "Class", help = "one vocabulary over all providers" }
failed       = { label = "Failed calls", unit = "int" }
share        = { label = "Share of all calls", unit = "pct1" }
lo           = { label = "From", unit = "pct1", help = "95% Wilson interval" }
hi           = { label = "To", unit = "pct1", help = "95% Wilson interval" }
judged       = { label = "Judged here", unit = "bool", help = "refusals by a limit, filters and the user's own cancels have cards of their own" }
top_provider = { label = "Most at" }
top_share    = { label = "Share of the class", unit = "pct0" }
top_feature  = { label = "Most from" }
first_at     = { label = "First", unit = "time" }
last_at      = { label = "Last", unit = "time" }
example_call = { label = "Example", help = "llmlogs show ID" }
window_start = { label = "Window", unit = "time" }
---*/
create or replace temp table failures as
with params as (
    select coalesce(getvariable('warn_share'), 1e-2) as warn_share, -- judged failures above this share of all calls are a warning
        coalesce(getvariable('fail_share'), 5e-2) as fail_share -- and above this share a failure
)
select call_id, started_at, sample_weight, coalesce(provider, 'unknown provider') as provider, coalesce(feature, 'no feature') as feature, class, is_failure as judged,
    warn_share, fail_share
from call_outcomes, params;

create or replace temp table kept as -- of a sampled log, see sampled_calls: the interval is then about the rate of the unsampled log, else Wilson's about chance
select unit, class, is_failure as judged, sum(sqrt(sample_weight * (sample_weight - 1))) as r from call_outcomes where sample_weight > 1 group by unit, class, is_failure;

with sums as (
    select coalesce(sum(sample_weight), 0) as n, coalesce(sum(sample_weight) filter (where judged), 0) as failed,
        sum(sample_weight) filter (where class is not null and not judged) as apart,
        power(sum(sample_weight), 2) / sum(power(sample_weight, 2)) as effective_n, -- Kish: what a sampled log is worth
        max(warn_share) as warn_share, max(fail_share) as fail_share
    from failures
),
units as (select sum(r) as r, coalesce(sum(r) filter (where judged), 0) as r_failed from kept group by unit),
sampled as (select sum(power(r_failed - failed / n * r, 2)) / max(n * n) as v from units, sums),
rate as (select *, failed / nullif(n, 0) as p, 1.96 * 1.96 / case when v > 0 and failed < n and failed > 0 then failed / n * (1 - failed / n) / v else effective_n end as z2n from sums, sampled),
wilson as (
    select *, (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi from rate
),
places as (select class, provider, sum(sample_weight) as w from failures where judged group by class, provider),
top as (
    select class, sum(w) as w, arg_max(provider, (w, provider)) as provider, max(w) / sum(w) as share from places group by class
    qualify row_number() over (order by sum(w) desc, class) = 1
)
select case when lo > fail_share then 'fail' when lo > warn_share then 'warn' else 'ok' end as verdict,
    cast(round(n) as bigint) as n, p as value, lo, hi, 'measured' as basis, warn_share as min_effect, cast(null as double) as p_value,
    cast(round(failed) as bigint) as failed, cast(round(apart) as bigint) as apart, warn_share,
    case top.class when 'unknown' then 'a kind that is not logged' else top.class end as top_class,
    cast(round(top.w) as bigint) as top_failed, nullif(top.provider, 'unknown provider') as top_provider, top.share as top_share
from wilson left join top on true;

with totals as (select sum(sample_weight) as n, power(sum(sample_weight), 2) / sum(power(sample_weight, 2)) as effective_n from failures),
places as (select class, provider, sum(sample_weight) as w from failures where class is not null group by class, provider),
provider_of as (select class, arg_max(provider, (w, provider)) as top_provider, max(w) / sum(w) as top_share from places group by class),
features as (select class, feature, sum(sample_weight) as w from failures where class is not null group by class, feature),
feature_of as (select class, arg_max(feature, (w, feature)) as top_feature from features group by class),
classes as (
    select class, bool_or(judged) as judged, sum(sample_weight) as w, min(started_at) as first_at, max(started_at) as last_at, max(call_id) as example_call
    from failures where class is not null group by class
),
units as (select unit, sum(r) as r from kept group by unit),
together as (select class, sum(k.r * k.r) as cc, sum(k.r * u.r) as cr from kept k join units u on k.unit = u.unit group by class),
variances as (
    select c.*, w / n as p, effective_n, (coalesce(cc, 0) - 2 * w / n * coalesce(cr, 0) + power(w / n, 2) * rr) / (n * n) as v
    from classes c left join together t on t.class = c.class, totals, (select sum(r * r) as rr from units) every
),
rates as (select *, 1.96 * 1.96 / case when v > 0 and p < 1 then p * (1 - p) / v else effective_n end as z2n from variances)
select class, cast(round(w) as bigint) as failed, p as share,
    (p + z2n / 2 - sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as lo, (p + z2n / 2 + sqrt(z2n * (p * (1 - p) + z2n / 4))) / (1 + z2n) as hi,
    judged, top_provider, top_share, top_feature, first_at, last_at, example_call
from rates join provider_of using (class) join feature_of using (class)
order by w desc, class;

with span as (select date_diff('hour', min(started_at), max(started_at)) as hours from failures)
select case when hours <= 6 then date_trunc('minute', started_at) when hours <= 400 then date_trunc('hour', started_at) else date_trunc('day', started_at) end as window_start,
    class, cast(round(sum(sample_weight)) as bigint) as failed
from failures, span where class is not null
group by 1, 2 order by 1, 2;
