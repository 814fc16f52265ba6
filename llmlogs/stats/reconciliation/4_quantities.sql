-- Why the quantities differ. rc_ledger holds what each cause takes; rc_rest is what is left: bill less log less all causes so far.
create or replace temp table rc_ledger (cell bigint, cause varchar, q double);
create or replace temp view rc_rest as
select c.*, bill_q - log_q - coalesce(l.q, 0) as rest, log_q + coalesce(l.q, 0) as own
from rc_cells c left join (select cell, sum(q) as q from rc_ledger group by cell) l using (cell);

-- Another client: a model, project or key that no call of the log ever names. Not on the bill: a model that the report never names.
insert into rc_ledger
with logged as (select distinct seller, model from rc_log_hours), accounts as (select distinct seller, account from rc_log_hours),
billed as (select distinct seller, model from rc_bill_cells)
select cell, case when rest > 0 then 'other_client' else 'not_on_bill' end, rest from rc_rest r
where (rest > 0 and ((seller, model) not in (select (seller, model) from logged) or (seller, account) not in (select (seller, account) from accounts)))
    or (rest < 0 and (seller, model) not in (select (seller, model) from billed));

insert into rc_ledger
select r.cell, 'day_boundary', r.moved_q - r.log_q from rc_rest r where r.moved_q <> r.log_q and not exists (select 1 from rc_ledger l where l.cell = r.cell);

-- Duplicates: repeated calls, as far as the bill lacks them. Where it lacks nearly all, they are no chance anywhere.
insert into rc_ledger
with sides as (
    select seller, slot_start, model, account, sum(rest) as rest, sum(twin_q) as twins from rc_rest where kind in ('output', '') group by all), -- whatever the tier
lacking as (select *, least(1, greatest(0, -rest) / nullif(twins, 0)) as share from sides where twins > 0),
usual as (select seller, sum(least(1, share) * twins) / sum(twins) as share, quantile_cont(share, 0.5) as middle from lacking group by seller),
shares as (select l.*, case when u.middle >= 0.8 then 1 when u.share < 0.1 then 0 else l.share end as taken from lacking l join usual u using (seller))
select r.cell, 'duplicates', -taken * twin_q from rc_rest r join shares using (seller, slot_start, model, account) where taken > 0 and twin_q > 0;

-- Cached tokens: counted twice, left out, or counted as fresh. Judged by model and source of the log: the difference follows the cached tokens, slot by slot.
create or replace temp table rc_cached as
with placed as (
    select h.seller, s.slot_start, h.model, h.tier, h.account, h.source, coalesce(sum(q) filter (kind = 'cache_read'), 0) as read, coalesce(sum(q) filter (kind = 'cache_write'), 0) as written
    from (select h.*, hour + to_hours(cast(coalesce(shift, 0) as integer)) as instant from rc_log_hours h left join rc_shift using (seller)
        where kind in ('cache_read', 'cache_write') and side <> 'unmetered') h
    asof join rc_slots s on s.seller = h.seller and h.instant >= s.slot_start where h.instant < s.slot_end and side = 'log' group by all)
select * from placed union all select * replace ('' as source) from (select seller, slot_start, model, tier, account, '' as source, sum(read) as read, sum(written) as written from placed group by all);
insert into rc_ledger
with levels as (
    select seller, model, coalesce(quantile_cont(bill / own, 0.5) filter (bill > 0 and own > 0), 1) as level
    from (select seller, slot_start, model, sum(bill_q) as bill, sum(own) as own from rc_rest where kind = 'output' group by all) group by all),
fresh as (select r.*, sum(bill_q - least(greatest(level, 0.5), 2) * own) over (partition by seller, slot_start, model, account) as e -- whatever the tier
    from rc_rest r join levels using (seller, model) where kind = 'input'),
slots as (select distinct seller, slot_start, model, account, e from fresh),
kept as (select seller, slot_start, model, tier, account, sum(own) / nullif(sum(moved_q), 0) as share from rc_rest where kind = 'cache_read' group by all), -- of duplicates
single as (select c.* replace (read * coalesce(share, 1) as read, written * coalesce(share, 1) as written) from rc_cached c left join kept using (seller, slot_start, model, tier, account)),
ways as (select *, unnest([{'way': 'read', 'x': read}, {'way': 'written', 'x': written}, {'way': 'both', 'x': read + written}], recursive := true) from single),
signed as (select *, unnest([-1, 1]) as sign from ways),
whole as (select seller, slot_start, model, account, source, way, sign, sum(x) as x from signed group by all),
tried as (
    select s.seller, s.model, s.source, s.way, s.sign, sum(abs(e)) - sum(abs(e - sign * x)) as gain, sum(x) as volume
    from whole s join slots f using (seller, slot_start, model, account) group by all having sum(x) > 0),
