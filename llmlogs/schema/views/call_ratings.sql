-- Every rating, at the call it is about: the one it names, else the first of its trace or session. kind: human, judge (a model) or code. score: what was judged.
-- is_negative: the lower half of the scale seen under that name (0 of 0 and 1, -1 of -1 to 1, 1 and 2 of 1 to 5), or a word that says so; NULL: cannot be told.
-- judged: call, trace or session as the rating names it.
create or replace view call_ratings as
with traced as (select trace_id, arg_min(call_id, (started_at, call_id)) as call_id from calls where trace_id in (select trace_id from feedback where call_id is null) group by trace_id),
seated as (select session_id, arg_min(call_id, (started_at, call_id)) as call_id from calls where session_id in (select session_id from feedback where call_id is null and trace_id is null) group by session_id),
placed as (
    select f.value, lower(trim(f.label)) as label, coalesce(f.kind, 'human') as kind, coalesce(f.name, 'rating') as score, coalesce(f.call_id, t.call_id, s.call_id) as call_id, coalesce(f.call_id, f.trace_id, f.session_id) as judged
    from feedback f left join traced t on f.call_id is null and f.trace_id = t.trace_id left join seated s on f.call_id is null and f.trace_id is null and f.session_id = s.session_id
),
scales as (select kind, score, min(value) as least, max(value) as most, bool_and(value = round(value)) as is_whole from placed group by kind, score)
select p.kind, p.score, p.call_id, p.judged,
    case when p.value is not null and s.least < 0 then p.value < 0 when p.value is not null and s.most <= 1 then p.value < 0.5 when p.value is not null and s.is_whole and s.least >= 1 and s.most <= 5 then p.value <= 2
        when p.value is not null and s.most > s.least then p.value < (s.least + s.most) / 2
        when p.label in ('thumbs_down', 'thumbs-down', 'down', 'negative', 'bad', 'dislike', 'incorrect', 'wrong', 'fail', 'failed', 'false', 'no', 'n', 'poor', 'unhelpful', 'not helpful', 'hallucinated', 'ungrounded', 'unsafe', 'rejected') then true
        when p.label in ('thumbs_up', 'thumbs-up', 'up', 'positive', 'good', 'like', 'correct', 'right', 'pass', 'passed', 'true', 'yes', 'y', 'great', 'helpful', 'grounded', 'safe', 'factual', 'accepted', 'neutral', 'ok') then false end as is_negative
from placed p join scales s using (kind, score);
