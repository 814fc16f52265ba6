-- Both sides at the finest grain that both have: slot (hour, day or longer) x model x kind x tier x account.
update rc_grain set has_project = has_project and exists (select 1 from rc_calls c where c.seller = rc_grain.seller and c.project is not null),
    has_key = has_key and exists (select 1 from rc_calls c where c.seller = rc_grain.seller and c.own_key is not null);
create or replace temp macro rc_kind(kind, g) as case when kind = 'requests' then kind when not g.has_kind then '' when kind = 'cache_read' and not g.has_read then 'input'
    when kind = 'cache_write' and not g.has_write then 'input' else kind end;
create or replace temp macro rc_account(project, own_key, g) as
    concat_ws(' ', case when g.has_project then coalesce(project, '(none)') end, case when g.has_key then left(coalesce(own_key, '(none)'), 8) end);

-- Slots that the log covers too.
create or replace temp table rc_slots as
select distinct u.seller, slot_start, slot_end, day
from rc_used u join rc_grain g using (seller), rc_span s
where measure = case when unit = 'tokens' then unit else 'money' end and first_day is not null
    and date_diff('second', greatest(slot_start, first_day), least(slot_end, end_day)) >= 0.95 * date_diff('second', slot_start, slot_end);

create or replace temp table rc_log_hours as
with every as (select *, 'log' as side from rc_log union all by name select *, 'unmetered' as side from rc_unmetered union all by name select *, 'twin' as side from rc_twins)
select e.seller, side, hour, source, case when g.has_model then model else '' end as model, rc_kind(kind, g) as kind, case when g.has_tier then tier else '' end as tier,
    rc_account(project, own_key, g) as account, sum(case when unit = 'usd' then usd else tokens end) as q, sum(n) as n
from every e join rc_grain g using (seller)
where (kind <> 'other' or (unit = 'usd' and not has_kind)) and (kind <> 'requests' or has_requests)
    and (exists (select 1 from rc_chosen c where c.seller = e.seller and c.subject in ('all', e.subject)))
group by all;

create or replace temp table rc_bill_cells as
with rows as (
    select u.seller, u.slot_start, case when g.has_model then u.model else '' end as model, case when g.has_tier then u.tier else '' end as tier,
        rc_account(u.project, u.api_key_hash, g) as account, may_grow,
        unnest([{'kind': rc_kind(u.kind, g), 'q': case when unit = 'tokens' then tokens else usd::double end}, {'kind': 'requests', 'q': requests}], recursive := true)
    from rc_used u join rc_grain g using (seller) join rc_slots s on s.seller = u.seller and s.slot_start = u.slot_start and s.slot_end = u.slot_end
    where measure = case when unit = 'tokens' then unit else 'money' end and (u.kind is distinct from 'other' or not has_kind)
)
select seller, slot_start, coalesce(model, '?') as model, coalesce(kind, '') as kind, tier, account, sum(q) as q, bool_or(may_grow) as may_grow from rows where q is not null group by all;

-- Only money is told: where most of it agrees on one ratio to list price, that is its scale; where it names model and kind, prices turn it into tokens.
create or replace temp table rc_scale as
with listed as (
    select l.seller, s.slot_start, case when g.has_model then model else '' end as model, rc_kind(kind, g) as kind, case when g.has_tier then tier else '' end as tier, sum(usd) as q
    from rc_log l join rc_grain g using (seller) asof join rc_slots s on s.seller = l.seller and l.hour >= s.slot_start
    where l.hour < s.slot_end and unit <> 'tokens' and kind <> 'requests' and (kind <> 'other' or not has_kind) group by all),
ratios as (
    select seller, ln(b.q / l.q) as ratio, b.q as weight
    from (select seller, slot_start, model, kind, tier, sum(q) as q from rc_bill_cells group by all) b join listed l using (seller, slot_start, model, kind, tier)
    join rc_grain g using (seller) where unit <> 'tokens' and b.q > 0 and l.q > 0),
modes as (select seller, round(ratio / 0.005) * 0.005 as centre from ratios group by seller, centre qualify row_number() over (partition by seller order by sum(weight) desc) = 1),
tight as (select seller, quantile_cont(ratio, 0.5) filter (abs(ratio - centre) <= 0.005) as middle, sum(weight) filter (abs(ratio - centre) <= 0.005) / sum(weight) as share
    from ratios join modes using (seller) group by seller)
select g.seller, coalesce(exp(any_value(middle) filter (share >= 0.5)), 1) as scale from rc_grain g left join tight using (seller) group by g.seller;
create or replace temp table rc_paid as
with logged as (select l.seller, l.model, rc_kind(kind, g) as kind, case when g.has_tier then tier else '' end as tier, sum(usd) / nullif(sum(tokens - unpriced), 0) as rate
    from rc_log l join rc_grain g using (seller) where unit = 'derived' and kind not in ('other', 'requests') group by all),
