-- Why the money differs: differences of quantity at the price that was billed, differences of price at the quantity that was logged.
-- A period is the longer of the two reports' slots; rho = billed money over the billed quantities at the log's own prices.
create or replace temp table rc_periods as
with money as (select distinct seller, slot_start as period_start, slot_end as period_end from rc_used where measure = 'money')
select s.seller, s.slot_start, s.slot_end, case when m.period_end >= s.slot_end then m.period_start else s.slot_start end as period_start,
    case when m.period_end >= s.slot_end then m.period_end else s.slot_end end as period_end
from rc_slots s asof left join money m on m.seller = s.seller and s.slot_start >= m.period_start;
create or replace temp table rc_money_rows as
with periods as (select seller, period_start, period_end from rc_periods group by all
    having sum(date_diff('second', slot_start, slot_end)) >= 0.95 * date_diff('second', period_start, period_end)),
precise as (select report, max(length(regexp_extract(rtrim(usd::varchar, '0'), '\.(\d*)$', 1))) as decimals from rc_rows where usd is not null group by report)
select u.*, p.period_start, p.period_end, case when decimals <= 6 then 0.5 * power(10, -decimals) else 0 end as half_unit
from rc_used u join precise using (report)
asof join periods p on p.seller = u.seller and u.slot_start >= p.period_start where u.slot_end <= p.period_end and measure = 'money';

-- What one token costs by the log's own prices: that slot, else the model's mean, else the book.
create or replace temp table rc_reference as
with hours as (select l.*, g.unit, case when g.has_model then model else '' end as shown, rc_kind(kind, g) as shown_kind, case when g.has_tier then tier else '' end as shown_tier
    from rc_log l join rc_grain g using (seller) where kind not in ('other', 'requests')),
by_slot as (
    select h.seller, s.slot_start, shown as model, shown_kind as kind, shown_tier as tier, sum(usd) / nullif(sum(tokens - unpriced), 0) as rate
    from hours h asof join rc_slots s on s.seller = h.seller and h.hour >= s.slot_start where h.hour < s.slot_end group by all),
by_model as (select seller, shown as model, shown_kind as kind, shown_tier as tier, sum(usd) / nullif(sum(tokens - unpriced), 0) as rate from hours group by all),
books as (select c.cell, any_value(r.rate) as rate from rc_cells c join rc_rates r on r.seller = c.seller and r.model = c.model and r.kind = c.kind and r.tier = c.tier
    and r.window = '' and c.slot_start >= coalesce(valid_from, '-infinity'::timestamp) and c.slot_start < coalesce(valid_to, 'infinity'::timestamp) group by c.cell)
select c.cell, b.rate as book_rate, case when g.unit = 'usd' then 1 when c.kind = 'requests' then 0 else coalesce(s.rate, m.rate, b.rate) end as rate
from rc_cells c join rc_grain g using (seller) left join books b using (cell)
left join by_slot s using (seller, slot_start, model, kind, tier) left join by_model m using (seller, model, kind, tier);

create or replace temp macro rc_money_kind(kind, g, has_read, has_write) as case when not g.money_kind then '' when kind = 'cache_read' and not has_read then 'input'
    when kind = 'cache_write' and not has_write then 'input' else kind end;
create or replace temp table rc_money as
with kinds as (select seller, bool_or(kind = 'cache_read') as has_read, bool_or(kind = 'cache_write') as has_write from rc_money_rows group by seller),
frames as (select g.*, k.has_read as reads, k.has_write as writes, s.scale from rc_grain g join kinds k using (seller) join rc_scale s using (seller)),
billed as (
    select r.seller, period_start, case when f.money_model then coalesce(r.model, '?') else '' end as model, case when f.money_kind then coalesce(kind, '?') else '' end as kind,
        case when f.money_tier then tier else '' end as tier, usd::double as bill_usd, half_unit, null::bigint as cell
    from rc_money_rows r join frames f using (seller)),
