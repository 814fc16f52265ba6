-- Calls that stand for others too (sample_weight above 1); none where nothing was sampled. Adds: unit (what was kept or dropped as a whole: the trace, else the
-- operation, else the call), spread = sqrt(w (w - 1)). The sum over units of the squared sum of spread * y is the variance of the weighted total of y about the
-- unsampled log's (Horvitz and Thompson 1952, units kept independently); y - ratio * x, divided by the weighted total of x, makes it that of a ratio (linearisation).
create or replace view sampled_calls as
select *, coalesce(trace_id, operation_id, call_id) as unit, sqrt(sample_weight * (sample_weight - 1)) as spread
from calls where sample_weight > 1;
