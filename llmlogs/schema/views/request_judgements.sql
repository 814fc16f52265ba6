-- What feedback says of each request (trace, else operation, else session, else call: as the money questions group calls): good or not, by name.
-- good: a number from 0.5 where no number of that name exceeds 1, else above the middle between the smallest and the largest of that name; without a
-- number the word, where it is one of those below; what is neither is left out. A name where high numbers are bad (toxicity) has to be left out by its reader.
-- rank: 3 a person, 2 a judge, 1 code or not said, 0 where it was given to a whole session and the request is a part of it.
create or replace view request_judgements as
with scales as (select name, min(value) as least_value, max(value) as most_value from feedback group by name),
judged as (
    select f.call_id, f.trace_id, f.session_id, f.name, f.at as judged_at, case f.kind when 'human' then 3 when 'judge' then 2 else 1 end as rank,
        case
            when f.value is not null then case when s.most_value <= 1 then f.value >= 0.5 else f.value > (s.least_value + s.most_value) / 2 end
            when lower(f.label) in ('up', 'thumbs_up', 'thumbs up', 'like', 'liked', 'positive', 'good', 'helpful', 'correct', 'yes', 'true', 'pass', 'passed',
                'success', 'succeeded', 'accept', 'accepted', 'resolved', 'faithful', 'grounded', 'factual', 'relevant') then true
            when lower(f.label) in ('down', 'thumbs_down', 'thumbs down', 'dislike', 'disliked', 'negative', 'bad', 'unhelpful', 'incorrect', 'wrong', 'no', 'false', 'fail',
                'failed', 'failure', 'reject', 'rejected', 'unresolved', 'unfaithful', 'ungrounded', 'hallucinated', 'irrelevant') then false
        end as good
    from feedback f join scales s on f.name is not distinct from s.name
),
placed as (
    select c.call_id, coalesce(c.trace_id, c.operation_id, c.session_id, c.call_id) as request, c.session_id from calls c
    where (select count(*) from feedback) > 0
)
select p.request, j.name, j.good, j.rank, j.judged_at from judged j join placed p on j.call_id = p.call_id where j.good is not null
union all
select trace_id, name, good, rank, judged_at from judged where call_id is null and trace_id is not null and good is not null
union all
select distinct p.request, j.name, j.good, case when p.request = j.session_id then j.rank else 0 end, j.judged_at
from judged j join placed p on j.session_id = p.session_id where j.call_id is null and j.trace_id is null and j.good is not null;
