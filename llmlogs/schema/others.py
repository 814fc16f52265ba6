"""Every public table beside calls."""

from __future__ import annotations

from llmlogs.schema.contract import table

SPANS = table(
    "spans",
    "A step of a trace that is not itself a model call (and model spans that were merged away are not here).",
    """
span_id | VARCHAR | | id of the span
trace_id | VARCHAR | | id of the trace
parent_span_id | VARCHAR | | id of the enclosing span
call_id | VARCHAR | | the call this span belongs to, where it belongs to one
kind | VARCHAR | | retrieval, tool, agent, chain, guardrail, rerank, embedding, prompt, http, app, llm, other
name | VARCHAR | | name of the step
started_at | TIMESTAMP | UTC | start
ended_at | TIMESTAMP | UTC | end
duration_ms | DOUBLE | ms | end minus start
status | VARCHAR | | ok, error, cancelled, unknown
error_class | VARCHAR | | as in calls
document_count | BIGINT | count | documents a retrieval returned
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
ATTEMPTS = table(
    "attempts",
    "One HTTP try behind a call.",
    """
call_id | VARCHAR | | the call
attempt | INTEGER | count | 1 for the first try
started_at | TIMESTAMP | UTC | start of the try
duration_ms | DOUBLE | ms | how long the try took
provider | VARCHAR | | who was asked
model | VARCHAR | | which model was asked
status_code | INTEGER | HTTP | status of the try
error_class | VARCHAR | | as in calls
retry_after_ms | DOUBLE | ms | wait the provider asked for
wait_before_ms | DOUBLE | ms | back-off before this try
origin | VARCHAR | | explicit (its own record) or inferred (from a counter)
is_final | BOOLEAN | | the try whose result the caller got
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
RATE_LIMITS = table(
    "rate_limits",
    "What a response said about a quota at that moment.",
    """
call_id | VARCHAR | | the call that carried the header
at | TIMESTAMP | UTC | when
provider | VARCHAR | | whose quota
model | VARCHAR | | model asked
api_key_hash | VARCHAR | | keyed hash of the key
scope | VARCHAR | | requests, tokens, input_tokens, output_tokens, day ...
limit_value | DOUBLE | count | size of the quota
remaining | DOUBLE | count | what is left of it
reset_ms | DOUBLE | ms | until it is full again
origin | VARCHAR | | provider, gateway, declared
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
FEEDBACK = table(
    "feedback",
    "A judgement on a call, trace or session.",
    """
call_id | VARCHAR | | the call, where one is named
trace_id | VARCHAR | | the trace, where one is named
span_id | VARCHAR | | the span, where one is named: its call and trace are filled in when the span is read, before or after
session_id | VARCHAR | | the session, where one is named
at | TIMESTAMP | UTC | when it was given
name | VARCHAR | | what was judged
value | DOUBLE | score | the number given
label | VARCHAR | | the word given
kind | VARCHAR | | human, judge, code
source | VARCHAR | | source it was read with
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
EVENTS = table(
    "events",
    "Something that happened beside the calls.",
    """
at | TIMESTAMP | UTC | when
kind | VARCHAR | | source_update, cache_invalidation, deploy, prompt_release, limit_change, incident
subject | VARCHAR | | what it happened to; for source_update and cache_invalidation the cache key, hashed as calls.cache_key is
value | VARCHAR | | new version or size
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
USAGE_BUCKETS = table(
    "usage_buckets",
    "A row of the provider's own usage or cost report.",
    """
bucket_start | TIMESTAMP | UTC | start of the bucket
bucket_end | TIMESTAMP | UTC | end of the bucket
provider | VARCHAR | | whose report
kind | VARCHAR | | usage or cost
model | VARCHAR | | as the report names it
token_kind | VARCHAR | | input, cache_read, cache_write_5m, cache_write_1h, output, other
service_tier | VARCHAR | | as reported
project | VARCHAR | | project or workspace
api_key_hash | VARCHAR | | keyed hash of the key
user_id | VARCHAR | | as reported
requests | BIGINT | count | requests in the bucket
tokens | BIGINT | tokens | tokens in the bucket
amount_usd | DECIMAL(18,12) | USD | money in the bucket
description | VARCHAR | | line item
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
TEXTS = table(
    "texts",
    "A prompt or an answer, kept only where --store-text asked for it.",
    """
call_id | VARCHAR | | the call
part | VARCHAR | | prompt or completion
content | VARCHAR | | the text, as logged or with addresses, keys and long numbers removed
redacted | BOOLEAN | | something may have been removed
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
PRICE_BOOKS = table(
    "price_books",
    "A version of the price book that priced calls of this database.",
    """
book_id | INTEGER | | id
source | VARCHAR | | genai-prices, patches, own file
version | VARCHAR | | its version
sha256 | VARCHAR | | of the data
built_at | TIMESTAMP | UTC | when it was compiled
license | VARCHAR | | of the data
""",
)
PRICE_PLANS = table(
    "price_plans",
    "How one distinct (provider, models, deployment, tier, region) of the log was resolved in the book.",
    """
plan_id | BIGINT | | id
book_id | INTEGER | | the book it was resolved in
own_book_id | INTEGER | | the file of own prices and aliases that was in force, NULL = none
provider_raw | VARCHAR | | provider as logged
request_model | VARCHAR | | model as asked for
response_model | VARCHAR | | model as answered
deployment | VARCHAR | | deployment or inference profile as logged
service_tier | VARCHAR | | tier as logged
region | VARCHAR | | region as logged
status | VARCHAR | | priced, free, or why its calls have no price; a rate's own status says it for a part of the time
model_raw | VARCHAR | | the logged name the price was found by
price_provider | VARCHAR | | provider in the book
price_model | VARCHAR | | model in the book
match_rule | VARCHAR | | how the logged name became the book's
via | VARCHAR | | own, fallback (the provider sells another one's model), alias, override
ctx_applied | VARCHAR | | tier or context the price follows
ctx_ignored | VARCHAR | | tier or context the book has no price for
""",
)
RATE = "DECIMAL(26,24)"
PRICE_RATES = table(
    "price_rates",
    "One price: valid for a plan between two instants, hours of the day and input sizes. A unit without a rate of its own counts as its parent.",
    f"""
rate_id | BIGINT | | id
plan_id | BIGINT | | the plan
kind | VARCHAR | | cost = what cost_usd is made of; list = the book's price beside it, where own prices or discounts apply
status | VARCHAR | | priced, free, or why there is no price in this part
valid_from | TIMESTAMP | UTC | first instant, NULL = open
valid_to | TIMESTAMP | UTC | first instant no longer, NULL = open
tod_from | INTEGER | s | second of the UTC day it begins
tod_to | INTEGER | s | second of the UTC day it ends
dow_mask | INTEGER | | days of the UTC week: bit 0 = Monday, NULL = every day
in_gt | BIGINT | tokens | holds for input_tokens above this
in_le | BIGINT | tokens | and up to this, NULL = open
input_rate | {RATE} | USD/token | uncached input
cache_read_rate | {RATE} | USD/token | cache reads, part of input
cache_write_rate | {RATE} | USD/token | cache writes, part of input
cache_write_1h_rate | {RATE} | USD/token | cache writes of one hour, part of cache writes
audio_input_rate | {RATE} | USD/token | audio in, part of input
image_input_rate | {RATE} | USD/token | images in, part of input
output_rate | {RATE} | USD/token | output
reasoning_rate | {RATE} | USD/token | reasoning, part of output
audio_output_rate | {RATE} | USD/token | audio out, part of output
image_output_rate | {RATE} | USD/token | images out, part of output
web_search_rate | {RATE} | USD/search | server-side web searches
request_rate | {RATE} | USD/request | per request
unseen | VARCHAR | | units the book prices apart and the log has no count of, as the book names them
factor | {RATE} | ratio | discounts and uplifts that are in the rates per token, 1 = none
src_url | VARCHAR | | where the price is published
src_note | VARCHAR | | remark of the book or of the own price
""",
)
INGESTS = table(
    "ingests",
    "One committed unit of work; a crash leaves none half done, because rows of an unfinished one are hidden.",
    """
ingest_id | INTEGER | | id, rising
run_id | VARCHAR | | the command that made it: one run may commit several times
started_at | TIMESTAMP | UTC | when it began
finished_at | TIMESTAMP | UTC | when it was committed, NULL = unfinished and hidden
llmlogs_version | VARCHAR | | program version
arguments | VARCHAR | | JSON of the options that change what is read
""",
)
FILES = table(
    "files",
    "One stream of bytes that was read. records = calls + other + merged + skipped + rejected.",
    """
file_id | INTEGER | | id
ingest_id | INTEGER | | the ingest that last read it
path | VARCHAR | | where it was last seen
source | VARCHAR | | format it was read as
carrier | VARCHAR | | container: ndjson, json, csv ... with the compression
reader | VARCHAR | | fast or careful, and why
fingerprint | VARCHAR | | hash of the head of the content (decompressed), so that a copy is known
head_bytes | BIGINT | bytes | how much of the head the fingerprint covers
tail_fingerprint | VARCHAR | | hash of the content just before read_bytes
bytes | BIGINT | bytes | size on disk
read_bytes | BIGINT | bytes | decompressed bytes that are accounted for
modified_ns | BIGINT | ns | modification time on disk
lines | BIGINT | count | lines read
blank_lines | BIGINT | count | of them blank
records | BIGINT | count | records
calls | BIGINT | count | records that made, or are the main record of, a call
other | BIGINT | count | records that made only spans, attempts, events, feedback, usage buckets
merged | BIGINT | count | records that repeat or belong to a call another record made
skipped | BIGINT | count | understood, and no LLM call
rejected | BIGINT | count | not understood
pending_bytes | BIGINT | bytes | unfinished last line, waiting
""",
)
REJECTS = table(
    "rejects",
    "A record that was not understood; its bytes stay in the user's file.",
    """
ingest_id | INTEGER | | the ingest
file_id | INTEGER | | the file
line | BIGINT | | 1-based line or record number
byte_offset | BIGINT | bytes | where it begins in the decompressed content
length | BIGINT | bytes | how long it is
reason | VARCHAR | | why
shape | VARCHAR | | its keys and types, never its values
""",
)
SKIPS = table(
    "skips",
    "Records understood and no LLM call, counted by kind.",
    """
ingest_id | INTEGER | | the ingest
file_id | INTEGER | | the file
kind | VARCHAR | | what they are
records | BIGINT | count | how many
""",
)
ISSUES = table(
    "issues",
    "A value that could not be read and became NULL, or that contradicts another.",
    """
ingest_id | INTEGER | | the ingest
file_id | INTEGER | | the file
line | BIGINT | | 1-based line or record number
call_id | VARCHAR | | the call
column_name | VARCHAR | | the column
reason | VARCHAR | | not_a_number, not_a_time, out_of_range, inconsistent, clock, encoding ...
value_kind | VARCHAR | | type of what was found, never its value
""",
)
MERGED = table(
    "merged",
    "A record that repeats or belongs to a call another record made.",
    """
call_id | VARCHAR | | the call it went into
ingest_id | INTEGER | | the ingest
file_id | INTEGER | | the file
line | BIGINT | | 1-based line or record number
why | VARCHAR | | duplicate, same_response_id, same_interval, growing, replay, part
record_id | VARCHAR | | the id the record would have had as a call of its own, where that was another
""",
)
UNREAD_FIELDS = table(
    "unread_fields",
    "A field that the source of a file never looked at, seen on the file's first records.",
    """
ingest_id | INTEGER | | the ingest
file_id | INTEGER | | the file
path | VARCHAR | | name of the field, nested ones with dots; `[]` for elements of a list, `*` for a key that is no plain name
kind | VARCHAR | | JSON type of what it holds
records | BIGINT | count | records that have it
of | BIGINT | count | records looked at
""",
)
FIELD_COVERAGE = table(
    "field_coverage",
    "How many rows of a source have a column, among those it concerns.",
    """
source | VARCHAR | | the source
table_name | VARCHAR | | the table
column_name | VARCHAR | | the column
filled | BIGINT | count | rows that have it
of | BIGINT | count | rows it concerns
condition | VARCHAR | | which rows it concerns
""",
)
OTHERS = (
    SPANS, ATTEMPTS, RATE_LIMITS, FEEDBACK, EVENTS, USAGE_BUCKETS, TEXTS, PRICE_BOOKS, PRICE_PLANS, PRICE_RATES,
    INGESTS, FILES, REJECTS, SKIPS, ISSUES, MERGED, UNREAD_FIELDS, FIELD_COVERAGE,
)  # fmt: skip
