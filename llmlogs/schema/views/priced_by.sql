-- Which price books calls of this database are priced by: one row a book, with its calls [count] and cost_usd [USD, not weighted].
create or replace view priced_by as
select b.book_id, concat(b.source, ' ', b.version) as book, coalesce(sum(c.calls), 0) as calls, sum(c.cost_usd) as cost_usd
from (select rate_id, count(*) as calls, sum(cost_usd) as cost_usd from calls where rate_id is not null group by rate_id) c
    join price_rates r on c.rate_id = r.rate_id join price_plans p on r.plan_id = p.plan_id join price_books b on b.book_id = p.book_id
group by all;
