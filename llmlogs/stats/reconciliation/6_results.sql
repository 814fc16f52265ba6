-- What the question reads.
create or replace temp table stat_reconcile as
with rows as (
    select c.seller, c.slot_start, c.model, c.kind, c.tier, c.account, l.cause, case when kind <> 'requests' then l.q end as tokens, case when kind = 'requests' then l.q end as requests, null::double as usd
    from rc_ledger l join rc_cells c using (cell) join rc_grain g using (seller) where unit = 'tokens'
    union all select seller, slot_start, model, kind, tier, account, cause, null, null, usd from rc_usd)
select seller, date_trunc('day', slot_start) as day, nullif(model, '') as model, nullif(kind, '') as token_kind, nullif(tier, '') as service_tier, nullif(account, '') as account, cause,
    sum(tokens) as tokens, sum(requests) as requests, sum(usd) as usd
from rows group by all;

create or replace temp table stat_reconcile_bills as
with reports as (select seller, string_agg(distinct report, ', ' order by report) as reports, min(day) as bill_from, max(day) as bill_to, count(distinct day) as bill_days from rc_chosen group by seller),
days as (select seller, min(day) as first_day, max(day) as last_day, count(distinct day) as days from rc_slots group by seller),
tokens as (select seller, sum(log_q) filter (kind <> 'requests') as log_tokens, sum(bill_q) filter (kind <> 'requests') as bill_tokens, sum(log_q) filter (kind = 'requests') as log_requests,
    sum(bill_q) filter (kind = 'requests') as bill_requests from rc_cells group by seller),
money as (select seller, sum(bill_usd) as usage_usd, sum(log_usd) as log_usd from rc_money group by seller),
charges as (select seller, sum(usd) as usd from rc_usd where cause in ('tax', 'credit', 'purchase', 'adjustment') group by seller),
calls as (select seller, sum(calls) as calls from rc_calls group by seller)
select g.seller, r.reports, concat_ws(' x ', case when w.width <= interval 1 hour then 'hour' when w.width <= interval 1 day then 'day' else 'longer' end, case when has_model then 'model' end,
    case when has_kind then 'token kind' end, case when has_tier then 'tier' end, case when has_project then 'project' end, case when has_key then 'key' end) as grain,
    g.unit, bill_from, bill_to, bill_days, first_day, last_day, coalesce(days, 0) as days, coalesce(c.calls, 0) as log_calls, log_requests, bill_requests,
    case when g.unit = 'tokens' then log_tokens end as log_tokens, case when g.unit = 'tokens' then bill_tokens end as bill_tokens, m.log_usd, m.usage_usd + coalesce(h.usd, 0) as bill_usd,
    coalesce(s.shift, 0) as shift, has_money
from rc_grain g left join reports r using (seller) left join days d using (seller) left join tokens t using (seller) left join money m using (seller) left join charges h using (seller)
left join calls c using (seller) left join rc_shift s using (seller) left join (select seller, max(width) as width from rc_chosen group by seller) w using (seller);

create or replace temp table stat_reconcile_days as
with tokens as (select seller, date_trunc('day', slot_start) as day, sum(log_q) as log_tokens, sum(bill_q) as bill_tokens
    from rc_cells join rc_grain using (seller) where unit = 'tokens' and kind <> 'requests' group by all),
money as (select seller, date_trunc('day', period_start) as day, sum(log_usd) as log_usd, sum(bill_usd) as bill_usd from rc_money group by all)
select * from tokens full join money using (seller, day);

create or replace temp table stat_reconcile_notes as
with b as (select * from stat_reconcile_bills),
notes as (
    select seller, 1 as place, 'the log has no call of ' || seller as note from b where log_calls = 0
    union all select seller, 1, 'the log has no calls on the days of the report (' || strftime(bill_from, '%Y-%m-%d') || ' to ' || strftime(bill_to, '%Y-%m-%d') || ')' from b where log_calls > 0 and days = 0
    union all select seller, 2, (bill_days - days) || ' of the ' || bill_days || ' days of the report lie outside the log' from b where days > 0 and bill_days > days
    union all select seller, 2, (log_days - days) || ' of the ' || log_days || ' days with calls are not in the report'
        from b join (select seller, count(distinct date_trunc('day', hour)) as log_days from rc_calls group by seller) using (seller) where days > 0 and log_days > days
    union all select seller, 3, 'no report has tokens: money alone is compared, and a lasting share cannot be told from a discount' from b where unit <> 'tokens'
    union all select seller, 3, 'no report has money: tokens alone are compared' from b where not has_money
    union all select u.seller, 3, 'money of ' || count(distinct day) || ' days has no tokens beside it and is not compared' from rc_used u join rc_grain g using (seller)
        where unit = 'tokens' and measure = 'money' and not exists (select 1 from rc_slots s where s.seller = u.seller and s.slot_start < u.slot_end and s.slot_end > u.slot_start) group by u.seller
    union all select seller, 4, 'the report does not name models' from rc_grain where not has_model
    union all select seller, 4, 'the report does not tell kinds of tokens apart' from rc_grain where has_model and not has_kind
    union all select seller, 5, 'the report names projects, the log has none of them' from rc_grain g where not has_project and exists (select 1 from rc_used u where u.seller = g.seller and project is not null)
    union all select seller, 5, 'the report names keys, the log has none of them' from rc_grain g where not has_key and exists (select 1 from rc_used u where u.seller = g.seller and api_key_hash is not null)
    union all select seller, 6, 'of ' || seller || ' also ' || string_agg(distinct report, ', ' order by report) || ' was read: another view of the same usage, not added'
        from rc_rows r where charge = 'usage' and (seller, report) not in (select (seller, report) from rc_chosen) group by seller
    union all select seller, 7, 'the last bucket may have been filling still' from rc_cells where may_grow group by seller
    union all select n.seller, 7, 'money in ' || string_agg(distinct currency, ', ') || ' is not compared' from usage_buckets b join rc_bill_names n on n.provider is not distinct from b.provider
        and n.raw is not distinct from b.model where b.amount is not null and b.amount_usd is null group by n.seller
    union all select seller, 8, cast(sum(calls) as bigint) || ' calls have no price in the log' from rc_calls where not priced and input + output > 0 group by seller
    union all select seller, 8, cast(sum(unmetered) as bigint) || ' calls have no usage in the log' from rc_calls group by seller having sum(unmetered) > 0
)
select * from notes;