best as (select * from tried where gain >= 0.6 * volume qualify row_number() over (partition by seller, model order by gain desc, source) = 1)
select f.cell, 'cache_semantics', sum(sign * x) from best b join signed s using (seller, model, source, way, sign)
join fresh f using (seller, slot_start, model, tier, account) where x > 0 group by f.cell;
insert into rc_ledger
with sides as (select seller, model, kind, sum(own) as own, sum(bill_q) as bill from rc_rest where kind in ('cache_read', 'cache_write') group by all
    having sum(bill_q) > 0 and sum(own) < 0.05 * sum(bill_q)),
moves as (
    select f.cell as fresh_cell, c.cell, least(c.rest, greatest(-f.rest, 0)) as q
    from rc_rest c join sides using (seller, model, kind) join rc_rest f using (seller, slot_start, model, tier, account) where f.kind = 'input' and c.rest > 0)
select unnest([cell, fresh_cell]), 'cache_semantics', unnest([q, -q]) from moves where q > 0;

-- Another tier than logged: what one tier has too much, another lacks. What all tiers together lack is left to each by its part of the bill (or, too much, of the log).
insert into rc_ledger
with sides as (
    select seller, slot_start, model, kind, account, sum(rest) as rest, sum(bill_q) as billed, sum(own) as owned, bool_or(rest <> 0 and tier like '%batch%') as batch
    from rc_rest group by all having max(rest) > 0 and min(rest) < 0)
select r.cell, case when batch then 'batch' else 'tier' end, r.rest - s.rest * case when s.rest > 0 then r.bill_q / nullif(billed, 0) else r.own / nullif(owned, 0) end
from rc_rest r join sides s using (seller, slot_start, model, kind, account);

-- Usage that was never logged: calls without usage, at the mean of their model; a few may be far off it, which is not tried where the log is silent too.
create or replace temp table rc_silent as
select g.seller, s.slot_start, sum(g.calls) as missing
from (select g.*, hour + to_hours(cast(coalesce(shift, 0) as integer)) as instant from rc_gaps g left join rc_shift using (seller)) g
asof join rc_slots s on s.seller = g.seller and g.instant >= s.slot_start where g.instant < s.slot_end group by all;
insert into rc_ledger
with whole as (select seller, slot_start, model, kind, account, sum(greatest(rest, 0)) as rest, sum(unmetered_q) as usual, sum(unmetered_n) as n from rc_rest where kind <> 'requests' group by all)
select r.cell, 'usage_not_logged', r.rest * least(1, usual * case when missing is null then 1 + 8 / sqrt(n) else 1 end / w.rest)
from rc_rest r join whole w using (seller, slot_start, model, kind, account) left join rc_silent using (seller, slot_start)
where r.rest > 0 and usual > 0;

-- Missing logs: the log is silent where its pace says there should be calls; or an hour of the bill has none in the log; or the bill counts more requests.
insert into rc_ledger
with seen as (select s.seller, s.slot_start, coalesce(sum(calls), 0) as calls
    from rc_slots s left join (select c.seller, hour + to_hours(cast(coalesce(shift, 0) as integer)) as instant, calls from rc_calls c left join rc_shift using (seller)) c
        on c.seller = s.seller and c.instant >= s.slot_start and c.instant < s.slot_end group by all),
awake as (select seller, hour(hour) as hour_of_day, count(distinct date_trunc('day', hour)) as days from rc_calls where calls > 0 group by all),
kinds as (select seller, slot_start, kind, sum(bill_q) as billed, sum(greatest(rest, 0)) as rest from rc_rest group by all),
shares as (
    select k.seller, k.slot_start, k.kind, case when coalesce(n.calls, 0) = 0 then 1 else least(1, 4 * missing / (missing + n.calls)) * billed / nullif(k.rest, 0) end as share,
        missing is null and coalesce(days, 0) = 0 as elsewhere
    from kinds k join rc_slots s using (seller, slot_start) left join rc_silent m using (seller, slot_start) left join seen n using (seller, slot_start)
    left join awake a on a.seller = k.seller and a.hour_of_day = hour(k.slot_start)
    where missing is not null or (coalesce(n.calls, 0) = 0 and slot_end - slot_start <= interval 1 hour))
select r.cell, case when elsewhere then 'other_client' else 'missing_logs' end, least(1, share) * rest from rc_rest r join shares using (seller, slot_start, kind) where rest > 0;
insert into rc_ledger
with counted as (select seller, slot_start, model, tier, account, rest / nullif(bill_q, 0) as more, -rest / nullif(own, 0) as less from rc_rest where kind = 'requests' and rest <> 0)
select r.cell, case when rest > 0 then 'missing_logs' else 'not_on_bill' end,
    case when rest > 0 then least(rest, 2 * more * bill_q) else greatest(rest, -2 * less * own) end
from rc_rest r join counted using (seller, slot_start, model, tier, account) where (rest > 0 and more > 0) or (rest < 0 and less > 0);

insert into rc_ledger select cell, 'still_filling', rest from rc_rest where rest < 0 and may_grow;
insert into rc_ledger select cell, 'unexplained', rest from rc_rest where abs(rest) > 1e-9;
