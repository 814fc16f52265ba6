"""The calls table: one row per logical model call as the application saw it."""

from __future__ import annotations

from llmlogs.schema.contract import table

CALLS = table(
    "calls",
    "One logical model call as the application saw it, retries included where the log cannot separate them.",
    """
call_id | VARCHAR | | stable id: the log's or the provider's own where there is one and contents agree, else a hash of (source, content, occurrence)
source | VARCHAR | | name of the source (format) the record was read with
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the main record
line | BIGINT | | 1-based line, or record number where the format has no lines
response_id | VARCHAR | | the provider's response id
operation_id | VARCHAR | | what the user asked for: calls that are retries or fallbacks of each other share it
trace_id | VARCHAR | | everything under one request shares it
span_id | VARCHAR | | id of the call's own span
parent_span_id | VARCHAR | | id of the enclosing span
session_id | VARCHAR | | conversation or session
user_id | VARCHAR | | the end user
team | VARCHAR | | owning team or organisation unit
feature | VARCHAR | | product feature the call serves
feature_basis | VARCHAR | | where the feature was taken from (logged, trace, project, path, config)
tags | VARCHAR | | JSON object of further labels, short scalars only
environment | VARCHAR | | production, staging ...
service | VARCHAR | | the program that made the call
release | VARCHAR | | version of that program
region | VARCHAR | | region the call was served in
prompt_name | VARCHAR | | name of the prompt template
prompt_version | VARCHAR | | version of the prompt template
agent_name | VARCHAR | | agent or sub-agent
operation | VARCHAR | | chat, text_completion, embeddings, rerank, image, audio, other
provider | VARCHAR | | who served it, genai-prices' or OpenTelemetry's id as logged
gateway | VARCHAR | | proxy or router in between
endpoint | VARCHAR | | URL path or API name
deployment | VARCHAR | | deployment, inference profile or backend id
api_key_hash | VARCHAR | | keyed hash of the API key or its alias
request_model | VARCHAR | | model as asked for
response_model | VARCHAR | | model as answered
service_tier | VARCHAR | | tier that served it: default, batch, flex, priority ...; the response's wins over the requested one
stream | BOOLEAN | | the answer was streamed
priority | VARCHAR | | the application's own priority class
started_at | TIMESTAMP | UTC | the caller's start
ended_at | TIMESTAMP | UTC | the caller's end
first_token_at | TIMESTAMP | UTC | first streamed token, NULL unless streamed
duration_ms | DOUBLE | ms | the caller's wait
ttft_ms | DOUBLE | ms | time to first token from started_at, NULL unless streamed
ttft_basis | VARCHAR | | measured by the client, the server, or taken from an event
network_ms | DOUBLE | ms | on the network
client_queue_ms | DOUBLE | ms | in the caller's own queue
queue_ms | DOUBLE | ms | in the provider's queue
prefill_ms | DOUBLE | ms | reading the prompt
generation_ms | DOUBLE | ms | writing the answer
retrieval_ms | DOUBLE | ms | retrieval before the model call, where the log has it on the call
tool_ms | DOUBLE | ms | tools, where the log has them on the call
app_ms | DOUBLE | ms | our own code, where the log has it on the call
gateway_ms | DOUBLE | ms | added by the gateway
server_ms | DOUBLE | ms | the provider's own processing time
max_gap_ms | DOUBLE | ms | longest pause between two chunks
disconnect_ms | DOUBLE | ms | when the client went away, from started_at
input_tokens | BIGINT | tokens | everything sent, cache reads and writes included
output_tokens | BIGINT | tokens | everything generated, reasoning included
cache_read_tokens | BIGINT | tokens | part of input_tokens read from the provider's prefix cache
cache_write_tokens | BIGINT | tokens | part of input_tokens written to the provider's prefix cache, all lifetimes
cache_write_1h_tokens | BIGINT | tokens | part of cache_write_tokens with one hour of life
reasoning_tokens | BIGINT | tokens | part of output_tokens spent on reasoning
audio_input_tokens | BIGINT | tokens | part of input_tokens that is audio
audio_output_tokens | BIGINT | tokens | part of output_tokens that is audio
image_input_tokens | BIGINT | tokens | part of input_tokens that is images
image_output_tokens | BIGINT | tokens | part of output_tokens that is images
tool_calls | BIGINT | count | tool calls the answer asked for
billed_input_tokens | BIGINT | tokens | what input is paid by, only where the provider bills another count than it read (Cohere)
billed_output_tokens | BIGINT | tokens | what output is paid by, only where it differs
web_searches | BIGINT | count | server-side web searches, billed apart
estimated_output_tokens | BIGINT | tokens | output estimated from its length where the log's count is a placeholder; never billed, not in output_tokens
estimated_output_low | BIGINT | tokens | lower end of that estimate
estimated_output_high | BIGINT | tokens | upper end of that estimate
usage_status | VARCHAR | | reported, estimated, partial, missing
prompt_chars | BIGINT | characters | length of the prompt
completion_chars | BIGINT | characters | length of the answer
prompt_hash | VARCHAR | | keyed hash of the whole prompt
prefix_hash | VARCHAR | | keyed hash of the cacheable prefix
max_tokens | BIGINT | tokens | output limit asked for
document_count | BIGINT | count | retrieved chunks in the prompt
output_valid | BOOLEAN | | the answer passed the application's own check
status | VARCHAR | | ok, error, cancelled, timeout, blocked, shed, unknown
status_code | INTEGER | HTTP | status as the caller saw it
error_class | VARCHAR | | one word over all providers, see llmlogs/sources/common/error_classes.toml
error_type | VARCHAR | | the provider's own type or code
error_template | VARCHAR | | message without numbers, ids, quotes and names
finish_reason | VARCHAR | | stop, length, tool_calls, content_filter ... as logged
attempts | INTEGER | count | HTTP tries behind the call
retry_after_ms | DOUBLE | ms | wait the provider asked for
fallback_from | VARCHAR | | model or provider this call stands in for
app_cache | VARCHAR | | the application's response cache: hit, miss, bypass, off
cache_kind | VARCHAR | | exact, semantic, retrieval, embedding
cache_key | VARCHAR | | keyed hash of the cache key
cache_age_ms | DOUBLE | ms | age of the entry at the hit
cache_ttl_ms | DOUBLE | ms | lifetime the entry was given
cache_similarity | DOUBLE | ratio | similarity of a semantic hit
cache_origin_id | VARCHAR | | the call whose answer was served
is_internal | BOOLEAN | | made by the gateway or framework itself
sample_weight | DOUBLE | ratio | calls this row stands for, 1 when nothing is known
cost_usd | DECIMAL(18,12) | USD | list price, unless own prices or discounts apply
list_usd | DECIMAL(18,12) | USD | list price by the book
reported_usd | DECIMAL(18,12) | USD | cost the log or provider states
cost_status | VARCHAR | | priced, free, lower_bound, app_cache_hit, or why there is no price (llmlogs/pricing/status.py)
rate_id | BIGINT | | the row of price_rates that priced it
extra | VARCHAR | | JSON of unmapped short values kept aside
""",
)

# Physical columns of call_rows that every row has; all others are added when a source first brings them,
# because an all-NULL column still costs 25 ns a row to write (measured: 55 empty columns = +38 % load time).
ALWAYS = ("call_id", "source", "ingest_id", "file_id", "line", "started_at", "cost_usd", "rate_id", "cost_status")

# What the view says where no source ever brought the column; everything else is NULL.
DEFAULTS = {"sample_weight": "1::DOUBLE"}

# Physical-only columns that merging needs across ingests; see llmlogs/ingest/merge.py.
HIDDEN = {
    "merge_try": "VARCHAR",
    "merge_copy": "BOOLEAN",
    "merge_growing": "BOOLEAN",
    "merge_emitter": "VARCHAR",
    "merge_version": "BIGINT",
    "merge_yields": "BOOLEAN",
    "merge_began": "TIMESTAMP",
    "merge_family": "VARCHAR",
    "bad_values": "VARCHAR",
}
