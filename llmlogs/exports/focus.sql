-- Spend as FOCUS 1.2. What stands behind a dollar sign is filled in by focus.py, from the billed units and from what was asked for.
with chosen as (
    select *, coalesce(started_at, ended_at) as instant, coalesce(billed_input_tokens, input_tokens, 0) as size
    from call_costs where money = 'priced' and cost_status <> 'app_cache_hit' and coalesce(started_at, ended_at) is not null and $scope
),
-- Each call with its dimensions and how much of each meter it used: what is priced apart is no part of its whole.
priced as (
    select date_trunc('$granularity', c.instant) as period, coalesce(c.provider, p.price_provider, c.gateway, c.source) as provider,
        coalesce(c.model, p.price_model, 'unnamed model') as model, c.region, c.deployment, json_extract_string(c.tags, '$$.project') as project,
        $tag_columns c.service_tier as tier,
        nullif(concat_ws(' ', 'above ' || r.in_gt, 'up to ' || r.in_le), '') as bracket, coalesce(r.tod_from, r.dow_mask) is not null as dynamic,
        c.cost_status, r.rate_id, l.rate_id as list_id, c.spend, $parts
    from chosen c join price_rates r on r.rate_id = c.rate_id join price_plans p on p.plan_id = r.plan_id
    left join price_rates o -- the list price beside an own one: of the rows of the same plan, which do not overlap, the one that holds then and at that size
        on $lists and o.plan_id = r.plan_id and o.kind = 'list' and c.list_usd is not null
        and c.instant >= coalesce(o.valid_from, '-infinity'::timestamp) and c.instant < coalesce(o.valid_to, 'infinity'::timestamp)
        and c.size > coalesce(o.in_gt, -1) and c.size <= coalesce(o.in_le, 9223372036854775807)
        and epoch_us(c.instant) // 1000000 % 86400 >= coalesce(o.tod_from, 0) and epoch_us(c.instant) // 1000000 % 86400 < coalesce(o.tod_to, 86400)
        and coalesce(o.dow_mask, 127) & (1 << (isodow(c.instant) - 1)::integer) <> 0
    join price_rates l on l.rate_id = coalesce(o.rate_id, r.rate_id)
),
-- Quantities are added up before they are priced: one product a row, exact in decimal(38, 24).
summed as (select $dimensions, rate_id, list_id, sum(spend)::decimal(38, 12) as spend, $sums from priced group by all),
metered as (
    select $dimensions, unnest([$meters], recursive := true)
    from summed s join price_rates r on r.rate_id = s.rate_id join price_rates l on l.rate_id = s.list_id
),
usage as (
    select $dimensions, meter, meter_name, noun, per, price, list_price, sum(quantity)::$quantity as quantity, quantity * price as cost, quantity * list_price as list_cost
    from metered where quantity <> 0 group by all
),
spent as (select $dimensions, sum(spend) as spend from summed group by all),
told as (select $dimensions, sum(cost) as cost from usage group by all),
-- What the products do not tell: the rounding of finer prices and of weights, and money that no unit price carries.
rest as (
    select $kept, s.spend::decimal(38, 24) - coalesce(t.cost, 0) as cost
    from spent s left join told t on $same
),
charges as (select 'Usage' as category, * from usage union all by name select 'Adjustment' as category, *, cost as list_cost from rest where cost <> 0),
named as (
    select *, case provider $providers else provider end as provider_name, case provider $services else provider || ' API' end as service_name,
        case $makers end as maker, nullif(json_merge_patch('{}', json_object($tags)), '{}')::varchar as tags, category = 'Usage' as is_usage, provider || '/' || model || '/' || meter as sku, date_trunc('month', period) as billing_month
    from charges
)
select cost as BilledCost,
    provider as BillingAccountId, -- a log does not tell the account's own id
    null::varchar as BillingAccountName,
    'Provider Account' as BillingAccountType,
    'USD' as BillingCurrency,
    timezone('UTC', billing_month + interval 1 month) as BillingPeriodEnd,
    timezone('UTC', billing_month) as BillingPeriodStart,
    category as ChargeCategory,
    null::varchar as ChargeClass,
    model || ' ' || case when is_usage then meter_name else 'rounding, and what no unit price tells' end as ChargeDescription,
    case when is_usage then 'Usage-Based' else 'One-Time' end as ChargeFrequency,
    timezone('UTC', period + interval 1 $granularity) as ChargePeriodEnd,
    timezone('UTC', period) as ChargePeriodStart,
    quantity as ConsumedQuantity,
    noun as ConsumedUnit,
    cost as ContractedCost,
    (price * per)::decimal(38, 18) as ContractedUnitPrice,
    cost as EffectiveCost,
    null::varchar as InvoiceId,
    provider_name as InvoiceIssuerName,
    list_cost as ListCost,
    (list_price * per)::decimal(38, 18) as ListUnitPrice,
    case when dynamic and is_usage then 'Dynamic' when is_usage then 'Standard' end as PricingCategory,
    (quantity * case per when 1000 then 0.001 else 0.000001 end)::decimal(38, 12) as PricingQuantity,
    per || ' ' || noun as PricingUnit,
    provider_name as ProviderName,
    coalesce(maker, provider_name) as PublisherName,
    region as RegionId,
    region as RegionName,
    deployment as ResourceId,
    null::varchar as ResourceName,
    case when deployment is not null then 'Deployment' end as ResourceType,
    'AI and Machine Learning' as ServiceCategory,
    service_name as ServiceName,
    'Generative AI' as ServiceSubcategory,
    sku as SkuId,
    meter_name as SkuMeter,
    case when is_usage then nullif(json_merge_patch('{}', json_object('x_ServiceTier', tier, 'x_InputTokens', bracket)), '{}')::varchar end as SkuPriceDetails,
    sku || '/' || left(md5(concat_ws('|', coalesce(tier, ''), coalesce(region, ''), coalesce(bracket, ''), dynamic, list_price)), 12) as SkuPriceId,
    project as SubAccountId,
    project as SubAccountName,
    case when project is not null then 'Project' end as SubAccountType,
    tags as Tags,
    cost_status as x_CostStatus
from named
order by period, provider, model, category desc, meter, tags, SkuPriceId, price, region, deployment, project, cost_status
