/*---
question  = "What can these logs answer, and what should you log next?"
method    = "stats.needs"   # what every question needs, measured in this log; a third of the questions in the dark is a warning
results   = ["verdict", "evidence", "fields", "sources", "totals"]
passes    = "These logs answer {answered:int} of {questions:int} questions[, {partly:int} on a part of the rows][, {dark:int} not at all]."
fails     = "These logs cannot answer {dark:int} of {questions:int} questions; logging {next_field} would light up {next_questions:question|questions}."
why       = "A question that cannot be answered is a problem nobody sees; most of them take one more field on a line that is written anyway."
fix       = "Add the fields in the order of the list below: the first answers the most questions. A line to log stands beside each."
[[chart]]
kind   = "stacked-parts"
result = "totals"
title  = "Questions each source can answer"
x      = "source"
part   = "answer"
y      = "questions"
[columns]
source        = { label = "Source" }
answer        = { label = "Answer", help = "answered, partly (on 20% of the rows or more), dark; of the rows of this source alone" }
lacks         = { label = "Lacks" }
questions     = { label = "Questions", unit = "int" }
field         = { label = "Field", help = "a | b: either will do; where: only these rows need it" }
state         = { label = "State", help = "answered: on 90% of the rows it concerns or more; partly: 20% or more" }
filled        = { label = "Logged on", unit = "pct", help = "of the rows it concerns" }
concerned     = { label = "Rows it concerns", unit = "int" }
waiting       = { label = "Questions waiting", unit = "int" }
question_list = { label = "Which" }
log_line      = { label = "Log it like this", help = "as a field of llmlogs' own call log; a mapping file can read any other spelling" }
question      = { label = "Question" }
---*/
create temp table if not exists stat_needs (question varchar, field varchar, state varchar, filled double, concerned bigint, log_line varchar);
create temp table if not exists stat_source_needs (source varchar, question varchar, field varchar, state varchar);
create or replace temp table answers as
with params as (
    select coalesce(getvariable('warn_dark'), 0.33) as warn_dark -- share of questions in the dark that is a warning
)
select question, case when bool_or(state = 'missing') then 'dark' when bool_or(state = 'partly') then 'partly' else 'answered' end as state, max(warn_dark) as warn_dark
from stat_needs, params where question <> 'data/coverage' group by question;

with counted as (
    select count(*) as questions, count(*) filter (where state = 'answered') as answered, count(*) filter (where state = 'partly') as partly,
        count(*) filter (where state = 'dark') as dark, max(warn_dark) as warn_dark from answers
),
log as (select cast(round(coalesce(sum(sample_weight), 0)) as bigint) as n from calls),
next as (select field, count(*) as waiting from stat_needs where state = 'missing' group by field order by waiting desc, field limit 1)
select case when n = 0 or questions = 0 then 'unknown' when dark > warn_dark * questions then 'warn' when dark + partly > 0 then 'info' else 'ok' end as verdict,
    case when n = 0 then 'the log holds no calls' else 'llmlogs query data/coverage measures what the questions need' end as reason,
    n, answered / nullif(questions, 0) as value, cast(null as double) as lo, cast(null as double) as hi, 'measured' as basis, warn_dark as min_effect, cast(null as double) as p_value,
    questions, answered, nullif(partly, 0) as partly, nullif(dark, 0) as dark, field as next_field, waiting as next_questions
from counted cross join log left join next on true;

select field, state, min(filled) as filled, max(concerned) as concerned, count(*) as waiting, string_agg(question, ', ' order by question) as question_list, min(log_line) as log_line
from stat_needs where state <> 'answered' group by field, state order by state, waiting desc, field;

select question, coalesce(field, '') as field, state, filled, concerned from stat_needs order by question, field;

select source, question, case when bool_or(state = 'missing') then 'dark' when bool_or(state = 'partly') then 'partly' else 'answered' end as answer,
    coalesce(string_agg(field, ' and ' order by field) filter (where state <> 'answered'), '') as lacks
from stat_source_needs where question <> 'data/coverage' group by source, question order by source, question;

with told as (
    select source, question, case when bool_or(state = 'missing') then 'dark' when bool_or(state = 'partly') then 'partly' else 'answered' end as answer
    from stat_source_needs where question <> 'data/coverage' group by source, question
)
select source, answer, count(*) as questions from told group by source, answer order by source, answer;
