/*---
question  = "How much of the wait is the network, by provider and region?"
needs     = ["calls.duration_ms", "calls.network_ms | calls.server_ms | calls.generation_ms"]
min_calls = 50
results   = ["verdict", "evidence"]
passes    = "{told}"
fails     = "{told}"
info      = "Between you and the provider {value:pct1} of the wait is spent ({net_p50:ms} by median, one call in twenty {net_p95:ms} or more; {n:call|calls} tell). [The longest way is to {top}: {top_p50:ms} ({top_lo:ms} to {top_hi:ms}) by median, {top_share:pct0} of the wait. ][{impossible:call says|calls say} the server took longer than the caller waited, and count for nothing. ]"
why       = "Time on the network is time no model and no prompt can win back. A far region, a new connection for every call or a proxy in between show up here and nowhere else."
fix       = "1. A region stands out: call from nearby, or use the provider's region near you. 2. Short calls with a long way: keep connections open (one client for all calls, HTTP/2), check DNS and proxies. 3. A few calls with a very long way: time limits and retries of the client, load on your own machine. 4. To know it on streams: log network_ms, or all of queue_ms, prefill_ms and generation_ms."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "On the network, by median and one in twenty"
x      = "name"
y      = ["p50_ms", "p95_ms"]
[columns]
name        = { label = "Provider, region" }
provider    = { label = "Provider" }
region      = { label = "Region" }
n_calls     = { label = "Calls", unit = "int", help = "whose time on the network is known" }
known_share = { label = "Known for", unit = "pct0", help = "of the answered calls" }
p50_ms      = { label = "Network p50", unit = "ms" }
lo          = { label = "from", unit = "ms", help = "95 % interval (Woodruff, widened by how days differ)" }
hi          = { label = "to", unit = "ms" }
p95_ms      = { label = "p95", unit = "ms", help = "from 100 calls" }
share       = { label = "Of the wait", unit = "pct1", help = "of the summed wait of these calls" }
server_p50  = { label = "Server p50", unit = "ms" }
measured    = { label = "Logged as such", unit = "pct0", help = "network_ms was logged; else caller's wait minus the provider's own time" }
impossible  = { label = "Impossible", unit = "int", help = "the server's time is longer than the caller's" }
---*/
-- Descriptive: it never warns. network_ms where logged; without streaming the caller's wait minus server_ms, own queue and gateway; with all parts of the server logged, minus those. On streams server_ms is the
-- time to the headers and never used. Calls that were tried more than once are left out: their wait holds the waits in between.
-- Where wait and server time are the same for half of a source's calls or more, the wait was taken by the server's clock: nobody knows the caller's.
create or replace temp table ways as
with timed as (
    select source, provider, region, duration_ms, sample_weight as w, date_trunc('day', started_at) as day, network_ms is not null as is_measured,
        coalesce(client_queue_ms, 0) + coalesce(gateway_ms, 0) as own_ms, case when stream is not true and ttft_ms is null and server_ms is not null then server_ms when prefill_ms is not null and generation_ms is not null then coalesce(queue_ms, 0) + prefill_ms + generation_ms end as server_ms, network_ms
    from call_waits where coalesce(attempts, 1) = 1 and coalesce(status, 'ok') <> 'timeout'
),
one_clock as (select source, provider, true as is_one from timed where server_ms is not null and network_ms is null group by source, provider having avg(cast(abs(duration_ms - server_ms) <= 0.5 as integer)) >= 0.5),
told as (select t.* exclude (server_ms), case when network_ms is not null or o.is_one is null then server_ms end as server_ms, o.is_one and network_ms is null as is_one_clock from timed t left join one_clock o on t.source is not distinct from o.source and t.provider is not distinct from o.provider)
select *, concat_ws(', ', coalesce(provider, 'an unnamed provider'), region) as name, coalesce(network_ms, case when server_ms <= duration_ms then greatest(duration_ms - server_ms - own_ms, 0) end) as net,
    network_ms is null and server_ms > duration_ms as is_impossible from told;

