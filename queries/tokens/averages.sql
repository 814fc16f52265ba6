/*---
question  = "How many tokens does a call take, by feature and model?"
needs     = ["calls.input_tokens | calls.prompt_chars", "calls.output_tokens | calls.completion_chars"]
results   = ["verdict", "evidence"]
passes    = "A call reads {value:tok} tokens and writes {mean_out:tok} on average."
fails     = "A call reads {value:tok} tokens and writes {mean_out:tok} on average."
info      = "A call reads {value:tok} tokens (95% interval {lo:tok} to {hi:tok}) and writes {mean_out:tok} on average over {n:int} calls; {top_feature} on {top_model} takes {top_share:pct0} of all tokens.[ {guess}]"
why       = "Tokens are the bill and most of the waiting time. Averages per feature and model show where a shorter prompt or answer would pay."
fix       = "1. Take the row with the largest share. 2. Input far above output: shorten system prompt, tool schemas, history and retrieved text, or cache the prefix. 3. Long output: set max_tokens, ask for structure. 4. Whether it changed is told by tokens/drift."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Average tokens a call"
x      = "feature"
y      = "mean_in"
[columns]
feature     = { label = "Feature", help = "empty: calls that name no feature" }
model       = { label = "Model", help = "as answered, else as asked" }
n_calls     = { label = "Calls", unit = "int", help = "calls that log input tokens; answers from your own cache are left out" }
mean_in     = { label = "Input", unit = "tok", help = "mean per call, cache reads and writes included" }
in_lo       = { label = "from", unit = "tok", help = "95 % interval; the day is the unit from five days on, else the call; of a sample: about the mean of the whole log" }
in_hi       = { label = "to", unit = "tok" }
p50_in      = { label = "Input p50", unit = "tok", help = "not given where sample weights differ" }
p95_in      = { label = "Input p95", unit = "tok", help = "from 20 calls; not given where sample weights differ" }
mean_out    = { label = "Output", unit = "tok", help = "mean per call, reasoning included" }
out_lo      = { label = "from", unit = "tok", help = "95 % interval, as for input" }
out_hi      = { label = "to", unit = "tok" }
p95_out     = { label = "Output p95", unit = "tok", help = "from 20 calls; not given where sample weights differ" }
token_share = { label = "Of all tokens", unit = "pct0", help = "input and output" }
days        = { label = "Days", unit = "int", help = "UTC days with such calls" }
---*/
-- Descriptive: it never warns. Interval of a mean: ratio of sums with the day as the cluster (d / (d - 1) * sum((s - mean * w)^2) / w^2), Student's t on d - 1
-- by Cornish and Fisher's expansion; below five days the calls themselves are the unit. In a sampled log it is about the unsampled log's mean (see sampled_calls). A log that counts no tokens but characters is told by an estimate:
-- four characters a token, in the interval three to five and a half, as English text and code give with today's tokenisers.
create or replace temp view counted as -- the output of a partly counted call is a lower bound and no count
with known as (select count(input_tokens) + count(output_tokens) = 0 as guessed from calls)
select * replace (case when guessed then prompt_chars / 4e0 else input_tokens end as input_tokens,
    case when guessed then completion_chars / 4e0 when usage_status is distinct from 'partial' then output_tokens end as output_tokens) from calls, known
where app_cache is distinct from 'hit' and coalesce(input_tokens, output_tokens, case when guessed then coalesce(prompt_chars, completion_chars) end) is not null;

create or replace temp table daily as
select feature, coalesce(response_model, request_model) as model, date_trunc('day', started_at) as day, grouping(feature) > 0 as is_all,
    coalesce(sum(sample_weight) filter (counted.input_tokens is not null), 0) as w_in, coalesce(sum(sample_weight * input_tokens), 0) as s_in,
    coalesce(sum(sample_weight) filter (counted.output_tokens is not null), 0) as w_out, coalesce(sum(sample_weight * output_tokens), 0) as s_out,
    coalesce(sum(power(sample_weight, 2)) filter (counted.input_tokens is not null), 0) as w2_in, coalesce(sum(power(sample_weight, 2)) filter (counted.output_tokens is not null), 0) as w2_out,
    coalesce(sum(power(sample_weight, 2) * input_tokens), 0) as c_in, coalesce(sum(power(sample_weight, 2) * output_tokens), 0) as c_out,
    coalesce(sum(power(sample_weight * input_tokens, 2)), 0) as q_in, coalesce(sum(power(sample_weight * output_tokens, 2)), 0) as q_out
from counted
group by grouping sets ((feature, coalesce(response_model, request_model), date_trunc('day', started_at)), (date_trunc('day', started_at)));

create or replace temp table kept as
select feature, coalesce(response_model, request_model) as model, grouping(feature) > 0 as is_all, coalesce(trace_id, operation_id, call_id) as unit,
    coalesce(sum(sqrt(sample_weight * (sample_weight - 1))) filter (counted.input_tokens is not null), 0) as r_in, coalesce(sum(sqrt(sample_weight * (sample_weight - 1)) * input_tokens), 0) as y_in,
    coalesce(sum(sqrt(sample_weight * (sample_weight - 1))) filter (counted.output_tokens is not null), 0) as r_out, coalesce(sum(sqrt(sample_weight * (sample_weight - 1)) * output_tokens), 0) as y_out