logged as (
    select l.seller, p.period_start, case when f.money_model then l.model else '' end as model, case when l.kind = 'other' and f.money_kind then 'other' else rc_money_kind(l.kind, f, reads, writes) end as kind,
        case when f.money_tier and l.kind <> 'other' then tier else '' end as tier, l.usd as log_usd
    from rc_log l join frames f using (seller)
    asof join (select distinct seller, slot_start, slot_end, period_start from rc_periods) p on p.seller = l.seller and l.hour >= p.slot_start
    where l.hour < p.slot_end and l.kind <> 'requests' and (l.usd <> 0) and exists (select 1 from rc_money_rows m where m.seller = p.seller and m.period_start = p.period_start)),
celled as (
    select c.cell, c.seller, p.period_start, case when f.money_model then c.model else '' end as model, rc_money_kind(c.kind, f, reads, writes) as kind,
        case when f.money_tier then c.tier else '' end as tier, bill_q * rate as bill_value, log_q * rate as log_value, c.account
    from rc_cells c join frames f using (seller) join rc_reference using (cell) join rc_periods p using (seller, slot_start)
    where c.kind <> 'requests' and exists (select 1 from rc_money_rows m where m.seller = p.seller and m.period_start = p.period_start)),
every as (
    select seller, period_start, model, kind, tier, bill_usd, 0 as log_usd, 0 as bill_value, 0 as log_value, half_unit, null::bigint as cell, null::varchar as account from billed
    union all select seller, period_start, model, kind, tier, 0, log_usd, 0, 0, 0, null, null from logged
    union all select seller, period_start, model, kind, tier, 0, 0, bill_value, log_value, 0, cell, account from celled)
select row_number() over () as id, seller, period_start, model, kind, case when kind = 'other' then '' else tier end as tier, sum(bill_usd) as bill_usd, sum(log_usd) as log_usd, coalesce(sum(bill_value), 0) as bill_value,
    coalesce(sum(log_value), 0) as log_value, greatest(sum(half_unit), count(distinct account) * (select max(half_unit) from rc_money_rows r where r.seller = every.seller)) as rounding, list(cell) filter (cell is not null) as cells
from every group by seller, period_start, model, kind, case when kind = 'other' then '' else tier end;
create or replace temp table rc_of as select id, unnest(cells) as cell from rc_money;

-- Other prices of the book that the bill may follow: another tier, another date, a longer context, cached tokens at the price of fresh ones or of another lifetime.
create or replace temp table rc_ways as
with billed as (select o.id, c.*, r.rate, r.book_rate from rc_of o join rc_cells c using (cell) join rc_reference r using (cell) where bill_q > 0 and r.book_rate > 0),
others as (
    select b.id, b.cell, case when r.window <> '' then 'long' when r.tier <> b.tier then r.tier else coalesce(r.valid_from::varchar, 'before') end as label,
        case when r.window <> '' then 'tier' when r.tier <> b.tier and 'batch' in (r.tier, b.tier) then 'batch' when r.tier <> b.tier then 'tier' else 'price_date' end as cause, r.rate / b.book_rate as factor
    from billed b join rc_rates r using (seller, model, kind)
    where (b.slot_start >= coalesce(valid_from, '-infinity'::timestamp) and b.slot_start < coalesce(valid_to, 'infinity'::timestamp) and (r.tier <> b.tier) <> (r.window <> ''))
        or (r.tier = b.tier and r.window = '' and not (b.slot_start >= coalesce(valid_from, '-infinity'::timestamp) and b.slot_start < coalesce(valid_to, 'infinity'::timestamp)))
    union all
    select b.id, b.cell, 'as ' || r.kind, 'cache_semantics', r.rate / b.book_rate from billed b join rc_rates r on r.seller = b.seller and r.model = b.model and r.tier = b.tier and r.window = ''
        and b.slot_start >= coalesce(valid_from, '-infinity'::timestamp) and b.slot_start < coalesce(valid_to, 'infinity'::timestamp)
    where (b.kind in ('cache_read', 'cache_write') and r.kind = 'input') or (b.kind = 'cache_write' and r.kind = 'cache_write_1h')),
