-- Calls whose duration says how fast a model answers: with a duration, not served from the application's own cache, not refused or failed.
-- Calls cut short by a time limit or a cancel stay in: leaving them out would hide the slowest. Adds model (as answered, else as asked).
create or replace view call_waits as
select *, coalesce(response_model, request_model) as model from calls
where duration_ms is not null and app_cache is distinct from 'hit' and coalesce(status, 'unknown') not in ('error', 'blocked', 'shed');
