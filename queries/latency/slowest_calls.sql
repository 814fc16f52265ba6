/*---
question  = "Which calls were the slowest, and what explains each?"
needs     = ["calls.duration_ms"]
results   = ["verdict", "evidence"]
passes    = "The slowest call took {value:ms}, {times:num} times its model's median: {explained_by}."
fails     = "The slowest call took {value:ms}, {times:num} times its model's median: {explained_by}."
info      = "The slowest call took {value:ms}, {times:num} times its model's median: {explained_by} (of {n:int} calls)."
why       = "The slowest calls are the ones users remember, and the ones that hit time limits, hold connections and cause retries."
fix       = "1. Many output tokens: set max_tokens, ask for less. 2. A long wait for the first token: shorten or cache the prompt, look at the provider. 3. Retries: look at errors and limits, cap the total wait. 4. Queues of your own: more workers. 5. Nothing logged explains it: log ttft_ms, output_tokens and attempts."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "The slowest calls"
x      = "call_id"
y      = "duration_ms"
[columns]
call_id      = { label = "Call", help = "llmlogs show ID" }
started_at   = { label = "Started", unit = "time" }
provider     = { label = "Provider" }
model        = { label = "Model" }
feature      = { label = "Feature" }
status       = { label = "Status" }
duration_ms  = { label = "Took", unit = "ms" }
typical_ms   = { label = "Median", unit = "ms", help = "of the model's answered calls" }
explained_by = { label = "What explains it" }
explained_ms = { label = "Explains", unit = "ms", help = "time that goes to this cause; more is unexplained" }
basis        = { label = "Basis", help = "measured: the time of that part was logged; estimated: tokens times the model's median time per token" }
ttft_ms      = { label = "First token", unit = "ms" }
input_tokens = { label = "Input", unit = "tok" }
output_tokens = { label = "Output", unit = "tok" }
tries        = { label = "Tries", unit = "int" }
---*/
-- Descriptive: there is always a slowest call, so it never warns. A cause must account for at least half of a call's time, else "nothing logged explains it".
-- Waiting for the first token is named only where none of its own parts is.
create or replace temp table slow as
with params as (
    select coalesce(getvariable('shown'), 5) as shown -- calls listed
),
slowest as (
    select c.*, coalesce(response_model, request_model) as model, row_number() over (order by duration_ms desc, call_id) as place
    from calls c where call_id in (select call_id from calls where duration_ms is not null order by duration_ms desc, call_id limit (select shown from params))
),
typical as (
    select provider, model, quantile_cont(duration_ms, 0.5) as typical_ms, quantile_cont(output_tokens, 0.5) as typical_tokens,
        quantile_cont((duration_ms - coalesce(ttft_ms, 0)) / nullif(output_tokens, 0), 0.5) as ms_per_token
    from call_waits w where exists (select 1 from slowest s where s.provider is not distinct from w.provider and s.model is not distinct from w.model)
    group by provider, model
),
tried as (
    select call_id, max(attempt) as tries, sum(case when is_final then coalesce(wait_before_ms, 0) else coalesce(duration_ms, 0) + coalesce(wait_before_ms, 0) end) as lost_ms
    from attempts where call_id in (select call_id from slowest) group by call_id
),
joined as (
    select s.*, t.* exclude (provider, model), greatest(coalesce(r.tries, 1), coalesce(s.attempts, 1)) as tries, r.lost_ms,
        case when output_tokens is null then 'writing the answer' else concat('writing ', output_tokens, ' output tokens', ' (median ' || cast(round(typical_tokens) as bigint) || ')') end as writing
    from slowest s left join typical t on s.provider is not distinct from t.provider and s.model is not distinct from t.model left join tried r on s.call_id = r.call_id
),
causes as ( -- one row for each thing that may explain a call, with the time it takes
    select call_id, lost_ms as ms, 1 as rank, 'measured' as basis, concat(tries, ' tries') as said from joined where tries > 1
    union all select call_id, client_queue_ms, 2, 'measured', 'waiting in your own queue' from joined
    union all select call_id, queue_ms, 3, 'measured', 'the provider''s queue' from joined
    union all select call_id, tool_ms, 4, 'measured', 'tools' from joined
    union all select call_id, retrieval_ms, 5, 'measured', 'retrieval' from joined
    union all select call_id, app_ms, 6, 'measured', 'your own code' from joined
    union all select call_id, network_ms, 7, 'measured', 'the network' from joined
    union all select call_id, gateway_ms, 8, 'measured', 'the gateway' from joined
    union all select call_id, prefill_ms, 9, 'measured', coalesce('reading ' || input_tokens || ' input tokens', 'reading the prompt') from joined
    union all select call_id, case when max_gap_ms > 5 * ms_per_token and max_gap_ms > 1000 then max_gap_ms end, 10, 'measured', 'a pause in the middle of the answer' from joined
    union all select call_id, ttft_ms, 11, 'measured', 'waiting for the first token' from joined
    union all select call_id, generation_ms, 12, 'measured', writing from joined
    union all select call_id, case when output_tokens * ms_per_token < duration_ms then output_tokens * ms_per_token when output_tokens * ms_per_token >= duration_ms then duration_ms end, 13, 'estimated',
        writing from joined where generation_ms is null
),
best as (
    select c.* from causes c join joined j on c.call_id = j.call_id where c.ms >= 0.5 * j.duration_ms
    qualify row_number() over (partition by c.call_id order by c.rank = 11, c.ms desc, c.rank) = 1
)
select j.*, b.ms as explained_ms, b.basis, case when b.said is not null then b.said
        when j.tries > 1 then concat(j.tries, ' tries, whose time is not logged')
        when coalesce(j.ttft_ms, j.output_tokens) is null then 'nothing logged explains it: log output_tokens and ttft_ms'
        else 'nothing logged explains it' end as explained_by
from joined j left join best b on j.call_id = b.call_id;

select case when t.n = 0 then 'unknown' else 'info' end as verdict, t.n, s.duration_ms as value, cast(null as double) as lo, cast(null as double) as hi,
    coalesce(s.basis, 'measured') as basis, cast(null as double) as min_effect, cast(null as double) as p_value, s.duration_ms / nullif(s.typical_ms, 0) as times, s.explained_by,
    case when t.n = 0 then 'no call has a duration' end as reason
from (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n from calls where duration_ms is not null) t left join slow s on s.place = 1;

select call_id, started_at, provider, model, feature, status, duration_ms, typical_ms, explained_by, explained_ms, basis, ttft_ms, input_tokens, output_tokens, tries
from slow order by place;