labels as (select distinct id, label, cause from others)
select l.id, l.label, l.cause, sum(b.bill_q * b.rate * coalesce(o.factor, 1)) / m.bill_value as factor
from labels l join rc_money m using (id) join billed b using (id) left join others o on o.id = b.id and o.cell = b.cell and o.label = l.label
where m.bill_value > 0 group by l.id, l.label, l.cause, m.bill_value
union all select id, '', '', 1 from rc_money;

-- The discount: the ratio that most of the money agrees on, unless the book explains as much without one; a day whose money agrees on another has its own.
create or replace temp macro rc_fits(bill_usd, expected, rounding) as abs(bill_usd - expected) <= greatest(0.004 * expected, rounding * 1.001 + 1e-9);
create or replace temp table rc_discounts as
with ratios as (select id, seller, period_start, ln(bill_usd / bill_value) as ratio, bill_usd as weight from rc_money where bill_usd > 0 and bill_value > 0 and kind <> 'other'),
steps as (select *, round(ratio / 0.006) as step from ratios),
modes as (select seller, step, sum(weight) as weight from steps group by seller, step qualify row_number() over (partition by seller order by sum(weight) desc, abs(step)) = 1),
mode as (select s.seller, exp(sum(ratio * s.weight) / sum(s.weight)) as g from steps s join modes m using (seller) where abs(s.ratio - m.step * 0.006) <= 0.006 group by s.seller),
candidates as (select seller, 1e0 as g from rc_grain union select seller, g from mode
    union select seller, sum(bill_usd) / sum(bill_value) from rc_money where bill_usd > 0 and bill_value > 0 and kind <> 'other' group by seller), -- amounts of whole cents
matched as (select c.seller, c.g, m.id, any_value(m.bill_usd) filter (rc_fits(bill_usd, c.g * bill_value * factor, rounding)) as weight
    from candidates c join rc_money m using (seller) join rc_ways w using (id) where bill_usd > 0 and bill_value > 0 group by all),
scored as (select seller, g, coalesce(sum(weight), 0) as score from matched group by all),
usual as (select seller, case when max(score) filter (abs(g - 1) < 1e-9) >= 0.95 * max(score) then 1 else arg_max(g, score) end as g from scored group by seller),
by_day as (select s.seller, s.period_start, step, sum(weight) as weight, count(*) as n from steps s group by s.seller, s.period_start, step
    qualify row_number() over (partition by s.seller, s.period_start order by sum(weight) desc, abs(step)) = 1),
days as (select s.seller, s.period_start, exp(sum(ratio * s.weight) filter (abs(s.ratio - d.step * 0.006) <= 0.006) / sum(s.weight) filter (abs(s.ratio - d.step * 0.006) <= 0.006)) as g,
    coalesce(sum(s.weight) filter (abs(s.ratio - d.step * 0.006) <= 0.006), 0) / sum(s.weight) as agree, count(*) filter (abs(s.ratio - d.step * 0.006) <= 0.006) as n
    from steps s join by_day d using (seller, period_start) group by s.seller, s.period_start),
kept as (select m.seller, m.period_start, coalesce(sum(x.weight), 0) / sum(m.bill_usd) as share from rc_money m join usual u using (seller) left join matched x on x.id = m.id and x.g = u.g
    where m.bill_usd > 0 and m.bill_value > 0 group by all),
second as (select seller, sum(bill_usd) / sum(bill_value) as g from rc_money join kept using (seller, period_start) where share < 0.5 and bill_usd > 0 and bill_value > 0 group by seller),
again as (select seller, period_start, s.g, sum(bill_usd) filter (rc_fits(bill_usd, s.g * bill_value, rounding)) / sum(bill_usd) as share
    from rc_money join second s using (seller) where bill_usd > 0 and bill_value > 0 group by all)
select u.seller, p.period_start, case when a.share > coalesce(k.share, 0) and a.share >= 0.5 then a.g when coalesce(k.share, 0) < 0.5 and d.agree >= 0.7 and d.n >= 2 then d.g else u.g end as g
from usual u join (select distinct seller, period_start from rc_money) p using (seller) left join days d using (seller, period_start) left join kept k using (seller, period_start)
left join again a using (seller, period_start);