create or replace temp table placed as -- for every call the share of the calls of its group that are as near
select *, sum(w) over (partition by provider, region order by net) / sum(w) over (partition by provider, region) as below from ways where net is not null;

create or replace temp table groups as
with middle as (select provider, region, min(net) filter (below >= 0.5) as p50, case when count(*) >= 100 then min(net) filter (below >= 0.95) end as p95, sum(w * net) / nullif(sum(w * duration_ms), 0) as share, sum(w) as n, power(sum(w), 2) / sum(w * w) as kish, count(*) as k,
    avg(cast(is_measured as integer)) as measured, quantile_cont(server_ms, 0.5) as server_p50 from placed group by provider, region),
days as (select p.provider, p.region, p.day, sum(p.w) as n, coalesce(sum(p.w) filter (p.net <= m.p50), 0) as x, any_value(m.n) as n_all from placed p join middle m on p.provider is not distinct from m.provider and p.region is not distinct from m.region group by p.provider, p.region, p.day),
spread as (select provider, region, case when count(*) >= 5 then sum(power(x - 0.5 * n, 2)) * count(*) / (count(*) - 1e0) / power(any_value(n_all), 2) else 0 end as variance from days group by provider, region),
errors as (select m.*, 1.96 * sqrt(greatest(s.variance, 0.25 / m.kish)) as half from middle m join spread s on m.provider is not distinct from s.provider and m.region is not distinct from s.region),
ranges as (select e.provider, e.region, min(net) filter (below >= 0.5 - half) as lo, min(net) filter (below >= least(1, 0.5 + half)) as hi from placed p join errors e on p.provider is not distinct from e.provider and p.region is not distinct from e.region group by e.provider, e.region),
every as (select provider, region, any_value(name) as name, sum(w) as n_all, count(*) filter (is_impossible) as impossible from ways group by provider, region)
select v.name, v.n_all, v.impossible, e.*, r.lo, r.hi from every v join errors e on v.provider is not distinct from e.provider and v.region is not distinct from e.region join ranges r on r.provider is not distinct from v.provider and r.region is not distinct from v.region;

with total as (select coalesce(sum(w), 0) as n, sum(w * net) / nullif(sum(w * duration_ms), 0) as share, avg(cast(is_measured as integer)) as measured from placed),
order_all as (select net, sum(w) over (order by net) / sum(w) over () as below from placed),
whole as (select min(net) filter (below >= 0.5) as net_p50, min(net) filter (below >= 0.95) as net_p95 from order_all),
wrong as (select count(*) filter (is_impossible) as impossible, count(*) as all_ways, count(*) filter (is_one_clock) as one_clocks from ways),
top as (select g.* from groups g, whole where k >= 50 and lo > net_p50 order by p50 desc, name limit 1)
select case when t.n = 0 then 'unknown' else 'info' end as verdict, cast(round(t.n) as bigint) as n, t.share as value, cast(null as double) as lo, cast(null as double) as hi, case when t.measured >= 0.5 then 'measured' else 'reconstructed' end as basis, cast(null as double) as min_effect, cast(null as double) as p_value,
    case when all_ways = 0 then 'there is no answered call with a duration' when x.impossible > 0 then 'every server took longer than the caller waited: one of the two is wrong' when one_clocks > 0 then 'the wait was taken by the server, nobody knows that of the caller' else 'server_ms is logged on streams only, where it is the time to the headers: log network_ms, or queue_ms, prefill_ms and generation_ms' end as reason,
    'The network' as told, net_p50, net_p95, o.name as top, o.p50 as top_p50, o.lo as top_lo, o.hi as top_hi, o.share as top_share, nullif(x.impossible, 0) as impossible
from total t cross join whole cross join wrong x left join top o on true;

select name, provider, region, cast(round(n) as bigint) as n_calls, n / n_all as known_share, p50 as p50_ms, lo, hi, p95 as p95_ms, share, server_p50, measured, impossible from groups order by n desc, name limit 100;
