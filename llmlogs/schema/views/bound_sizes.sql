-- How large calls of a model usually are at most: most_in and most_out, the 99th percentile of input_tokens and output_tokens [tokens] over calls with final counts, for every
-- feature of at least 20 such calls, and (feature NULL, of_model true) the largest of them. Only for models that have calls of unknown size.
-- The percentile is taken over rows, whatever they stand for. Calls that name no feature are one, ''.
create or replace view bound_sizes as
with seen as (
    select provider, coalesce(response_model, request_model) as model, coalesce(feature, '') as feature, input_tokens, output_tokens,
        cost_usd is null or cost_status = 'lower_bound' as unsure, coalesce(usage_status, 'reported') = 'reported' and input_tokens is not null as known
    from calls
),
asked as (select distinct provider, model from seen where unsure),
sizes as (
    select provider, model, feature, quantile_disc(input_tokens, 0.99) as most_in, quantile_disc(output_tokens, 0.99) as most_out
    from seen where known and (provider, model) in (select (provider, model) from asked)
    group by provider, model, feature having count(*) >= 20
)
select provider, model, feature, false as of_model, most_in, most_out from sizes
union all
select provider, model, cast(null as varchar), true, max(most_in), max(most_out) from sizes group by provider, model;