create or replace temp table rc_prices as
with base as (select m.*, coalesce(d.g, 1) as g, case when bill_value > 0 then bill_usd / bill_value end as rho from rc_money m left join rc_discounts d using (seller, period_start)),
fitted as (
    select b.*, w.label, w.cause, w.factor from base b left join rc_ways w on w.id = b.id and rc_fits(bill_usd, g * bill_value * w.factor, rounding) and (b.bill_usd > 0 or w.label = '')
    qualify row_number() over (partition by b.id order by w.label = '' desc nulls last, abs(bill_usd - g * bill_value * w.factor), w.label) = 1),
constants as (
    select seller, model, kind, quantile_cont(rho / g, 0.5) as factor, count(*) as n from fitted where cause is null and rho > 0 group by all having n >= 3
        and quantile_cont(rho / g, 0.9) / quantile_cont(rho / g, 0.1) < 1.01),
mixed as (
    select f.id, case when rho < g then 'batch' else 'tier' end as cause
    from fitted f join rc_ways w using (id) where f.cause is null and rho > 0 and ((w.label = 'batch' and rho < g and rho > g * w.factor) or (w.label = 'priority' and rho > g and rho < g * w.factor))
    group by all)
select f.* exclude (cause, label, factor),
    case when f.cause is not null then f.cause when bill_usd = 0 and g * bill_value > rounding then case when tier = 'priority' then 'tier' else 'free_tier' end
        when c.factor is not null then 'price' when x.cause is not null then x.cause else '' end as cause,
    case when f.cause is not null then f.factor when rho is null then 1 when bill_usd = 0 and g * bill_value > rounding then 0 when c.factor is not null then least(greatest(rho / g, 0.996 * c.factor), 1.004 * c.factor) when x.cause is not null then rho / g else 1 end as factor
from fitted f left join constants c using (seller, model, kind) left join mixed x using (id);

create or replace temp table rc_usd as
with rows as (
    select c.seller, c.slot_start, c.model, c.kind, c.tier, c.account, l.cause, l.q * r.rate * coalesce(p.rho, p.g) as usd
    from rc_ledger l join rc_cells c using (cell) join rc_reference r using (cell) join rc_of o using (cell) join rc_prices p on p.id = o.id
    union all select seller, period_start, model, kind, tier, '', cause, g * (factor - 1) * log_value from rc_prices where cause <> '' and kind <> 'other' and bill_value > 0
    union all select seller, period_start, model, kind, tier, '', 'discount', (g - 1) * log_value from rc_prices where kind <> 'other'
    union all select seller, period_start, model, kind, tier, '', case when abs(bill_usd - g * factor * bill_value) <= rounding * 1.001 + 1e-9 then 'rounding' else 'unexplained' end,
        (rho - g * factor) * log_value from rc_prices where kind <> 'other' and bill_value > 0
    union all select seller, period_start, model, kind, tier, '', 'unpriced', log_value - log_usd from rc_prices where kind <> 'other'
    union all select seller, period_start, model, kind, tier, '', 'not_tokens', bill_usd - log_usd from rc_prices where kind = 'other'
    union all select p.seller, period_start, model, kind, tier, '', case when (p.seller, model) in (select (seller, model) from rc_log_hours) or model in ('', '?') then 'not_tokens' else 'other_client' end, bill_usd
        from rc_prices p where kind <> 'other' and bill_value <= 0
    union all
    select r.seller, r.slot_start, coalesce(r.model, ''), coalesce(r.kind, ''), r.tier, '', r.charge, r.usd::double
    from rc_rows r join (select seller, min(period_start) as first_at, max(period_end) as end_at from rc_periods group by seller) s using (seller)
    where r.charge in ('tax', 'credit', 'purchase', 'adjustment') and r.usd is not null and r.slot_start >= first_at and r.slot_start < end_at
        and (r.seller, r.report) in (select (seller, report) from rc_chosen where measure = 'money'))
select seller, slot_start, model, kind, tier, account, cause, sum(usd) as usd from rows where abs(usd) > 1e-12 group by all;
