"""The tables of prices: which book, which plan, which rate, and when calls were priced with them."""

from __future__ import annotations

from llmlogs.schema.contract import table

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
data | VARCHAR | | the book itself, where it came from a file of the user's; NULL for the installed one
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
superseded_at | TIMESTAMP | UTC | since then calls of these names are priced by another plan, which a later book gave; NULL = in force
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
own_line | INTEGER | | line of the own price file that gave the price, NULL = the book's
disputed | VARCHAR | | why the price is in doubt: what other sources say
""",
)
PRICING_RUNS = table(
    "pricing_runs",
    "Every time calls got a price: with what, how many, and what it changed.",
    """
run_no | INTEGER | | rising
priced_at | TIMESTAMP | UTC | when
command | VARCHAR | | ingest or reprice
scope | VARCHAR | | which calls a reprice was limited to
ingest_id | INTEGER | | the ingest whose calls got their first price
book_id | INTEGER | | the book that new names were looked up in
own_book_id | INTEGER | | the own price file in force, NULL = none
calls | BIGINT | count | calls that were priced, or told why not
changed_calls | BIGINT | count | of them, calls that had another cost before
usd_before | DECIMAL(38,12) | USD | their cost before
usd_after | DECIMAL(38,12) | USD | and after
""",
)
PRICE_TERMS = table(
    "price_terms",
    "What an own price file says that goes over many calls: graduated discounts, free allowances, capacity paid by the hour, exchange rates.",
    """
own_book_id | INTEGER | | the file, in price_books
line | INTEGER | | line of the file
kind | VARCHAR | | graduated, allowance, capacity, fx
provider | VARCHAR | | provider it is for, may hold *
model | VARCHAR | | model it is for, may hold *
account | VARCHAR | | value of the tag `account` it is for, NULL = all calls together
valid_from | TIMESTAMP | UTC | first instant, NULL = open
valid_to | TIMESTAMP | UTC | first instant no longer, NULL = open
unit | VARCHAR | | what an allowance is of, as in price_rates without _rate; what the use of a capacity is counted in: tokens, busy seconds, NULL = it is not
per | VARCHAR | | day or month: UTC period after which an allowance begins anew
free | BIGINT | count | units free in a period
steps | VARCHAR | | JSON [[USD of the month from which, percent off], ...]
usd_per_hour | DECIMAL(26,12) | USD/h | what the capacity costs, used or not
concurrency | DOUBLE | calls | calls the capacity serves at a time, where its use is counted in busy seconds
currency | VARCHAR | | of an exchange rate
usd_per_unit | DECIMAL(26,12) | USD | price of one unit of the currency, from valid_from on
reason | VARCHAR | | remark
""",
)
PRICES = (PRICE_BOOKS, PRICE_PLANS, PRICE_RATES, PRICING_RUNS, PRICE_TERMS)