books as (select seller, model, kind, tier, arg_max(rate, coalesce(valid_from, '-infinity'::timestamp)) as rate from rc_rates r join rc_grain using (seller)
    where "window" = '' and unit = 'derived' and coalesce(valid_from, '-infinity'::timestamp) < (select end_day from rc_span) group by all)
select coalesce(l.seller, b.seller) as seller, coalesce(l.model, b.model) as model, coalesce(l.kind, b.kind) as kind, coalesce(l.tier, b.tier) as tier, coalesce(nullif(l.rate, 0), b.rate) as rate
from logged l full join books b using (seller, model, kind, tier);
update rc_bill_cells set q = q / scale / coalesce((select any_value(rate) from rc_paid p where p.seller = s.seller and p.model = rc_bill_cells.model and p.kind = rc_bill_cells.kind
    and p.tier = rc_bill_cells.tier and rate > 0), 1)
from rc_scale s where s.seller = rc_bill_cells.seller and s.seller in (select seller from rc_grain where unit <> 'tokens');

-- Whose clock is off by how many hours: the shift of the log with which each model's output follows the bill best, whatever its level.
create or replace temp table rc_shift as
with told as (select distinct seller, 1 as one from rc_bill_cells where kind = 'output'),
own as (select h.seller, hour, model, sum(q) as q from rc_log_hours h left join told t using (seller)
    where side in ('log', 'unmetered') and kind = case when one = 1 then 'output' else '' end group by all),
moved as (select seller, unnest(generate_series(-14, 14)) as shift, hour, model, q from own),
placed as (
    select m.seller, m.shift, s.slot_start, m.model, sum(q) as q, s.slot_end
    from (select *, hour + to_hours(cast(shift as integer)) as instant from moved) m asof join rc_slots s on s.seller = m.seller and m.instant >= s.slot_start where m.instant < s.slot_end group by all),
billed as (select b.seller, slot_start, model, sum(q) as q from rc_bill_cells b left join told t using (seller) where kind = case when one = 1 then 'output' else '' end group by all),
frame as (select distinct shift, seller, slot_start, model from (select seller, slot_start, model from placed union select seller, slot_start, model from billed), (select unnest(generate_series(-14, 14)) as shift)),
paired as (
    select f.*, coalesce(p.q, 0) as own, coalesce(b.q, 0) as bill, coalesce(z.q, 0) as unmoved
    from frame f left join placed p using (seller, shift, slot_start, model) left join billed b using (seller, slot_start, model)
    left join placed z on z.shift = 0 and z.seller = f.seller and z.slot_start = f.slot_start and z.model = f.model),
levels as (select seller, shift, model, coalesce(quantile_cont(bill / own, 0.5) filter (own > 0 and bill > 0), 1) as level from paired group by all),
fits as (select seller, shift, sum(abs(bill - level * own)) as misfit, sum(level * abs(own - unmoved)) as moving, sum(own) as volume, count(distinct slot_start) as slots
    from paired join levels using (seller, shift, model) group by all)
select f.seller, case when f.shift <> 0 and z.misfit - f.misfit >= 0.5 * f.moving and f.moving >= 0.01 * f.volume and f.slots >= 3 then f.shift else 0 end as shift
from fits f join fits z on z.seller = f.seller and z.shift = 0
qualify row_number() over (partition by f.seller order by f.misfit, abs(f.shift), f.shift) = 1;

create or replace temp table rc_cells as
with placed as (
    select h.* exclude (hour), s.slot_start, 'log_q' as place
    from rc_log_hours h asof join rc_slots s on s.seller = h.seller and h.hour >= s.slot_start where h.hour < s.slot_end and side = 'log'
    union all
    select h.* exclude (hour, instant), s.slot_start, case side when 'log' then 'moved_q' else side || '_q' end as place
    from (select h.*, hour + to_hours(cast(coalesce(shift, 0) as integer)) as instant from rc_log_hours h left join rc_shift using (seller)) h
    asof join rc_slots s on s.seller = h.seller and h.instant >= s.slot_start where h.instant < s.slot_end
),
every as (
    select seller, slot_start, model, kind, tier, account, place, q, n, false as may_grow from placed
    union all select seller, slot_start, model, kind, tier, account, 'bill_q', q, 0, may_grow from rc_bill_cells
)
select row_number() over () as cell, seller, slot_start, model, kind, tier, account, coalesce(sum(q) filter (place = 'log_q'), 0) as log_q,
    coalesce(sum(q) filter (place = 'moved_q'), 0) as moved_q, coalesce(sum(q) filter (place = 'unmetered_q'), 0) as unmetered_q,
    coalesce(sum(n) filter (place = 'unmetered_q'), 0) as unmetered_n, coalesce(sum(q) filter (place = 'twin_q'), 0) as twin_q, coalesce(sum(q) filter (place = 'bill_q'), 0) as bill_q, bool_or(may_grow) as may_grow
from every group by seller, slot_start, model, kind, tier, account;
