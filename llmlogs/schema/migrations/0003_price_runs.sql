-- Which book a price is of can be changed for a part of the calls, and every pricing is written down; own prices that go over many calls.
alter table price_books add column data varchar;
alter table price_plans add column superseded_at timestamp;
alter table price_rates add column own_line integer;
alter table price_rates add column disputed varchar;
create table pricing_runs (
    run_no integer,
    priced_at timestamp,
    command varchar,
    scope varchar,
    ingest_id integer,
    book_id integer,
    own_book_id integer,
    calls bigint,
    changed_calls bigint,
    usd_before decimal(38,12),
    usd_after decimal(38,12)
);
create table price_terms (
    own_book_id integer,
    line integer,
    kind varchar,
    provider varchar,
    model varchar,
    account varchar,
    valid_from timestamp,
    valid_to timestamp,
    unit varchar,
    per varchar,
    free bigint,
    steps varchar,
    usd_per_hour decimal(26,12),
    concurrency double,
    currency varchar,
    usd_per_unit decimal(26,12),
    reason varchar
);
