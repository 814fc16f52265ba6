/*---
question  = "Which logged values could not be read, or cannot be true?"
needs     = ["files.records"]
results   = ["verdict", "evidence"]
passes    = "No value of {n:int} records was unreadable, contradictory or of a suspicious unit."
fails     = "[{suspicious:column has|columns have} a suspicious unit: {first_suspicious}. ]{n_issues:int} values could not be read or contradict others, mostly {top_issue}."
info      = "{n_issues:int} values could not be read or contradict others, mostly {top_issue}."
why       = "A value that could not be read is empty in every answer of this report; a wrong unit makes every number of its column wrong by the same factor."
fix       = "1. A suspicious unit: set the unit in the mapping file ([units]), or correct the log, and ingest into a new database. 2. An unreadable value: log a number as a number and a time as ISO 8601 with a zone. 3. A contradiction (a part larger than its whole, an end before its start): two fields of the log disagree; one of them means something else."
[[chart]]
kind   = "bars"
result = "evidence"
title  = "Values that could not be used"
x      = "column_name"
y      = "n_issues"
[columns]
source      = { label = "Source" }
column_name = { label = "Column" }
reason      = { label = "What is wrong" }
n_issues      = { label = "Values", unit = "int" }
share       = { label = "Of the source's records", unit = "pct" }
n_files       = { label = "Files", unit = "int" }
example     = { label = "For example" }
---*/
create or replace temp table value_issues as
select f.source, i.column_name, i.reason, count(*) as n_issues, count(distinct i.file_id) as n_files, starts_with(i.reason, 'unit_suspicious') as suspicious,
    min(f.path || case when i.line is null then '' else ':' || i.line end) as example
from issues i join files f using (file_id) where i.reason is not null group by all;

with params as (
    select coalesce(getvariable('warn_share'), 0.01) as warn_share -- share of the records with an unusable value that warns
),
log as (select coalesce(sum(records), 0) as n from files),
found as (select coalesce(sum(n_issues), 0) as n_issues, count(distinct source || column_name) filter (suspicious) as suspicious from value_issues),
top as (select coalesce(column_name || ' ', '') || reason as top_issue from value_issues where not suspicious order by n_issues desc, column_name, reason limit 1),
first as (select column_name || ' (' || reason || ')' as first_suspicious from value_issues where suspicious order by n_issues desc, column_name, reason limit 1)
select case when n = 0 then 'unknown' when suspicious > 0 or n_issues > warn_share * n then 'warn' when n_issues > 0 then 'info' else 'ok' end as verdict,
    case when n = 0 then 'nothing was read yet' end as reason, cast(n as bigint) as n, n_issues / nullif(n, 0) as value, cast(null as double) as lo, cast(null as double) as hi,
    'measured' as basis, 1 / nullif(n, 0) as min_effect, cast(null as double) as p_value,
    cast(n_issues as bigint) as n_issues, nullif(suspicious, 0) as suspicious, first_suspicious, coalesce(top_issue, 'units') as top_issue
from params, log, found left join top on true left join first on true;

select source, column_name, reason, n_issues, n_issues / nullif((select sum(records) from files f where f.source = v.source), 0) as share, n_files, example
from value_issues v order by suspicious desc, n_issues desc, source, column_name, reason;
