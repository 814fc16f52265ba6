-- Every call with how its answer ended. ending: filtered (a content filter, before or after), refused (by the model), failed (no answer: error, timeout, shed),
-- left (the client went away or the stream broke), cut (the output limit), empty (nothing was said and no tool asked for), complete; NULL where nothing of it is logged.
-- Adds: model (as asked, else as answered), word (finish_reason in lower case, one spelling), is_cut (also of a call that failed for it), calls_tools.
-- Without a finish_reason an answer that filled max_tokens is cut. An application cache hit is an answer, too.
create or replace view call_endings as
with worded as (
    select *, coalesce(request_model, response_model) as model, replace(replace(lower(finish_reason), '-', '_'), 'finishreason.', '') as word from calls
),
told as (
    select *, coalesce(word in ('length', 'max_tokens', 'max_output_tokens', 'max_length', 'max_new_tokens', 'maxtokens', 'model_length', 'incomplete', 'token_limit', 'model_context_window_exceeded'),
            output_tokens >= max_tokens, false) as is_cut,
        coalesce(tool_calls > 0 or word in ('tool_calls', 'tool_use', 'tool_call', 'tooluse', 'function_call'), false) as calls_tools,
        coalesce(status = 'blocked' or error_class = 'content_filter' or word in ('content_filter', 'content_filtered', 'safety', 'recitation', 'blocklist', 'prohibited_content', 'spii', 'image_safety',
            'guardrail_intervened', 'error_toxic', 'sensitive'), false) as is_filtered
    from worded
)
select *, case when coalesce(word = 'refusal', false) then 'refused' when is_filtered then 'filtered' when status in ('error', 'timeout', 'shed') then 'failed'
        when status = 'cancelled' or disconnect_ms is not null or error_class in ('client_cancel', 'truncated_stream') then 'left'
        when is_cut then 'cut'
        when not calls_tools and coalesce(completion_chars, 0) = 0 and (output_tokens <= coalesce(reasoning_tokens, 0) or (completion_chars = 0 and coalesce(word, cast(tool_calls as varchar)) is not null)) then 'empty'
        when status = 'ok' or word is not null then 'complete' end as ending
from told;
