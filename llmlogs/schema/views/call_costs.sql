-- What each call cost, as far as it is known, for the calls it stands for. Adds to calls:
-- model (as answered, else as asked), spend [USD, weighted], tokens_in, tokens_out [tokens, weighted],
-- money: priced (a price is known, zero included); without one: refused (failed without usage, nothing to bill), unfinished (cut short by a cancel or a
-- time limit without usage: billed for an unknown part), unpriced (everything else: it may have cost something).
create or replace view call_costs as
select *, coalesce(response_model, request_model) as model,
    case when sample_weight = 1 then cast(cost_usd as decimal(38, 12)) else cast(cost_usd * sample_weight as decimal(38, 12)) end as spend,
    input_tokens * sample_weight as tokens_in, output_tokens * sample_weight as tokens_out,
    case
        when cost_usd is not null then 'priced'
        when status in ('error', 'blocked', 'shed') and coalesce(input_tokens, output_tokens) is null then 'refused'
        when status in ('cancelled', 'timeout') and coalesce(input_tokens, output_tokens) is null then 'unfinished'
        else 'unpriced'
    end as money
from calls;
