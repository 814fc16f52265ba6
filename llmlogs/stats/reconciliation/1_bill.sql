-- What the reports say, once: of several that tell of the same day, one for the tokens and one for the money.
create or replace temp table rc_rows as
select n.seller, n.model, b.report, b.file_id, t.named as tier, b.service_tier is not null or (b.report = 'openai.costs' and b.token_kind is not null) as tells_tier,
    case when starts_with(b.report, 'openai.usage.') then substr(b.report, 14) else 'all' end as subject, -- reports of one family that tell of different calls
    case when b.token_kind = 'other' then 'other' when starts_with(b.token_kind, 'cache_write') then 'cache_write' else b.token_kind end as kind,
    date_trunc('hour', b.bucket_start) as slot_start,
    case when b.bucket_end is null or b.bucket_end <= b.bucket_start then date_trunc('day', b.bucket_start) + interval 1 day
        else greatest(date_trunc('hour', b.bucket_end), date_trunc('hour', b.bucket_start) + interval 1 hour) end as slot_end,
    b.project, b.api_key_hash, b.tokens::double as tokens, b.requests::double as requests, b.may_grow, b.description,
    coalesce(b.amount_usd, case when b.kind = 'cost' and coalesce(b.charge, 'usage') = 'usage' then b.list_usd end) as usd,
    case when coalesce(b.charge, 'usage') <> 'usage' then b.charge
        when b.model is null and regexp_matches(lower(coalesce(b.description, '')), '\b(tax|vat|gst)\b') then 'tax'
        when b.amount_usd < 0 or (b.model is null and regexp_matches(lower(coalesce(b.description, '')), '\b(credits?|discount|promo\w*|refund)\b')) then 'credit'
        else 'usage' end as charge
from usage_buckets b
join rc_bill_names n on n.provider is not distinct from b.provider and n.raw is not distinct from b.model
join rc_tiers t on t.raw is not distinct from b.service_tier;
update rc_rows set slot_start = date_trunc('day', slot_start) where slot_end - slot_start > interval 1 hour and report like 'cursor.%';

-- A row measures tokens, requests, money, or several of these; money that is no usage is a charge of its own.
create or replace temp table rc_measured as
with kinds as (select unnest(['tokens', 'money']) as measure)
select *, slot_end - slot_start as width, date_trunc('day', slot_start) as day,
    case when starts_with(report, seller || '.') or starts_with(report, 'focus') or starts_with(report, 'aws.') then 1 else 3 end
        + case when report in ('anthropic.console.tokens', 'anthropic.console.cost') then 0.5 when report like '%claude_code' then 3 else 0 end
        + case when description is not null and report like '%_tag_spend' then 1 else 0 end as rank
from rc_rows, kinds
where (measure = 'tokens' and (tokens is not null or requests is not null) and charge in ('usage', 'included', 'byok') and kind is distinct from 'other')
    or (measure = 'money' and usd is not null and charge = 'usage');
create or replace temp table rc_chosen as
with shape as (
    select file_id, report, width, measure, bool_or(model is not null) as has_model, bool_or(kind is not null) as has_kind, bool_or(tells_tier) as has_tier,
        bool_or(project is not null) as has_project, bool_or(api_key_hash is not null) as has_key, bool_or(requests is not null) as has_requests
    from rc_measured group by all
),
ranked as (
    select distinct seller, subject, m.measure, day, m.report, m.width, has_model, has_kind, has_tier, has_project, has_key, has_requests, rank
    from rc_measured m join shape s on s.file_id is not distinct from m.file_id and s.report = m.report and s.width = m.width and s.measure = m.measure
)
select * from ranked
qualify row_number() over (partition by seller, subject, measure, day order by rank, has_model desc, has_kind desc, width, has_tier desc, has_requests desc, has_project desc, has_key desc, report) = 1;

create or replace temp table rc_used as
with shape as (
    select file_id, report, width, measure, bool_or(model is not null) as has_model, bool_or(kind is not null) as has_kind, bool_or(tells_tier) as has_tier,
        bool_or(project is not null) as has_project, bool_or(api_key_hash is not null) as has_key, bool_or(requests is not null) as has_requests
    from rc_measured group by all
)
select m.* from rc_measured m
join shape s on s.file_id is not distinct from m.file_id and s.report = m.report and s.width = m.width and s.measure = m.measure
join rc_chosen c on c.seller = m.seller and c.subject = m.subject and c.measure = m.measure and c.day = m.day and c.report = m.report and c.width = m.width
    and c.has_model = s.has_model and c.has_kind = s.has_kind and c.has_tier = s.has_tier and c.has_project = s.has_project and c.has_key = s.has_key
    and c.has_requests = s.has_requests;

-- What all chosen reports of a seller tell: the grain of the comparison. Where no report has tokens, unit is derived (money over the price makes tokens) or,
-- where it does not name model and kind, usd (quantities are dollars at list price).
create or replace temp table rc_grain as
with tokens as (
    select seller, bool_and(has_model) as has_model, bool_and(has_kind) as has_kind, bool_and(has_tier) as has_tier, bool_and(has_project) as has_project,
        bool_and(has_key) as has_key, bool_and(has_requests) as has_requests
    from rc_chosen where measure = 'tokens' group by seller),
money as (select seller, bool_and(has_model) as has_model, bool_and(has_kind) as has_kind, bool_and(has_tier) as has_tier, bool_and(has_project) as has_project
    from rc_chosen where measure = 'money' group by seller),
kinds as (select seller, measure, bool_or(kind = 'cache_read') as has_read, bool_or(kind = 'cache_write') as has_write from rc_used group by all)
select coalesce(t.seller, m.seller) as seller, case when t.seller is not null then 'tokens' when m.has_model and m.has_kind then 'derived' else 'usd' end as unit,
    coalesce(t.has_model, m.has_model) as has_model, coalesce(t.has_kind, m.has_kind) as has_kind, coalesce(t.has_tier, m.has_tier) as has_tier,
    coalesce(t.has_project, m.has_project, false) as has_project, coalesce(t.has_key, false) as has_key, coalesce(t.has_requests, false) as has_requests,
    coalesce(k.has_read, false) as has_read, coalesce(k.has_write, false) as has_write,
    coalesce(m.has_model, false) and coalesce(t.has_model, true) as money_model, coalesce(m.has_kind, false) and coalesce(t.has_kind, true) as money_kind,
    coalesce(m.has_tier, false) and coalesce(t.has_tier, true) as money_tier, m.seller is not null as has_money
from tokens t full join money m on m.seller = t.seller
left join kinds k on k.seller = coalesce(t.seller, m.seller) and k.measure = case when t.seller is null then 'money' else 'tokens' end;
