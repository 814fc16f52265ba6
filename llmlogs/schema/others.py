"""Every public table beside calls."""

from __future__ import annotations

from llmlogs.schema.contract import table
from llmlogs.schema.prices import PRICES

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
MONEY = "DECIMAL(28,12)"  # one line of a yearly commitment may pass what a call's column holds
USAGE_BUCKETS = table(
    "usage_buckets",
    "A row of the provider's own usage or cost report. Two reports may tell of the same usage: add up within one `report`, one width of bucket and one "
    "grouping only. "
    "A report that is read again, with newer numbers, replaces its older self bucket by bucket.",
    f"""
bucket_id | VARCHAR | | hash of the report and all that names the bucket: a newer download takes the place of an older one; r... = one record tells all of it
report | VARCHAR | | which report: openai.usage.completions, openai.costs, anthropic.cost_report, focus ...
bucket_start | TIMESTAMP | UTC | start of the bucket
bucket_end | TIMESTAMP | UTC | end of the bucket
may_grow | BOOLEAN | | the last bucket of its download: it may have been filling still
provider | VARCHAR | | whose report
kind | VARCHAR | | usage; or cost, where the row carries money (and perhaps the tokens it is for)
charge | VARCHAR | | where the report tells: usage, purchase, tax, credit, adjustment; included = paid by a subscription; byok = paid to someone else
model | VARCHAR | | as the report names it
token_kind | VARCHAR | | input (uncached, where that is told), cache_read, cache_write(_5m, _1h), output: they add up; other; NULL = the whole result
service_tier | VARCHAR | | as reported; batch where the report has that apart
context_window | VARCHAR | | as reported: 0-200k, 200k-1M
region | VARCHAR | | where it ran, as reported
project | VARCHAR | | project, workspace or account
api_key_hash | VARCHAR | | keyed hash of the key's id or name
user_id | VARCHAR | | as reported
requests | BIGINT | count | requests of the whole result, on a row of their own without a token_kind
tokens | BIGINT | tokens | tokens in the bucket
quantity | DOUBLE | | what is no token, in `unit`
unit | VARCHAR | | of quantity: web_searches, images, seconds, characters, sessions, bytes ...
amount_usd | {MONEY} | USD | money in the bucket as the report states it (FOCUS: BilledCost), NULL in another currency
list_usd | {MONEY} | USD | the same at list price, where the report states it
effective_usd | {MONEY} | USD | the same after commitments are spread (FOCUS: EffectiveCost), where the report states it
amount | {MONEY} | | money in `currency`, only where that is not USD
currency | VARCHAR | | of amount
description | VARCHAR | | line item
ingest_id | INTEGER | | the ingest that brought the row
file_id | INTEGER | | the file that holds the record
line | BIGINT | | 1-based line or record number
""",
)
TRACE_FACTS = table(
    "trace_facts",
    "What a log says of a trace as a whole. Calls of the trace, read before or after, take from here what they do not say themselves.",
    """
trace_id | VARCHAR | | id of the trace
user_id | VARCHAR | | the end user
session_id | VARCHAR | | conversation or session
team | VARCHAR | | owning team or organisation unit
feature | VARCHAR | | product feature the trace serves
tags | VARCHAR | | JSON object of further labels, short scalars only
environment | VARCHAR | | production, staging ...
service | VARCHAR | | the program that made the trace
release | VARCHAR | | version of that program
updated_at | TIMESTAMP | UTC | when this was last true: of several rows of one trace the newest wins
source | VARCHAR | | source it was read with
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
    SPANS, ATTEMPTS, RATE_LIMITS, FEEDBACK, EVENTS, USAGE_BUCKETS, TRACE_FACTS, TEXTS, *PRICES,
    INGESTS, FILES, REJECTS, SKIPS, ISSUES, MERGED, UNREAD_FIELDS, FIELD_COVERAGE,
)  # fmt: skip