from counted where sample_weight > 1 group by grouping sets ((feature, coalesce(response_model, request_model), coalesce(trace_id, operation_id, call_id)), (coalesce(trace_id, operation_id, call_id)));

create or replace temp table averages as
with means as (
    select *, sum(s_in) over one / nullif(sum(w_in) over one, 0) as mean_in, sum(s_out) over one / nullif(sum(w_out) over one, 0) as mean_out, count(*) over one as days
    from daily window one as (partition by is_all, feature, model)
),
sums as (
    select is_all, feature, model, max(days) as days, sum(w_in) as w_in, sum(w_out) as w_out, sum(s_in) + sum(s_out) as tokens, max(mean_in) as mean_in, max(mean_out) as mean_out,
        max(days - 1) as df,
        case when max(days) >= 5 then max(days) / (max(days) - 1e0) * sum(power(s_in - mean_in * w_in, 2)) else sum(q_in - 2 * mean_in * c_in + mean_in * mean_in * w2_in) end as v_in,
        case when max(days) >= 5 then max(days) / (max(days) - 1e0) * sum(power(s_out - mean_out * w_out, 2)) else sum(q_out - 2 * mean_out * c_out + mean_out * mean_out * w2_out) end as v_out
    from means group by is_all, feature, model
),
sampled as (
    select s.is_all, s.feature, s.model, nullif(sum(power(y_in - mean_in * r_in, 2)), 0) as e_in, nullif(sum(power(y_out - mean_out * r_out, 2)), 0) as e_out
    from sums s join kept k on k.is_all = s.is_all and k.feature is not distinct from s.feature and k.model is not distinct from s.model group by s.is_all, s.feature, s.model
)
select s.*, case when e_in is not null then 1.96 when days >= 5 then 1.96 + 2.3724 / df + 2.8225 / (df * df) + 2.5558 / power(df, 3) else 1.96 end * sqrt(greatest(coalesce(e_in, v_in), 0)) / nullif(w_in, 0) as half_in,
    case when e_out is not null then 1.96 when days >= 5 then 1.96 + 2.3724 / df + 2.8225 / (df * df) + 2.5558 / power(df, 3) else 1.96 end * sqrt(greatest(coalesce(e_out, v_out), 0)) / nullif(w_out, 0) as half_out
from sums s left join sampled k on k.is_all = s.is_all and k.feature is not distinct from s.feature and k.model is not distinct from s.model;

with every as (
    select a.*, guessed, case when guessed then 4 / 5.5e0 else 1 end as narrow, case when guessed then 4 / 3e0 else 1 end as wide
    from averages a cross join (select coalesce(bool_or(guessed), false) as guessed from counted) where is_all
),
top as (select * from averages where not is_all order by tokens desc, feature, model limit 1)
select case when e.mean_in is null then 'unknown' else 'info' end as verdict, cast(round(coalesce(e.w_in, 0)) as bigint) as n, e.mean_in as value,
    case when e.mean_in > e.half_in then (e.mean_in - e.half_in) * narrow when e.mean_in is not null then 0 end as lo, (e.mean_in + e.half_in) * wide as hi,
    case when guessed then 'estimated' else 'measured' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when e.mean_in is null then 'no call logs its tokens' end as reason, e.mean_out,
    case when guessed then 'No tokens are logged: estimated from the lengths in characters, four to a token.' end as guess,
    coalesce(t.feature, 'calls without a feature') as top_feature, coalesce(t.model, 'an unnamed model') as top_model, t.tokens / nullif(e.tokens, 0) as top_share
from (select 1) left join every e on true left join top t on true;

with quantiles as (
    select feature, coalesce(response_model, request_model) as model, count(*) as n, quantile_cont(input_tokens, 0.5) as p50_in,
        quantile_cont(input_tokens, 0.95) as p95_in, quantile_cont(output_tokens, 0.95) as p95_out
    from counted
    group by 1, 2 having min(sample_weight) = max(sample_weight)
)
select a.feature, a.model, cast(round(w_in) as bigint) as n_calls, mean_in, case when mean_in > half_in then mean_in - half_in when mean_in is not null then 0 end as in_lo, mean_in + half_in as in_hi, q.p50_in, case when q.n >= 20 then q.p95_in end as p95_in,
    mean_out, case when mean_out > half_out then mean_out - half_out when mean_out is not null then 0 end as out_lo, mean_out + half_out as out_hi, case when q.n >= 20 then q.p95_out end as p95_out,
    tokens / nullif(sum(tokens) over (), 0) as token_share, days
from averages a left join quantiles q on a.feature is not distinct from q.feature and a.model is not distinct from q.model
where not is_all order by tokens desc, a.feature, a.model;
