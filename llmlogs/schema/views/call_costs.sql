-- What each call cost, as far as it is known, and what it may have cost at most, for the calls it stands for. Adds to calls:
-- model (as answered, else as asked), spend [USD, weighted], tokens_in, tokens_out [tokens, weighted],
-- money: priced (a price is known, zero included); without one: refused (failed without usage, nothing to bill), unfinished (cut short by a cancel or a
-- time limit without usage: billed for an unknown part), unpriced (everything else: it may have cost something),
-- spend_high [USD, weighted]: spend where that is exact, 0 where refused, else an upper bound: the tokens logged, at the dearest rates of the model's plan,
-- else of the provider in this database, else of all of it. Where tokens are missing: the upper end of their estimate, else the 99th percentile of the
-- feature's calls of that model (else of its largest feature), else one token a character of the prompt; output never above max_tokens. A cost that the log
-- itself states raises the bound, or is it where there is no other. NULL: nothing bounds it.
create or replace view call_costs as
with named as ( -- the join's keys are plain columns: where nobody reads spend_high, the join is then not made
    select *, coalesce(response_model, request_model) as model, coalesce(provider, '') as provider_key, coalesce(response_model, request_model, '') as model_key,
        coalesce(feature, '') as feature_key, coalesce(rate_id, -1) as rate_key
    from calls
),
bounds as (select provider_key, model_key, feature_key, rate_key, any_value(bound) as limits from bounds_of_calls bound group by all),
sized as (
    select c.*, limits, case
            when cost_usd is not null then 'priced'
            when status in ('error', 'blocked', 'shed') and coalesce(input_tokens, output_tokens) is null then 'refused'
            when status in ('cancelled', 'timeout') and coalesce(input_tokens, output_tokens) is null then 'unfinished'
            else 'unpriced'
        end as money,
        coalesce(case when input_tokens >= 0 then greatest(input_tokens, billed_input_tokens, coalesce(cache_read_tokens, 0) + coalesce(cache_write_tokens, 0)) end,
            limits['most_in'], prompt_chars) as most_in,
        case when output_tokens >= 0 and coalesce(usage_status, 'reported') <> 'partial' then greatest(output_tokens, billed_output_tokens)
            when estimated_output_high is not null then greatest(estimated_output_high, output_tokens)
            when coalesce(limits['most_out'], max_tokens) is not null then greatest(least(limits['most_out'], max_tokens), output_tokens)
        end as most_out
    from named c left join bounds using (provider_key, model_key, feature_key, rate_key)
),
bounded as (
    select *, case
        when money = 'priced' and cost_status <> 'lower_bound' then cast(cost_usd as double)
        when money = 'refused' then 0
        when money = 'priced' and (audio_output_tokens > 0 and limits['own']['audio'] is null or image_output_tokens > 0 and limits['own']['image'] is null) then null -- no text rate bounds them
        when money = 'priced' then cast(cost_usd as double) + case
                when limits['own']['output'] is not null then (most_out - output_tokens) * limits['own']['output'] when output_tokens > 0 then most_out * limits['other_out'] else 0 end
            + case when input_tokens > 0 and limits['own']['input'] is null then most_in * limits['other_in'] else 0 end
            + case when web_searches > 0 and limits['own']['search'] is null then web_searches * limits['other_search'] else 0 end
        else greatest(cast(reported_usd as double), case when coalesce(limits['own']['fee'], false) then null
            else most_in * limits['rate_in'] + case when limits['own']['output'] is null and output_tokens > 0 then most_out * limits['other_out'] when limits['rate_out'] = 0 then 0 else most_out * limits['rate_out'] end + coalesce(limits['own']['request'], 0)
                + case when web_searches > 0 then web_searches * limits['rate_search'] else 0 end end)
        end as high
    from sized
)
select * exclude (provider_key, model_key, feature_key, rate_key, limits, most_in, most_out, high),
    case when sample_weight = 1 then cast(cost_usd as decimal(38, 12)) else cast(cost_usd * sample_weight as decimal(38, 12)) end as spend,
    input_tokens * sample_weight as tokens_in, output_tokens * sample_weight as tokens_out,
    case when money = 'priced' and cost_status <> 'lower_bound' then spend else try_cast(high * sample_weight as decimal(38, 12)) end as spend_high
from bounded;
